/* Card Elements: one frame per field, and the events and classes that the shop's page sees. */

const FIELDS = {
  cardNumber: { path: "number", title: "Secure card number input frame" },
  cardExpiry: { path: "expiry", title: "Secure expiration date input frame" },
  cardCvc: { path: "cvc", title: "Secure CVC input frame" },
  iban: { path: "iban", title: "Secure IBAN input frame" },
  payment: { path: "bank", title: "Secure payment input frame", height: "20em" },
  expressCheckout: { path: "express", title: "Secure express checkout frame", height: "0" },
};
const EVENTS = ["ready", "change", "focus", "blur", "escape"];
const DEFAULT_CLASSES = {
  base: "StripeElement",
  complete: "StripeElement--complete",
  empty: "StripeElement--empty",
  focus: "StripeElement--focus",
  invalid: "StripeElement--invalid",
  webkitAutofill: "StripeElement--webkit-autofill",
};

class CardElement {
  constructor(group, type, options, settings, events = EVENTS) {
    this._type = type;
    this._group = group;
    this._options = { ...options };
    this._settings = settings;
    this._handlers = Object.fromEntries(events.map((name) => [name, []]));
    this._classes = { ...DEFAULT_CLASSES, ...(options.classes || {}) };
    this._state = { empty: true, complete: false, error: undefined };
    this._parent = null;
    this._isDestroyed = false;
  }

  mount(target) {
    this._alive();
    const parent = typeof target === "string" ? document.querySelector(target) : target;
    if (!parent) {
      throw integrationError(`The selector you specified (${target}) applies to no DOM elements that ` +
        "are currently on the page. Make sure the element exists on the page before calling mount().");
    }
    if (this._parent === parent) {
      return;
    }
    this.unmount();
    this._parent = parent;
    parent.replaceChildren();
    const field = FIELDS[this._type];
    const query = new URLSearchParams({ group: this._group, origin: window.location.origin });
    this._frame = makeFrame(`/v3/field/${field.path}?${query}`, field.title);
    styled(this._frame, { height: field.height || "1.2em", minWidth: "100%", userSelect: "none" });
    const holder = styled(document.createElement("div"), { position: "relative", display: "block" });
    holder.className = "__PrivateStripeElement";
    holder.append(this._frame);
    this._stop = listen(this._frame, (message) => this._receive(message));
    parent.append(holder);
    this._paint();
    this._listenToLabel(parent);
  }

  _listenToLabel(parent) {
    this._label = parent.id ? document.querySelector(`label[for="${CSS.escape(parent.id)}"]`) : null;
    this._onLabel = () => this.focus();
    if (this._label) {
      this._label.addEventListener("click", this._onLabel);
    }
  }

  unmount() {
    if (!this._parent) {
      return;
    }
    this._stop();
    if (this._label) {
      this._label.removeEventListener("click", this._onLabel);
    }
    this._parent.classList.remove(...this._names(Object.keys(this._classes)));
    this._parent.replaceChildren();
    this._parent = null;
    this._frame = null;
    this._state = { empty: true, complete: false, error: undefined };
  }

  destroy() {
    this.unmount();
    this._isDestroyed = true;
    delete this._settings.elements[this._type];
  }

  update(options) {
    this._alive();
    Object.assign(this._options, options);
    this._classes = { ...DEFAULT_CLASSES, ...(this._options.classes || {}) };
    post(this._frame, "options", { options: this._shared() });
    this._paint();
  }

  clear() { post(this._frame, "clear", {}); }

  blur() { post(this._frame, "blur", {}); }

  focus() {
    if (this._frame) {
      this._frame.focus();
      post(this._frame, "focus", {});
    }
  }

  on(name, handler) {
    if (!Object.hasOwn(this._handlers, name)) {
      throw integrationError(`Invalid event name: ${name}. Valid events: ${Object.keys(this._handlers).join(", ")}.`);
    }
    if (typeof handler !== "function") {
      throw integrationError("A handler function must be provided.");
    }
    this._handlers[name].push(handler);
    return this;
  }

  once(name, handler) {
    const wrapper = (event) => {
      this.off(name, wrapper);
      handler(event);
    };
    return this.on(name, wrapper);
  }

  off(name, handler) {
    if (handler) {
      this._handlers[name] = this._handlers[name].filter((known) => known !== handler);
    } else {
      this._handlers[name] = [];
    }
    return this;
  }

  _alive() {
    if (this._isDestroyed) {
      throw integrationError("This Element has been destroyed. Please create a new one.");
    }
  }

  _shared() {
    const { style, placeholder, disabled, showIcon } = this._options;
    return JSON.parse(JSON.stringify({ style, placeholder, disabled, showIcon,
      fonts: this._settings.fonts, locale: this._settings.locale }));
  }

  _receive(message) {
    if (message.type === "loaded") {
      post(this._frame, "options", { options: this._shared() });
    } else if (message.type === "ready") {
      this._emit("ready", { elementType: this._type });
    } else if (message.type === "height") {
      this._frame.style.height = `${message.height}px`;
    } else if (message.type === "change") {
      this._state = { ...message.change };
      this._paint();
      this._emit("change", { elementType: this._type, error: undefined, value: undefined, ...message.change });
    } else if (["focus", "blur", "escape"].includes(message.type)) {
      this._hasFocus = message.type === "focus" || (this._hasFocus && message.type === "escape");
      this._paint();
      this._emit(message.type, { elementType: this._type });
    }
  }

  _emit(name, event) {
    [...this._handlers[name]].forEach((handler) => handler(event));
  }

  _names(keys) {
    return keys.flatMap((key) => this._classes[key].split(/\s+/)).filter(Boolean);
  }

  _paint() {
    if (!this._parent) {
      return;
    }
    const shown = { base: true, complete: this._state.complete, empty: this._state.empty,
      focus: Boolean(this._hasFocus), invalid: Boolean(this._state.error) };
    for (const [key, on] of Object.entries(shown)) {
      this._names([key]).forEach((name) => this._parent.classList.toggle(name, on));
    }
  }
}

class Elements {
  constructor(options) {
    this._group = `g${Math.random().toString(36).slice(2)}`;
    this._settings = { locale: options.locale || "auto", fonts: options.fonts || [], elements: {} };
    this._types = options.paymentMethodTypes || [];
    this._options = options;
  }

  create(type, options = {}) {
    if (!Object.hasOwn(FIELDS, type)) {
      throw integrationError("A valid Element name must be provided. Valid Elements are:\n  " +
        `${Object.keys(FIELDS).join(", ")}; you passed: ${type}.`);
    }
    if (this._settings.elements[type]) {
      throw integrationError(`Can only create one Element of type ${type} through elements().`);
    }
    if (type === "payment" && this._types.join() !== "us_bank_account") {
      throw integrationError("The sandbox's Payment Element knows paymentMethodTypes: ['us_bank_account'].");
    }
    const element = type === "expressCheckout"
      ? new ExpressElement(this._group, options, this._settings, this._options)
      : new CardElement(this._group, type, options, this._settings);
    this._settings.elements[type] = element;
    return element;
  }

  getElement(type) {
    const name = typeof type === "string" ? type : null;
    return (name && this._settings.elements[name]) || null;
  }

  update(options) { Object.assign(this._settings, options); }

  fetchUpdates() { return Promise.resolve({}); }

  async submit() {
    const element = this._settings.elements.payment;
    return element ? ask(element._frame, "validate", {}) : {};
  }
}
