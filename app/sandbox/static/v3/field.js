"use strict";
/* One card field in its own frame. The three frames of a group share an origin and find each other through
   the page that holds them; what is typed leaves this origin only towards the sandbox itself. */

const MARK = "stripe-sandbox";
const query = new URLSearchParams(window.location.search);
const kind = document.body.dataset.kind;
const rule = RULES[kind];
const input = document.querySelector("input");
const icon = document.querySelector(".icon");
const shown = { error: undefined, wasLeft: false, key: "" };

function tell(type, data) {
  window.parent.postMessage({ mark: MARK, type, ...data }, query.get("origin"));
}

const digitsOf = rule.clean || ((text) => text.replace(/\D/g, ""));
const counted = rule.character || /\d/;

function siblings() {
  const found = {};
  for (let index = 0; index < window.parent.length; index += 1) {
    try {
      const { sandboxField } = window.parent[index];
      if (sandboxField && sandboxField.group === query.get("group")) {
        found[sandboxField.kind] = sandboxField;
      }
    } catch {
      // A frame of another origin is none of ours.
    }
  }
  return found;
}

function brand() {
  const number = kind === "number" ? window.sandboxField : siblings().number;
  return brandOf(number ? number.digits() : "");
}

function judge() {
  const digits = digitsOf(input.value);
  const verdict = rule.judge(digits, brand());
  const isUnfinished = digits !== "" && !verdict.complete && !verdict.error;
  const error = verdict.error || (isUnfinished && shown.wasLeft ? problem(rule.incomplete) : undefined);
  return { empty: digits === "", complete: verdict.complete, error };
}

function announce(forced) {
  const state = judge();
  state.error = forced || state.error;
  shown.error = state.error;
  input.setAttribute("aria-invalid", String(Boolean(state.error)));
  input.classList.toggle("is-invalid", Boolean(state.error));
  input.classList.toggle("is-complete", state.complete);
  input.classList.toggle("is-empty", state.empty);
  const change = kind === "number" ? { ...state, brand: brand().name } : state;
  const key = JSON.stringify(change);
  if (key !== shown.key) {
    shown.key = key;
    tell("change", { change });
  }
}

function show(digits, caretDigits) {
  input.value = rule.format(digits);
  let position = 0;
  for (let seen = 0; position < input.value.length && seen < caretDigits; position += 1) {
    seen += counted.test(input.value[position]) ? 1 : 0;
  }
  if (caretDigits >= digits.length) {
    position = input.value.length;
  }
  if (document.activeElement === input) {
    input.setSelectionRange(position, position);
  }
}

function onInput(event) {
  const caret = input.selectionStart === null ? input.value.length : input.selectionStart;
  let before = digitsOf(input.value.slice(0, caret)).length;
  let digits = digitsOf(input.value);
  const isDeleting = event && event.inputType && event.inputType.startsWith("delete");
  if (kind === "expiry" && /^\d{2}\D+20\d{2}$/.test(input.value.trim())) {
    digits = digits.slice(0, 2) + digits.slice(4);
  }
  if (rule.prepare && !isDeleting) {
    const prepared = rule.prepare(digits);
    before += prepared.length - digits.length;
    digits = prepared;
  }
  digits = digits.slice(0, rule.maximum(digits, brand()));
  if (isDeleting && kind === "expiry" && digits.length === 2) {
    input.value = digits;
  } else {
    show(digits, before);
  }
  shown.wasLeft = false;
  announce();
  showIcon();
  if (kind === "number" && siblings().cvc) {
    siblings().cvc.reconsider();
  }
}

function showIcon() {
  if (icon) {
    icon.dataset.brand = brand().name;
    icon.textContent = brand().name === "unknown" ? "" : brand().name;
  }
}

window.sandboxField = {
  kind,
  group: query.get("group"),
  digits: () => digitsOf(input.value),
  /* The error that stops a payment, shown in the field. */
  demand: () => {
    const state = judge();
    if (state.complete) {
      return undefined;
    }
    const error = state.error || problem(rule.incomplete);
    announce(error);
    return error;
  },
  reconsider: () => announce(),
};

input.addEventListener("input", onInput);
input.addEventListener("focus", () => tell("focus", {}));
input.addEventListener("blur", () => {
  shown.wasLeft = true;
  announce();
  tell("blur", {});
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    tell("escape", {});
  }
});
/* The page gives focus to the frame; the frame has one thing to focus. */
window.addEventListener("focus", () => {
  if (document.activeElement === document.body) {
    input.focus();
  }
});
