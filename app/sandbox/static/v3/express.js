"use strict";
/* The wallets' buttons. They are drawn here, by their names and plain marks, as the real ones are drawn by Stripe. */

const MARK = "stripe-sandbox";
const KEYS = { apple_pay: "applePay", google_pay: "googlePay" };
const query = new URLSearchParams(window.location.search);
const list = document.getElementById("buttons");
const offered = document.body.dataset.wallets.split(" ").filter(Boolean);

function tell(type, data) {
  window.parent.postMessage({ mark: MARK, type, ...data }, query.get("origin"));
}

function measure() {
  tell("height", { height: Math.ceil(list.getBoundingClientRect().height) });
}

function show({ paymentMethods = {}, buttonTheme = {}, buttonHeight = 44 }) {
  const shown = offered.filter((wallet) => paymentMethods[KEYS[wallet]] !== "never");
  document.documentElement.style.setProperty("--height", `${buttonHeight}px`);
  for (const button of list.querySelectorAll("button")) {
    const { wallet } = button.dataset;
    button.hidden = !shown.includes(wallet);
    button.dataset.theme = buttonTheme[KEYS[wallet]] || "black";
  }
  list.hidden = shown.length === 0;
  measure();
  const all = ["applePay", "googlePay", "link", "paypal", "amazonPay", "klarna"];
  const keys = shown.map((wallet) => KEYS[wallet]);
  tell("ready", { available: shown.length ? Object.fromEntries(all.map((key) => [key, keys.includes(key)])) : null });
}

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) tell("click", { wallet: button.dataset.wallet });
});
list.addEventListener("keydown", (event) => { if (event.key === "Escape") tell("escape", {}); });
list.addEventListener("focusin", () => tell("focus", {}));
list.addEventListener("focusout", () => tell("blur", {}));
window.addEventListener("resize", measure);
window.addEventListener("message", (event) => {
  const message = event.data;
  const isOurs = event.source === window.parent && event.origin === query.get("origin");
  if (!isOurs || !message || message.mark !== MARK) return;
  if (message.type === "options") show(message.options);
  else if (message.type === "focus") list.querySelector("button:not([hidden])")?.focus();
});
tell("loaded", {});
