/* Stripe's secure card fields. They are its iframes on its origin: a card number never exists in our page.
   Only calls that Stripe documents for js.stripe.com are used. */

import { readTheme, SLOW_AFTER_MS } from "./checkout-theme.js";

const FIELDS = [
  ["card-number", "cardNumber", "Enter the card number"],
  ["card-expiry", "cardExpiry", "Enter the expiry date"],
  ["card-code", "cardCvc", "Enter the security code"],
];

const MESSAGES = {
  incomplete_number: "Enter the complete card number",
  invalid_number: "Enter a valid card number",
  incorrect_number: "Enter a valid card number",
  incomplete_expiry: "Enter the complete expiry date",
  invalid_expiry_month: "Enter a valid expiry month",
  invalid_expiry_year: "Enter a valid expiry year",
  invalid_expiry_month_past: "Enter an expiry date in the future",
  invalid_expiry_year_past: "Enter an expiry date in the future",
  expired_card: "Enter an expiry date in the future",
  incomplete_cvc: "Enter the complete security code",
  invalid_cvc: "Enter a valid security code",
  incorrect_cvc: "Enter a valid security code",
};

const BRANDS = {
  visa: "Visa", mastercard: "Mastercard", amex: "Amex", discover: "Discover", diners: "Diners Club", jcb: "JCB",
  unionpay: "UnionPay",
};

const FIELD_OF_CODE = [[/number/u, "card-number"], [/expir/u, "card-expiry"], [/cvc/u, "card-code"]];

let processor = null;

/** The processor's script, loaded once per page; rejects when it is blocked, and is tried again the next time. */
export function loadProcessor(url, key) {
  processor ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => {
      if (window.Stripe) resolve(window.Stripe(key, { locale: document.documentElement.lang }));
      else reject(new Error("the processor's script is empty"));
    });
    script.addEventListener("error", () => reject(new Error("the processor's script was blocked")));
    document.head.append(script);
  }).catch((error) => {
    processor = null;
    throw error;
  });
  return processor;
}

/** How our own fields look, in Stripe's words. */
export function look() {
  const theme = readTheme();
  return {
    base: {
      color: theme.ink,
      iconColor: theme.soft,
      fontFamily: theme.font,
      fontSize: theme.size,
      fontSmoothing: "antialiased",
      "::placeholder": { color: theme.faint },
      ":disabled": { color: theme.soft },
    },
    invalid: { color: theme.red, iconColor: theme.red },
  };
}

export class CardFields {
  /** Mounts the three fields into `root` (.card-fields); `onProblem(field, message)` is told of each change. */
  constructor(root, { onProblem, onFail }) {
    this.root = root;
    this.onProblem = onProblem;
    this.onFail = onFail;
    this.fields = new Map();
    this.isReady = false;
    this.leaving = new AbortController();
  }

  async mount({ processor: url, key }) {
    const slow = setTimeout(() => this.#fail(), SLOW_AFTER_MS);
    try {
      this.stripe = await loadProcessor(url, key);
      const elements = this.stripe.elements({ locale: document.documentElement.lang });
      const style = look();
      const ready = FIELDS.map(([id, kind]) => this.#create(elements, id, kind, style));
      matchMedia("(prefers-color-scheme: dark)").addEventListener(
        "change", () => this.#each({ style: look() }), { signal: this.leaving.signal },
      );
      await Promise.all(ready);
      this.isReady = true;
      this.root.dataset.card = "ready";
    } catch {
      this.#fail();
    } finally {
      clearTimeout(slow);
    }
  }

  #create(elements, id, kind, style) {
    const box = document.getElementById(id).closest(".box");
    const element = elements.create(kind, { style });
    const field = { element, isEmpty: true, isComplete: false, error: null };
    this.fields.set(id, field);
    element.on("focus", () => box.classList.add("is-focused"));
    element.on("blur", () => {
      box.classList.remove("is-focused");
      if (field.error) this.onProblem(id, field.error);
    });
    element.on("change", (event) => {
      field.isEmpty = event.empty;
      field.isComplete = event.complete;
      field.error = event.error ? MESSAGES[event.error.code] || event.error.message : null;
      if (!field.error || event.complete) this.onProblem(id, field.error);
      if (kind === "cardNumber") this.#brand(event.brand);
    });
    element.mount(`#${id}`);
    return new Promise((resolve) => {
      element.on("ready", resolve);
    });
  }

  #brand(brand) {
    const chip = this.root.querySelector("[data-brand]");
    chip.hidden = !BRANDS[brand];
    chip.textContent = BRANDS[brand] || "";
    const isAmex = brand === "amex";
    this.root.querySelector("[data-code-hint]").textContent = isAmex ? "4 digits, on the front" : "3 digits, on the back";
    this.root.querySelector(".code-art").classList.toggle("is-front", isAmex);
  }

  #each(options) {
    for (const { element } of this.fields.values()) element.update(options);
  }

  #fail() {
    if (this.isReady) return;
    this.root.dataset.card = "failed";
    this.onFail();
  }

  destroy() {
    this.leaving.abort();
    for (const { element } of this.fields.values()) element.destroy();
  }

  focus(id) {
    this.fields.get(id)?.element.focus();
  }

  has(id) {
    return this.fields.has(id);
  }

  lock(isLocked) {
    this.#each({ disabled: isLocked });
  }

  /** What is missing or wrong, by field id. */
  problems() {
    const found = {};
    for (const [id, , missing] of FIELDS) {
      const field = this.fields.get(id);
      if (!field || field.isEmpty) found[id] = missing;
      else if (field.error) found[id] = field.error;
      else if (!field.isComplete) found[id] = MESSAGES[`incomplete_${{ "card-number": "number", "card-expiry": "expiry", "card-code": "cvc" }[id]}`];
    }
    return found;
  }

  /** A token for the card: {token} or {problems} by field id ("" when no field is at fault). */
  async tokenize({ name, email }) {
    try {
      const { paymentMethod, error } = await this.stripe.createPaymentMethod({
        type: "card",
        card: this.fields.get("card-number").element,
        billing_details: { name, email },
      });
      if (paymentMethod) return { token: paymentMethod.id };
      const field = FIELD_OF_CODE.find(([pattern]) => pattern.test(error.code || ""));
      return { problems: { [field ? field[1] : ""]: MESSAGES[error.code] || error.message } };
    } catch {
      return { problems: { "": "The payment processor could not be reached. Try again in a minute." } };
    }
  }
}

/** Shows the bank's page on top of ours. Nothing is brought back from it: Stripe knows what was answered. */
export async function confirm({ processor: url, key, secret }) {
  const stripe = await loadProcessor(url, key);
  await stripe.handleNextAction({ clientSecret: secret });
  return null;
}
