/* Apple Pay and Google Pay: the processor's Express Checkout Element. It draws the wallets' own buttons in its frame and
   opens the wallet; a card number exists neither here nor there. Where the browser has no wallet, nothing is shown and
   nothing moves. Only calls that Stripe documents for js.stripe.com are used. */

import { loadProcessor } from "./checkout-card.js";

const KEYS = { apple_pay: "applePay", google_pay: "googlePay" };
const OTHERS = { link: "never", paypal: "never", amazonPay: "never", klarna: "never" };
const BUTTON_HEIGHT = 48;
const FAILED = "The payment processor could not be reached. Try again in a minute.";

export class ExpressButtons {
  /** Buttons in `root` (.express). `isFree()`: whether a payment may begin; `onPay` is given what the wallet told and
      answers whether it was paid; `onCancel` is told that the wallet was closed. */
  constructor(root, { isFree, onPay, onCancel }) {
    this.root = root;
    this.isFree = isFree;
    this.onPay = onPay;
    this.onCancel = onCancel;
    this.isThere = false;
    this.leaving = new AbortController();
  }

  async mount(dataset) {
    try {
      this.stripe = await loadProcessor(dataset.processor, dataset.key);
      if (this.leaving.signal.aborted) return;
      this.#create(dataset);
      // The buttons' colours cannot be changed: others take their place.
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        this.element.destroy();
        this.#create(dataset);
      }, { signal: this.leaving.signal });
    } catch { /* Without the script there are no wallets; the fields say so if they do not load either. */ }
  }

  #create({ minor, currency }) {
    const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "white" : "black";
    const offered = this.root.dataset.express.split(" ");
    const wallets = Object.entries(KEYS).map(([name, key]) => [key, offered.includes(name) ? "auto" : "never"]);
    this.elements = this.stripe.elements({
      mode: "payment", amount: Number(minor), currency, locale: document.documentElement.lang,
      paymentMethodTypes: ["card"], paymentMethodCreation: "manual",
      appearance: { variables: { borderRadius: "8px" } },
    });
    this.element = this.elements.create("expressCheckout", {
      business: { name: this.root.dataset.shop },
      buttonHeight: BUTTON_HEIGHT,
      buttonTheme: { applePay: theme, googlePay: theme },
      buttonType: { applePay: "plain", googlePay: "plain" },
      emailRequired: true,
      layout: { maxColumns: 2, maxRows: 2, overflow: "never" },
      paymentMethods: { ...OTHERS, ...Object.fromEntries(wallets) },
    });
    this.element.on("ready", ({ availablePaymentMethods: found }) => {
      this.isThere = Boolean(found?.applePay || found?.googlePay);
      this.#show();
    });
    this.element.on("click", (event) => { if (this.isFree()) event.resolve(); });
    this.element.on("confirm", (event) => this.#pay(event));
    this.element.on("cancel", () => this.onCancel());
    this.element.mount("#express");
  }

  /** Whoever has begun to fill in the form has chosen another way: nothing moves away under their hands. */
  #show() {
    const at = document.activeElement;
    const isTyping = at.matches("input, iframe") && this.root.closest("form").contains(at);
    if (!this.isThere) delete this.root.dataset.shown;
    else if (!isTyping) this.root.dataset.shown = "";
  }

  async #pay(event) {
    const { name, email } = event.billingDetails || {};
    const make = () => this.#tokenize();
    const isPaid = await this.onPay({ method: event.expressPaymentType, name, email, make });
    if (!isPaid) event.paymentFailed({ reason: "fail" });
  }

  /** What the customer approved, as a token: {token} or {problem}. */
  async #tokenize() {
    try {
      const { error: refused } = await this.elements.submit();
      if (refused) return { problem: refused.message };
      const { paymentMethod, error } = await this.stripe.createPaymentMethod({ elements: this.elements });
      if (paymentMethod) return { token: paymentMethod.id };
      return { problem: error.type === "api_connection_error" ? FAILED : "The wallet did not send a card. Try again, or pay another way." };
    } catch {
      return { problem: FAILED };
    }
  }

  lock(isLocked) {
    this.root.inert = isLocked;
    if (!isLocked) this.#show();
  }

  destroy() {
    this.leaving.abort();
    this.element?.destroy();
  }
}
