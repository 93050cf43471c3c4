/* `Stripe(pk)`: what a checkout page calls. Every promise resolves to the object or to `{error}`. */

const FAILED_AUTHENTICATION = {
  code: "payment_intent_authentication_failure",
  doc_url: "https://docs.stripe.com/error-codes/payment-intent-authentication-failure",
  message: "We are unable to authenticate your payment method. Please choose a different payment method " +
    "and try again.",
  type: "invalid_request_error",
};
const DONE = ["succeeded", "processing", "requires_capture"];

function encode(params, prefix = "", into = new URLSearchParams()) {
  for (const [name, value] of Object.entries(params)) {
    const full = prefix ? `${prefix}[${name}]` : name;
    if (value !== null && typeof value === "object") {
      encode(value, full, into);
    } else if (value !== undefined && value !== null) {
      into.append(full, String(value));
    }
  }
  return into;
}

async function callApi(key, method, path, params) {
  const encoded = encode(params);
  const options = { method, headers: { Authorization: `Bearer ${key}`, Accept: "application/json" } };
  let url = ORIGIN + path;
  if (method === "GET") {
    url += `?${encoded}`;
  } else {
    options.body = encoded;
  }
  try {
    const reply = await fetch(url, options);
    const body = await reply.json();
    return reply.ok ? { object: body } : { error: body.error };
  } catch {
    return { error: { type: "api_connection_error",
      message: "We are experiencing issues connecting to our payments provider. You have not been " +
        "charged. Please check your internet connection and try again." } };
  }
}

function intentOf(clientSecret) {
  if (typeof clientSecret !== "string" || !/^pi_[A-Za-z0-9]+_secret_[A-Za-z0-9]+$/.test(clientSecret)) {
    throw integrationError("Invalid value for the client secret: it should be a client secret of the form " +
      `\${id}_secret_\${secret}. You specified: ${clientSecret}.`);
  }
  return clientSecret.split("_secret_")[0];
}

class StripeInstance {
  constructor(key, options) {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw integrationError("You should not use your secret key with Stripe.js.\n" +
        "Please pass a publishable key instead.");
    }
    this._key = key;
    this._options = options;
  }

  elements(options = {}) { return new Elements({ locale: this._options.locale, ...options }); }

  registerAppInfo() {}

  async createPaymentMethod(data, legacy) {
    const given = typeof data === "string" ? { type: data, card: legacy } : data;
    const express = given && given.elements && given.elements.getElement("expressCheckout");
    if (express) {
      return this._fromWallet(express, given.params || {});
    }
    if (given && given.elements) {
      const element = given.elements.getElement("payment");
      const made = { type: "us_bank_account", ...JSON.parse(JSON.stringify(given.params || {})) };
      return this._tokenize(element, "/v1/payment_methods", made, "paymentMethod");
    }
    if (given && given.type === "sepa_debit" && given.sepa_debit instanceof CardElement) {
      const { sepa_debit: iban, ...more } = given;
      return this._tokenize(iban, "/v1/payment_methods", JSON.parse(JSON.stringify(more)), "paymentMethod");
    }
    if (!given || given.type !== "card") {
      throw integrationError("createPaymentMethod: the sandbox knows payment methods of type 'card', " +
        "'sepa_debit' from an IBAN Element, and 'us_bank_account' from a Payment Element.");
    }
    const { card, ...rest } = given;
    if (!(card instanceof CardElement)) {
      const { error, object } = await callApi(this._key, "POST", "/v1/payment_methods", given);
      return error ? { error } : { paymentMethod: object };
    }
    return this._tokenize(card, "/v1/payment_methods", JSON.parse(JSON.stringify(rest)), "paymentMethod");
  }

  async _fromWallet(express, params) {
    const { token, billing } = express._takeApproved();
    const made = { type: "card", card: { token }, ...params,
      billing_details: { ...billing, ...params.billing_details } };
    const { error, object } = await callApi(this._key, "POST", "/v1/payment_methods", made);
    express._finish();
    return error ? { error } : { paymentMethod: object };
  }

  async createToken(card, data = {}) {
    return this._tokenize(card, "/v1/tokens", { card: JSON.parse(JSON.stringify(data)) }, "token");
  }

  async _tokenize(card, path, data, name) {
    if (!card._frame) {
      throw integrationError("We could not retrieve data from the specified Element. Please make sure " +
        "the Element you are attempting to use is still mounted.");
    }
    const { error, object } = await ask(card._frame, "create", { key: this._key, path, data });
    return error ? { error } : { [name]: object };
  }

  async retrievePaymentIntent(clientSecret) {
    const path = `/v1/payment_intents/${intentOf(clientSecret)}`;
    const { error, object } = await callApi(this._key, "GET", path, { client_secret: clientSecret });
    return error ? { error } : { paymentIntent: object };
  }

  async confirmCardPayment(clientSecret, data = {}, options = {}) {
    const id = intentOf(clientSecret);
    const params = { client_secret: clientSecret, use_stripe_sdk: true };
    const { payment_method: method, ...rest } = data;
    Object.assign(params, rest);
    if (typeof method === "string") {
      params.payment_method = method;
    } else if (method) {
      const made = await this.createPaymentMethod({ type: "card", ...method });
      if (made.error) {
        return made;
      }
      params.payment_method = made.paymentMethod.id;
    }
    const { error, object } = await callApi(this._key, "POST", `/v1/payment_intents/${id}/confirm`, params);
    if (error) {
      return { error };
    }
    if (object.status !== "requires_action" || options.handleActions === false) {
      return { paymentIntent: object };
    }
    return this._act(object);
  }

  async handleNextAction({ clientSecret }) {
    const { error, paymentIntent } = await this.retrievePaymentIntent(clientSecret);
    if (error) {
      return { error };
    }
    return paymentIntent.status === "requires_action" ? this._act(paymentIntent) : { paymentIntent };
  }

  async verifyMicrodepositsForPayment(clientSecret, data) {
    const path = `/v1/payment_intents/${intentOf(clientSecret)}/verify_microdeposits`;
    const { error, object } = await callApi(this._key, "POST", path, { ...data, client_secret: clientSecret });
    return error ? { error } : { paymentIntent: object };
  }

  async handleCardAction(clientSecret) { return this.handleNextAction({ clientSecret }); }

  async _act(intent) {
    await takeAction(intent);
    const { error, paymentIntent } = await this.retrievePaymentIntent(intent.client_secret);
    if (error) {
      return { error };
    }
    if (DONE.includes(paymentIntent.status) || paymentIntent.status === "requires_confirmation") {
      return { paymentIntent };
    }
    const last = paymentIntent.last_payment_error;
    const isDecline = last && last.code !== FAILED_AUTHENTICATION.code;
    return { error: { ...(isDecline ? last : FAILED_AUTHENTICATION), payment_intent: paymentIntent } };
  }
}

window.Stripe = function Stripe(key, options = {}) { return new StripeInstance(key, options); };
window.Stripe.version = "sandbox";
