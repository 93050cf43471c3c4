/* The Express Checkout Element: the wallets' buttons in a frame, and the sheet that a button opens.

   Which wallets there are is settled on the sandbox's control page, as if the browser had them. What comes of a
   payment is chosen in the sheet. Stripe.js emits `confirm` when the customer has approved; the shop then makes a
   payment method, or says that it cannot be paid. */

const EXPRESS_EVENTS = ["ready", "click", "focus", "blur", "escape", "loaderror", "confirm", "cancel",
  "shippingaddresschange", "shippingratechange"];
const WALLET_KEYS = { apple_pay: "applePay", google_pay: "googlePay" };
const RESOLVE_WITHIN_MS = 1000;

class ExpressElement extends CardElement {
  constructor(group, options, settings, payment) {
    if (payment.mode !== "payment" || !Number.isInteger(payment.amount) || !payment.currency) {
      throw integrationError("The Express Checkout Element requires stripe.elements() to be called with " +
        "mode: 'payment', an integer amount and a currency.");
    }
    const { buttonHeight } = options;
    if (buttonHeight !== undefined && !(buttonHeight >= 40 && buttonHeight <= 55)) {
      throw integrationError("buttonHeight must be a number between 40 and 55.");
    }
    super(group, "expressCheckout", options, settings, EXPRESS_EVENTS);
    this._payment = payment;
    this._sheet = null;
    this._approved = null;
  }

  unmount() {
    this._finish();
    super.unmount();
  }

  _shared() {
    const { buttonHeight, buttonTheme, paymentMethods, paymentMethodOrder } = this._options;
    return JSON.parse(JSON.stringify({ buttonHeight, buttonTheme, paymentMethods, paymentMethodOrder }));
  }

  _receive(message) {
    if (message.type === "ready") {
      this._emit("ready", { elementType: this._type, availablePaymentMethods: message.available || undefined });
    } else if (message.type === "click") {
      this._press(message.wallet);
    } else {
      super._receive(message);
    }
  }

  /* The shop has a moment to agree; who does not listen to clicks agrees. */
  _press(wallet) {
    const since = Date.now();
    const resolve = (details = {}) => {
      if (!this._sheet && Date.now() - since <= RESOLVE_WITHIN_MS) {
        this._open(wallet, details);
      }
    };
    this._emit("click", { elementType: this._type, expressPaymentType: wallet, resolve });
    if (!this._handlers.click.length) {
      resolve();
    }
  }

  _open(wallet, details) {
    const { amount, currency } = this._payment;
    const business = details.business || this._options.business || {};
    const wantsEmail = this._options.emailRequired || details.emailRequired;
    const query = new URLSearchParams({ wallet, amount, currency, shop: business.name || "",
      email: wantsEmail ? "1" : "", origin: window.location.origin });
    const title = wallet === "apple_pay" ? "Apple Pay" : "Google Pay";
    this._sheet = openDialog(`/v3/wallet?${query}`, `${title} payment sheet`, title);
    this._stopSheet = listen(this._sheet.frame, (message) => {
      if (message.type === "height") {
        this._sheet.frame.style.height = `${message.height}px`;
      } else if (message.type === "cancel") {
        this._finish();
        this._emit("cancel", { elementType: this._type });
      } else if (message.type === "approve") {
        this._approve(wallet, message);
      }
    });
  }

  _approve(wallet, { token, billing }) {
    this._approved = { token, billing };
    this._emit("confirm", { elementType: this._type, expressPaymentType: wallet, billingDetails: billing,
      paymentFailed: () => this._finish() });
  }

  /* What the customer approved, good for one payment method. */
  _takeApproved() {
    if (this._payment.paymentMethodCreation !== "manual") {
      throw integrationError("To call createPaymentMethod, pass paymentMethodCreation: 'manual' to stripe.elements().");
    }
    const approved = this._approved;
    this._approved = null;
    if (!approved) {
      throw integrationError("createPaymentMethod must be called in answer to the Express Checkout Element's " +
        "confirm event.");
    }
    return approved;
  }

  _finish() {
    this._approved = null;
    if (this._sheet) {
      this._stopSheet();
      this._sheet.close();
      this._sheet = null;
    }
  }
}
