/* Bank accounts in the processor's own fields: an IBAN, or an account in the United States. An account number never
   exists in our page. Only calls that Stripe documents for js.stripe.com are used. And ways to pay that have no fields
   here, since a provider asks on its own page or the customer sends the money. */

import { loadProcessor, look } from "./checkout-card.js";
import { SLOW_AFTER_MS } from "./checkout-theme.js";

const FAILED = "The payment processor could not be reached. Try again in a minute.";

const KINDS = {
  iban: {
    type: "sepa_debit",
    missing: "Enter the IBAN",
    messages: {
      incomplete_iban: "Enter the complete IBAN", invalid_iban: "Enter a valid IBAN",
      invalid_bank_account_iban: "Enter a valid IBAN",
      bank_account_unusable: "This account cannot be used",
    },
    create: (stripe) => {
      const elements = stripe.elements({ locale: document.documentElement.lang });
      return [elements, elements.create("iban", { supportedCountries: ["SEPA"], style: look() })];
    },
    make: (stripe, _elements, element, billing) => stripe.createPaymentMethod({
      type: "sepa_debit", sepa_debit: element, billing_details: billing,
    }),
  },
  bank: {
    type: "us_bank_account",
    missing: "Enter your bank account",
    messages: { bank_account_unusable: "This account cannot be used" },
    create: (stripe, dataset) => {
      const elements = stripe.elements({
        mode: "payment", amount: Number(dataset.minor), currency: dataset.currency,
        paymentMethodTypes: ["us_bank_account"], paymentMethodCreation: "manual",
      });
      return [elements, elements.create("payment")];
    },
    make: async (stripe, elements, _element, billing) => {
      const { error } = await elements.submit();
      if (error) return { error };
      return stripe.createPaymentMethod({ elements, params: { billing_details: billing } });
    },
  },
};

export class BankFields {
  /** As CardFields, for one field named `id` inside `root`. */
  constructor(root, { onProblem, onFail }) {
    this.root = root;
    this.id = root.dataset.secure;
    this.kind = KINDS[this.id];
    this.onProblem = onProblem;
    this.onFail = onFail;
    this.isReady = false;
    this.state = { empty: true, complete: false, error: null };
  }

  async mount({ processor: url, key }) {
    const slow = setTimeout(() => this.#fail(), SLOW_AFTER_MS);
    try {
      this.stripe = await loadProcessor(url, key);
      [this.elements, this.element] = this.kind.create(this.stripe, document.getElementById("panel").dataset);
      const box = document.getElementById(this.id).closest(".box");
      this.element.on("focus", () => box?.classList.add("is-focused"));
      this.element.on("blur", () => box?.classList.remove("is-focused"));
      this.element.on("change", (event) => {
        const error = event.error ? this.kind.messages[event.error.code] || event.error.message : null;
        this.state = { empty: event.empty, complete: event.complete, error };
        this.onProblem(this.id, error);
      });
      const ready = new Promise((resolve) => { this.element.on("ready", resolve); });
      this.element.mount(`#${this.id}`);
      await ready;
      this.isReady = true;
      this.root.dataset.card = "ready";
    } catch {
      this.#fail();
    } finally {
      clearTimeout(slow);
    }
  }

  #fail() {
    if (this.isReady) return;
    this.root.dataset.card = "failed";
    this.onFail();
  }

  destroy() { this.element?.destroy(); }

  focus() { this.element?.focus(); }

  has(id) { return id === this.id; }

  lock(isLocked) { this.element?.update({ disabled: isLocked }); }

  problems() {
    const { empty, complete, error } = this.state;
    if (error) return { [this.id]: error };
    return empty || !complete ? { [this.id]: this.kind.missing } : {};
  }

  async tokenize(billing) {
    try {
      const { paymentMethod, error } = await this.kind.make(this.stripe, this.elements, this.element, billing);
      if (paymentMethod) return { token: paymentMethod.id };
      const isTheirs = error.type !== "api_connection_error";
      return { problems: { [isTheirs ? this.id : ""]: this.kind.messages[error.code] || error.message } };
    } catch {
      return { problems: { "": FAILED } };
    }
  }
}

export class NoFields {
  /** As BankFields, for a way to pay for which nothing is typed here, and there is nothing to wait for. */
  constructor(root) {
    this.isReady = true;
    this.button = root.dataset.button;
    this.country = root.parentElement.querySelector("select");
  }

  async mount() { return undefined; }

  destroy() { return undefined; }

  focus() { return undefined; }

  has() { return false; }

  lock() { return undefined; }

  problems() {
    return this.country?.value === "" ? { country: "Choose the country in which you live" } : {};
  }

  async tokenize() { return { token: "none" }; }
}
