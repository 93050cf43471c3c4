/* The card components. `CustomCard` uses the shop's own labels and boxes; `Card` draws them itself. */

const nothing = () => {};

class CustomCard {
  constructor(checkout, props = {}) {
    if (!checkout || !checkout.options) {
      throw adyenError("IMPLEMENTATION_ERROR", "Trying to initialise a component without a reference to an instance of Checkout");
    }
    this.checkout = checkout;
    this.props = { ...checkout.options, ...props };
    this.secure = null;
    this.lastFour = "";
  }

  mount(target) {
    this.unmount();
    this.root = placeOf(target);
    this.secure = new SecureFields(this._fieldsIn(this.root), this.props, {
      change: () => this._changed(),
      valid: (field, lastFour) => this._validated(field, lastFour),
      error: (field) => this._failed(field),
      brand: (found) => (this.props.onBrand || nothing)(found),
      focus: (event) => this._focused(event),
      ready: (found) => {
        (this.props.onLoad || nothing)({ iframesLoaded: true });
        (this.props.onConfigSuccess || nothing)(found);
        (this.props.onReady || nothing)();
      },
      broken: (error) => (this.props.onError || nothing)(error, this),
    });
    return this;
  }

  _fieldsIn(root) { return root; }

  _focused(event) { (this.props.onFocus || nothing)(event); }

  _validated(field, lastFour) {
    this.lastFour = lastFour || this.lastFour;
    (this.props.onFieldValid || nothing)({ fieldType: field.type, valid: true, endDigits: lastFour, type: "card",
      rootNode: field.holder });
  }

  _failed(field) {
    (this.props.onValidationError || nothing)([{ fieldType: field.type, ...(field.error || { error: "" }) }]);
  }

  _changed() {
    (this.props.onChange || nothing)(this.state, this);
  }

  get isValid() { return this.state.isValid; }

  get data() { return this.state.data; }

  get state() {
    const valid = this.secure ? this.secure.valid() : {};
    const isValid = Object.keys(valid).length > 0 && Object.values(valid).every(Boolean) && this._isNamed();
    const brand = this.secure ? this.secure.brand : "card";
    return {
      data: {
        paymentMethod: { type: "scheme", ...this._name(), ...(this.secure ? this.secure.blobs() : {}),
          ...(brand === "card" ? {} : { brand }) },
        browserInfo: browserInfo(),
        origin: window.location.origin,
        clientStateDataIndicator: true,
      },
      valid,
      errors: this.secure ? this.secure.errors() : {},
      isValid,
    };
  }

  _isNamed() { return true; }

  _name() { return {}; }

  /* Shows what is missing in each field. */
  showValidation() {
    if (this.secure) {
      this.secure.demand();
    }
    return this;
  }

  setFocusOn(type) { this.secure.focus(type); }

  updateStyles(styles) {
    this.props.styles = styles;
    this.secure.restyle(styles);
  }

  update(props) {
    this.props = { ...this.props, ...props };
    return this.root ? this.mount(this.root) : this;
  }

  unmount() {
    if (this.secure) {
      this.secure.destroy();
      this.secure = null;
    }
    return this;
  }

  remove() { this.unmount(); }
}

const LABELS = {
  encryptedCardNumber: "Card number",
  encryptedExpiryDate: "Expiry date",
  encryptedSecurityCode: "Security code",
};
let cardCount = 0;

function made(name, className, text) {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text || "";
  return node;
}

class Card extends CustomCard {
  _fieldsIn(root) {
    cardCount += 1;
    const box = made("div", "adyen-checkout__card-input");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Card details");
    this.problems = {};
    for (const [type, label] of Object.entries(LABELS)) {
      const field = made("div", `adyen-checkout__field${type === "encryptedCardNumber" ? " adyen-checkout__field--wide" : ""}`);
      const text = made("span", "adyen-checkout__label__text", label);
      const holder = made("span", "adyen-checkout__input");
      holder.dataset.cse = type;
      text.addEventListener("click", () => this.setFocusOn(type));
      const problem = made("p", "adyen-checkout-contextual-text--error");
      problem.setAttribute("role", "alert");
      field.append(text, holder, problem);
      this.problems[type] = { holder, problem };
      box.append(field);
    }
    if (this.props.hasHolderName) {
      box.append(this._holderName());
    }
    root.replaceChildren(box);
    return box;
  }

  _holderName() {
    const field = made("div", "adyen-checkout__field adyen-checkout__field--wide");
    const label = made("label", "adyen-checkout__label__text", "Name on card");
    this.holder = made("input", "adyen-checkout__input");
    this.holder.id = `adyen-checkout-holderName-${cardCount}`;
    this.holder.autocomplete = "cc-name";
    label.htmlFor = this.holder.id;
    this.holder.addEventListener("input", () => this._changed());
    field.append(label, this.holder);
    return field;
  }

  _isNamed() { return !this.props.hasHolderName || !this.props.holderNameRequired || this.holder.value.trim() !== ""; }

  _name() { return this.holder && this.holder.value.trim() ? { holderName: this.holder.value.trim() } : {}; }

  _focused(event) {
    this.problems[event.fieldType].holder.classList.toggle("adyen-checkout__input--focus", event.focus);
    super._focused(event);
  }

  _failed(field) {
    const { holder, problem } = this.problems[field.type];
    holder.classList.toggle("adyen-checkout__input--error", field.error !== null);
    problem.textContent = field.error ? field.error.errorI18n : "";
    super._failed(field);
  }

  unmount() {
    super.unmount();
    this.holder = null;
    if (this.root) {
      this.root.replaceChildren();
    }
    return this;
  }
}
