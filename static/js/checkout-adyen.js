/* Adyen's secure card fields, and the bank's question as Adyen puts it. The fields are its iframes on its origin: a card
   number never exists in our page. Only calls that Adyen documents for adyen-web 6 are used. */

import { readTheme, SLOW_AFTER_MS } from "./checkout-theme.js";

const FIELDS = [
  ["card-number", "encryptedCardNumber", "Enter the card number", "Enter the complete card number"],
  ["card-expiry", "encryptedExpiryDate", "Enter the expiry date", "Enter the complete expiry date"],
  ["card-code", "encryptedSecurityCode", "Enter the security code", "Enter the complete security code"],
];

// What a field has to give before it is complete; the expiry date is two values.
const PARTS = {
  encryptedCardNumber: ["encryptedCardNumber"],
  encryptedExpiryDate: ["encryptedExpiryMonth", "encryptedExpiryYear"],
  encryptedSecurityCode: ["encryptedSecurityCode"],
};

const MESSAGES = {
  "cc.num.900": "Enter the card number",
  "cc.num.901": "Enter the complete card number",
  "cc.num.902": "Enter a valid card number",
  "cc.num.903": "This kind of card is not accepted here. Use another card",
  "cc.num.904": "This kind of card is not accepted here. Use another card",
  "cc.dat.910": "Enter the expiry date",
  "cc.dat.911": "Enter the complete expiry date",
  "cc.dat.912": "Enter an expiry date in the future",
  "cc.dat.913": "Enter a valid expiry date",
  "cc.dat.914": "Enter an expiry date in the future",
  "cc.cvc.920": "Enter the security code",
  "cc.cvc.921": "Enter the complete security code",
};

const PLACEHOLDERS = {
  cardNumber: "1234 1234 1234 1234", expiryDate: "MM/YY", securityCodeThreeDigits: "CVC", securityCodeFourDigits: "CVC",
};

const BRANDS = {
  visa: "Visa", mc: "Mastercard", amex: "Amex", discover: "Discover", diners: "Diners Club", jcb: "JCB",
  cup: "UnionPay", maestro: "Maestro",
};

const UNREACHED = "The payment processor could not be reached. Try again in a minute.";

let library = null;

/** Adyen's script, loaded once per page; rejects when it is blocked, and is tried again the next time. */
function load(url) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => {
      if (window.AdyenWeb) resolve(window.AdyenWeb);
      else reject(new Error("the processor's script is empty"));
    });
    script.addEventListener("error", () => reject(new Error("the processor's script was blocked")));
    document.head.append(script);
  }).catch((error) => {
    library = null;
    throw error;
  });
  return library;
}

/** Live accounts have a script of their region, and its name is the environment's. */
const environmentOf = (url) => /checkoutshopper-(live[a-z-]*)\./u.exec(url)?.[1] || "test";

async function open(dataset, more = {}) {
  const { AdyenCheckout, CustomCard } = await load(dataset.processor);
  const checkout = await AdyenCheckout({
    clientKey: dataset.key,
    environment: environmentOf(dataset.processor),
    locale: document.documentElement.lang,
    countryCode: dataset.country,
    analytics: { enabled: false },
    ...more,
  });
  return { checkout, CustomCard };
}

/** How our own fields look, in Adyen's words. */
function styles() {
  const theme = readTheme();
  return {
    base: { color: theme.ink, fontFamily: theme.font, fontSize: theme.size, fontSmoothing: "antialiased" },
    placeholder: { color: theme.faint },
    error: { color: theme.red },
  };
}

export class CardFields {
  /** Mounts the three fields into `root` (.card-fields); `onProblem(field, message)` is told of each change. */
  constructor(root, { onProblem, onFail }) {
    this.root = root;
    this.onProblem = onProblem;
    this.onFail = onFail;
    this.isReady = false;
    this.fields = new Map(FIELDS.map(([id, kind]) => [id, { kind, isEmpty: true, error: null, shown: null }]));
    this.state = { data: null, valid: {} };
    this.leaving = new AbortController();
  }

  async mount(dataset) {
    const slow = setTimeout(() => this.#fail(), SLOW_AFTER_MS);
    try {
      for (const [id, kind] of FIELDS) document.getElementById(id).dataset.cse = kind;
      const { checkout, CustomCard } = await open(dataset, { onError: () => this.#fail() });
      await new Promise((resolve) => {
        this.card = new CustomCard(checkout, {
          styles: styles(),
          placeholders: PLACEHOLDERS,
          // The next field is the customer's to choose: the Tab key leads there.
          autoFocus: false,
          onConfigSuccess: resolve,
          onBrand: ({ brand }) => this.#brand(brand),
          onFocus: (event) => this.#focused(event),
          onChange: (state) => this.#changed(state),
        });
        this.card.mount(this.root);
      });
      matchMedia("(prefers-color-scheme: dark)").addEventListener(
        "change", () => this.card.updateStyles(styles()), { signal: this.leaving.signal },
      );
      this.isReady = true;
      this.root.dataset.card = "ready";
    } catch {
      this.#fail();
    } finally {
      clearTimeout(slow);
    }
  }

  #focused({ fieldType, focus, numChars }) {
    const found = [...this.fields].find(([, field]) => field.kind === fieldType);
    if (!found) return;
    const [id, field] = found;
    document.getElementById(id).closest(".box").classList.toggle("is-focused", focus);
    field.isEmpty = numChars === 0;
    // What is wrong is said when the customer has left the field, and not while they type.
    if (!focus) this.#tell(id, field.error);
  }

  #changed(state) {
    this.state = state;
    for (const [id, field] of this.fields) {
      const { error, errorI18n } = state.errors?.[field.kind] || {};
      field.error = error ? MESSAGES[error.replace(/\.amex$/u, "")] || errorI18n || error : null;
      if (this.#isComplete(field)) field.isEmpty = false;
      const isLeft = !document.getElementById(id).closest(".box").classList.contains("is-focused");
      if (isLeft || !field.error) this.#tell(id, field.error);
    }
  }

  #tell(id, message) {
    const field = this.fields.get(id);
    if (field.shown === message) return;
    field.shown = message;
    this.onProblem(id, message);
  }

  #isComplete({ kind }) {
    return PARTS[kind].every((part) => this.state.valid?.[part]);
  }

  #brand(brand) {
    const chip = this.root.querySelector("[data-brand]");
    chip.hidden = !BRANDS[brand];
    chip.textContent = BRANDS[brand] || "";
    const isAmex = brand === "amex";
    this.root.querySelector("[data-code-hint]").textContent = isAmex ? "4 digits, on the front" : "3 digits, on the back";
    this.root.querySelector(".code-art").classList.toggle("is-front", isAmex);
  }

  #fail() {
    if (this.isReady) return;
    this.root.dataset.card = "failed";
    this.onFail();
  }

  destroy() {
    this.leaving.abort();
    this.card?.unmount();
  }

  focus(id) {
    this.card?.setFocusOn(this.fields.get(id).kind);
  }

  has(id) {
    return this.fields.has(id);
  }

  /** What was typed stays as it is while it is being paid with. */
  lock(isLocked) {
    this.root.inert = isLocked;
  }

  /** What is missing or wrong, by field id. */
  problems() {
    const found = {};
    for (const [id, kind, missing, incomplete] of FIELDS) {
      const field = this.fields.get(id);
      if (this.#isComplete({ kind })) continue;
      found[id] = field.error || (field.isEmpty ? missing : incomplete);
      field.shown = found[id];
    }
    return found;
  }

  /** The encrypted card as one token: {token} or {problems} by field id ("" when no field is at fault). */
  async tokenize({ name }) {
    const { data } = this.state;
    if (!data) return { problems: { "": UNREACHED } };
    const card = { ...data.paymentMethod, holderName: name };
    return { token: `scheme:${JSON.stringify({ ...card, browserInfo: data.browserInfo })}` };
  }
}

/** Shows the bank's page on top of ours; gives what the customer brings back from it, null if they closed it. */
export async function confirm(dataset) {
  const dialog = document.getElementById("bank");
  const place = dialog.querySelector("[data-bank]");
  const { checkout } = await open(dataset);
  let shown = null;
  try {
    return await new Promise((resolve, reject) => {
      dialog.addEventListener("close", () => resolve(null), { once: true });
      const options = {
        challengeWindowSize: "05",
        onAdditionalDetails: ({ data }) => resolve(JSON.stringify(data)),
        onError: reject,
      };
      shown = checkout.createFromAction(JSON.parse(dataset.asked), options);
      dialog.showModal();
      shown.mount(place);
    });
  } finally {
    shown?.unmount();
    dialog.close();
  }
}
