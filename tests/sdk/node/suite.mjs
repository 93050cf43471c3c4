// The official `stripe` package for Node against Farthing, in the words of TAP: `ok 1 - name`.
//
// Only host, port and protocol are changed. Reads from the environment: API_URL, API_KEY, PACKAGES (the
// folder with node_modules) and the addresses of proxies that cut the first connections: BEFORE_URL,
// UNANSWERED_URL, HALFWAY_URL. Ends with `# charges n`: how many this suite believes to have made.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const { API_URL, API_KEY, PACKAGES, BEFORE_URL, UNANSWERED_URL, HALFWAY_URL } = process.env;
const Stripe = createRequire(`${PACKAGES}/`)("stripe");
const stripe = connect(API_URL);
const order = { amount: 4999, currency: "usd" };
const paying = { ...order, payment_method: "pm_card_visa", confirm: true };
let charges = 0;

function connect(url, { key = API_KEY, retries = 0 } = {}) {
  const { hostname, port } = new URL(url);
  return new Stripe(key, {
    host: hostname,
    port: Number(port),
    protocol: "http",
    maxNetworkRetries: retries,
    telemetry: false,
  });
}

async function until(truth) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    const found = await truth();
    if (found) return found;
  }
  throw new Error("it did not become true in time");
}

async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was raised");
}

const tests = {
  async "a payment goes from creation to refund"() {
    const made = await stripe.paymentIntents.create({
      ...order,
      capture_method: "manual",
      metadata: { order: "7" },
    });
    assert.equal(made.status, "requires_payment_method");
    const held = await stripe.paymentIntents.confirm(made.id, { payment_method: "pm_card_visa" });
    assert.equal(held.status, "requires_capture");
    const paid = await stripe.paymentIntents.capture(made.id, { amount_to_capture: 4000 });
    charges += 1;
    assert.deepEqual([paid.status, paid.amount_received], ["succeeded", 4000]);
    const refund = await stripe.refunds.create({ payment_intent: made.id, amount: 1500 });
    await until(async () => (await stripe.refunds.retrieve(refund.id)).status === "succeeded");
    const charge = await stripe.charges.retrieve(paid.latest_charge);
    // What was let go at the capture counts as given back, as it does at Stripe.
    assert.equal(charge.amount_refunded, 1500 + 999);
    assert.equal((await stripe.paymentIntents.retrieve(made.id)).metadata.order, "7");
  },

  async "a customer is made, changed, listed and deleted"() {
    const ada = await stripe.customers.create({ name: "Ada", metadata: { a: "1", b: "2" } });
    const changed = await stripe.customers.update(ada.id, { metadata: { a: "" }, phone: "1" });
    assert.deepEqual(changed.metadata, { b: "2" });
    const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: ada.id });
    const kept = await stripe.customers.listPaymentMethods(ada.id);
    assert.deepEqual(kept.data.map((one) => one.id), [card.id]);
    assert.equal((await stripe.customers.del(ada.id)).deleted, true);
  },

  async "auto-paging gives 250 objects once, forwards and backwards"() {
    const before = await stripe.paymentIntents.list({ limit: 1 });
    const ids = [];
    for (let batch = 0; batch < 50; batch += 1) {
      const five = Array.from({ length: 5 }, () => stripe.paymentIntents.create(order));
      ids.push(...(await Promise.all(five)).map((one) => one.id));
    }
    ids.sort();
    const params = { limit: 100, ending_before: before.data[0].id };
    const backwards = [];
    for await (const one of stripe.paymentIntents.list(params)) backwards.push(one.id);
    assert.deepEqual(backwards, ids);
    const forwards = await stripe.paymentIntents.list({ limit: 60 }).autoPagingToArray({ limit: 250 });
    assert.deepEqual(forwards.map((one) => one.id), ids.toReversed());
  },

  async "ids are expanded to objects"() {
    const paid = await stripe.paymentIntents.create({
      ...paying,
      expand: ["latest_charge.balance_transaction", "payment_method"],
    });
    charges += 1;
    assert.equal(paid.latest_charge.balance_transaction.amount, 4999);
    assert.equal(paid.payment_method.card.last4, "4242");
    const page = await stripe.paymentIntents.list({ limit: 1, expand: ["data.latest_charge"] });
    assert.equal(page.data[0].latest_charge.object, "charge");
  },

  async "each error is of its class and tells what is wrong"() {
    const declined = await caught(
      stripe.paymentIntents.create({ ...paying, payment_method: "pm_card_chargeDeclined" }),
    );
    assert.ok(declined instanceof Stripe.errors.StripeCardError);
    assert.deepEqual([declined.code, declined.decline_code], ["card_declined", "generic_decline"]);
    assert.equal(declined.payment_intent.status, "requires_payment_method");
    assert.match(declined.requestId, /^req_/);

    const wrong = await caught(stripe.paymentIntents.create({ ...order, colour: "blue" }));
    assert.ok(wrong instanceof Stripe.errors.StripeInvalidRequestError);
    assert.deepEqual([wrong.param, wrong.code], ["colour", "parameter_unknown"]);

    const missing = await caught(stripe.paymentIntents.retrieve("pi_0missing"));
    assert.deepEqual([missing.statusCode, missing.code], [404, "resource_missing"]);

    const stranger = connect(API_URL, { key: "sk_test_wrong" });
    const refused = await caught(stranger.balance.retrieve());
    assert.ok(refused instanceof Stripe.errors.StripeAuthenticationError);

    const idempotencyKey = `mismatch-${Date.now()}`;
    await stripe.customers.create({ name: "Ada" }, { idempotencyKey });
    const mismatch = await caught(stripe.customers.create({ name: "Bob" }, { idempotencyKey }));
    assert.ok(mismatch instanceof Stripe.errors.StripeIdempotencyError);
  },

  async "a repeated key is answered from memory"() {
    const idempotencyKey = `order-${Date.now()}`;
    const first = await stripe.paymentIntents.create(paying, { idempotencyKey });
    charges += 1;
    const again = await stripe.paymentIntents.create(paying, { idempotencyKey });
    assert.deepEqual(again, first);
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
    assert.match(first.lastResponse.requestId, /^req_/);
  },

  async "a cut connection is retried and charged once"() {
    for (const url of [BEFORE_URL, UNANSWERED_URL, HALFWAY_URL]) {
      const unlucky = connect(url, { retries: 3 });
      const idempotencyKey = `cut-${url}`;
      const pay = () => unlucky.paymentIntents.create(paying, { idempotencyKey });
      // What was cut in the middle of the answer the package leaves to the merchant.
      const paid = await pay().catch((error) => {
        assert.ok(error instanceof Stripe.errors.StripeConnectionError, error);
        assert.equal(url, HALFWAY_URL);
        return pay();
      });
      charges += 1;
      assert.equal(paid.status, "succeeded");
    }
  },

  async "a webhook is verified, a forged one is not"() {
    const arrived = [];
    const server = createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      arrived.push({ body: Buffer.concat(parts), signature: request.headers["stripe-signature"] });
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const endpoint = await stripe.webhookEndpoints.create({
        url: `http://127.0.0.1:${server.address().port}/hooks`,
        enabled_events: ["payment_intent.succeeded"],
      });
      const paid = await stripe.paymentIntents.create(paying);
      charges += 1;
      const { body, signature } = await until(() => arrived.find((one) => one.body.includes(paid.id)));
      const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret);
      assert.deepEqual([event.type, event.data.object.id], ["payment_intent.succeeded", paid.id]);
      assert.throws(
        () => stripe.webhooks.constructEvent(`${body} `, signature, endpoint.secret),
        Stripe.errors.StripeSignatureVerificationError,
      );
      await stripe.webhookEndpoints.del(endpoint.id);
    } finally {
      server.close();
    }
  },

  async "a checkout is opened, listed and ended"() {
    const made = await stripe.checkout.sessions.create({
      mode: "payment",
      line_items: [
        {
          quantity: 2,
          price_data: { currency: "usd", unit_amount: 1250, product_data: { name: "Tray" } },
        },
      ],
      success_url: "https://shop.example/thanks",
    });
    assert.deepEqual([made.status, made.amount_total], ["open", 2500]);
    const lines = await stripe.checkout.sessions.listLineItems(made.id);
    assert.equal(lines.data[0].quantity, 2);
    assert.equal((await stripe.checkout.sessions.expire(made.id)).status, "expired");
  },
};

console.log(`TAP version 14\n1..${Object.keys(tests).length}`);
let number = 0;
for (const [name, test] of Object.entries(tests)) {
  number += 1;
  try {
    await test();
    console.log(`ok ${number} - ${name}`);
  } catch (error) {
    console.log(`not ok ${number} - ${name}`);
    const said = String(error?.stack ?? error).split("\n");
    for (const line of said.slice(0, 30)) console.log(`  # ${line}`);
    process.exitCode = 1;
  }
}
console.log(`# charges ${charges}`);
process.exit();
