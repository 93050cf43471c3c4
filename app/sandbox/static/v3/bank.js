"use strict";
/* The Payment Element of a US bank account: a login at the sandbox's bank, or the account's numbers. What is typed
   leaves this origin only towards the sandbox itself. */

const MARK = "stripe-sandbox";
const query = new URLSearchParams(window.location.search);
const form = document.getElementById("bank");
const slot = form.querySelector(".problem");

function tell(type, data) {
  window.parent.postMessage({ mark: MARK, type, ...data }, query.get("origin"));
}

const measure = () => tell("height", { height: Math.ceil(form.getBoundingClientRect().height) + 6 });
const isTyped = () => form.elements.way.value === "typed";

function change(error) {
  const isComplete = !isTyped() || (form.elements.routing.value !== "" && form.elements.account.value !== "");
  slot.hidden = !error;
  slot.textContent = error ? error.message : "";
  tell("change", { change: { empty: !isComplete, complete: isComplete, error, value: { type: "us_bank_account" } } });
  measure();
}

/* What is missing, in Stripe's words. */
function wrong() {
  if (!isTyped()) return undefined;
  const missing = (code, message) => ({ type: "validation_error", code, message });
  if (!/^\d{9}$/.test(form.elements.routing.value.trim())) {
    return missing("routing_number_invalid", "Enter the nine digits of the routing number.");
  }
  if (!/^\d{4,17}$/.test(form.elements.account.value.trim())) {
    return missing("account_number_invalid", "Enter the account number.");
  }
  return undefined;
}

async function create({ key, path, data }) {
  const error = wrong();
  if (error) {
    change(error);
    return { error };
  }
  const body = new URLSearchParams({ type: "us_bank_account" });
  const details = data.billing_details || {};
  for (const [name, value] of Object.entries(details)) body.append(`billing_details[${name}]`, value);
  if (isTyped()) {
    body.append("us_bank_account[routing_number]", form.elements.routing.value.trim());
    body.append("us_bank_account[account_number]", form.elements.account.value.trim());
  } else {
    body.append("us_bank_account[financial_connections_account]", form.elements.linked.value);
  }
  body.append("us_bank_account[account_holder_type]", "individual");
  try {
    const reply = await fetch(path, { method: "POST", headers: { Authorization: `Bearer ${key}` }, body });
    const answer = await reply.json();
    if (!reply.ok) change(answer.error);
    return reply.ok ? { object: answer } : { error: answer.error };
  } catch {
    return { error: { type: "api_connection_error", message: "We could not reach our payments provider." } };
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  for (const part of form.querySelectorAll("[data-way]")) part.hidden = part.dataset.way !== form.elements.way.value;
  change();
});
window.addEventListener("message", async (event) => {
  const message = event.data;
  const isOurs = event.source === window.parent && event.origin === query.get("origin");
  if (!isOurs || !message || message.mark !== MARK) return;
  if (message.type === "options") {
    for (const field of form.elements) field.disabled = Boolean(message.options.disabled);
    measure();
    tell("ready", {});
  } else if (message.type === "focus") {
    (isTyped() ? form.elements.routing : form.querySelector("input:checked")).focus();
  } else if (message.type === "validate") {
    const error = wrong();
    change(error);
    tell("answer", { request: message.request, result: error ? { error } : {} });
  } else if (message.type === "create" && message.path === "/v1/payment_methods") {
    tell("answer", { request: message.request, result: await create(message) });
  }
});
tell("loaded", {});
change();
