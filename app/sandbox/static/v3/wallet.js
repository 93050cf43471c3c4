"use strict";
/* The wallet's sheet: what its owner approves goes to the page's Stripe.js, and nothing else leaves. */

const MARK = "stripe-sandbox";
const query = new URLSearchParams(window.location.search);
const form = document.querySelector("form");
const parts = [...form.elements];
let isOver = false;

function tell(type, data) {
  window.parent.postMessage({ mark: MARK, type, ...data }, query.get("origin"));
}

function end(type, data, words) {
  if (isOver) return;
  isOver = true;
  for (const part of parts) part.disabled = true;
  document.querySelector("[role='status']").textContent = words;
  tell(type, data);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { token, name, email } = form.elements;
  const address = { line1: "27 Fredrick Ave", line2: null, city: "Brothers", state: "OR", postal_code: "97712", country: "US" };
  const billing = { name: name.value.trim(), address };
  if (email) billing.email = email.value.trim();
  end("approve", { token: token.value, billing }, "Processing…");
});
form.querySelector("[data-cancel]").addEventListener("click", () => end("cancel", {}, ""));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") end("cancel", {}, "");
  if (event.key !== "Tab") return;
  // The dialog keeps the focus: past the last part comes the first.
  const edge = event.shiftKey ? parts[0] : parts[parts.length - 1];
  if (document.activeElement === edge) {
    event.preventDefault();
    (event.shiftKey ? parts[parts.length - 1] : parts[0]).focus();
  }
});
window.addEventListener("focus", () => { if (document.activeElement === document.body) parts[0].focus(); });
tell("height", { height: Math.ceil(document.querySelector("main").getBoundingClientRect().bottom + 8) });
