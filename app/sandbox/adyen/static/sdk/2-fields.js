/* Secure fields: one frame in each holder that is marked with `data-cse`, and what is known of them together. */

const KINDS = {
  encryptedCardNumber: { path: "number", title: "Iframe for card number", parts: ["encryptedCardNumber"] },
  encryptedExpiryDate: { path: "expiry", title: "Iframe for expiry date",
    parts: ["encryptedExpiryMonth", "encryptedExpiryYear"] },
  encryptedSecurityCode: { path: "code", title: "Iframe for security code", parts: ["encryptedSecurityCode"] },
};

class SecureFields {
  /* `told` has a function for each thing that a component wants to hear: change, focus, brand, ready, broken. */
  constructor(root, options, told) {
    this.options = options;
    this.told = told;
    this.brand = "card";
    this.fields = new Map();
    for (const holder of root.querySelectorAll("[data-cse]")) {
      const type = holder.dataset.cse;
      if (Object.hasOwn(KINDS, type)) {
        this._place(holder, type);
      }
    }
    if (!this.fields.size) {
      throw adyenError("IMPLEMENTATION_ERROR", "No elements with a data-cse attribute were found.");
    }
  }

  _place(holder, type) {
    const kind = KINDS[type];
    const frame = makeFrame(`/adyen/sdk/field/${kind.path}`, {}, kind.title);
    const field = { holder, frame, type, kind, blobs: null, error: null, isEmpty: true, isReady: false };
    this.fields.set(type, field);
    field.stop = listen(frame, (message) => this._receive(field, message));
    holder.replaceChildren(frame);
  }

  _receive(field, message) {
    const handle = {
      loaded: () => this._configure(field),
      configured: () => this._ready(field),
      change: () => this._changed(field, message),
      valid: () => {
        field.blobs = message.blobs;
        this.told.valid(field, message.lastFour);
        this.told.change();
      },
      broken: () => this.told.broken(adyenError("NETWORK_ERROR", message.problem)),
      brand: () => this._branded(message.brand),
      focus: () => this.told.focus({ action: "focus", fieldType: field.type, focus: message.isFocused,
        numChars: message.numChars, rootNode: field.holder, type: "card" }),
    }[message.message];
    if (handle) {
      handle();
    }
  }

  _configure(field) {
    const { styles, placeholders = {}, ariaLabels = {}, isDisabled } = this.options;
    const plain = { encryptedCardNumber: "cardNumber", encryptedExpiryDate: "expiryDate",
      encryptedSecurityCode: this.brand === "amex" ? "securityCodeFourDigits" : "securityCodeThreeDigits" };
    const named = plain[field.type];
    order(field.frame, "configure", { styles: JSON.parse(JSON.stringify(styles || {})), isDisabled,
      placeholder: placeholders[named] || placeholders[field.type] || "",
      ariaLabel: (ariaLabels[field.type] || {}).label || "" });
  }

  _ready(field) {
    if (field.isReady) {
      return;
    }
    field.isReady = true;
    if ([...this.fields.values()].every((one) => one.isReady)) {
      this.told.ready({ iframesConfigured: true, type: "card" });
    }
  }

  _changed(field, { error, text, isEmpty }) {
    field.blobs = null;
    field.isEmpty = isEmpty;
    const had = field.error;
    field.error = error ? { isValid: false, error, errorMessage: text, errorI18n: text, rootNode: field.holder } : null;
    if ((had && had.error) !== (field.error && field.error.error)) {
      this.told.error(field);
    }
    this.told.change();
  }

  _branded(brand) {
    this.brand = brand;
    const code = this.fields.get("encryptedSecurityCode");
    if (code) {
      order(code.frame, "brand", { brand });
    }
    this.told.brand({ brand, type: "card", brandName: brand });
  }

  /* Each value that the card needs, and whether there is one. */
  valid() {
    const found = {};
    for (const field of this.fields.values()) {
      for (const part of field.kind.parts) {
        found[part] = field.blobs !== null;
      }
    }
    return found;
  }

  errors() {
    return Object.fromEntries([...this.fields].map(([type, field]) => [type, field.error]));
  }

  blobs() {
    return Object.assign({}, ...[...this.fields.values()].map((field) => field.blobs || {}));
  }

  demand() { this.fields.forEach((field) => order(field.frame, "demand", {})); }

  restyle(styles) {
    this.options = { ...this.options, styles };
    this.fields.forEach((field) => order(field.frame, "styles", { styles: JSON.parse(JSON.stringify(styles)) }));
  }

  focus(type) {
    const field = this.fields.get(type);
    if (field) {
      field.frame.focus();
      order(field.frame, "focus", {});
    }
  }

  destroy() {
    for (const field of this.fields.values()) {
      field.stop();
      field.holder.replaceChildren();
    }
    this.fields.clear();
  }
}
