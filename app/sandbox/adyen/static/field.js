"use strict";
/* One card field in its own frame. What is typed leaves this origin only towards the sandbox itself, and comes back
   as blobs; the page that holds the frame is told those, and whether what was typed can be right. */

const MARK = "adyen-sandbox";
const query = new URLSearchParams(window.location.search);
const { kind, type } = document.body.dataset;
const rule = RULES[{ number: "number", expiry: "expiry", code: "cvc" }[kind]];
const input = document.querySelector("input");
const sheet = document.styleSheets[0];
const firstRule = sheet.cssRules.length;
const PROPERTIES = new Set(["background", "caretColor", "color", "fontFamily", "fontSize", "fontSmoothing",
  "fontStyle", "fontVariant", "fontWeight", "letterSpacing", "lineHeight", "padding", "textAlign", "textTransform"]);
const SELECTORS = { base: "input", error: "input.is-invalid", validated: "input.is-complete",
  placeholder: "input::placeholder" };
/* Adyen's numbers for what is wrong with a field, by our rule's words for it. */
const CODES = {
  empty: { number: "cc.num.900", expiry: "cc.dat.910", code: "cc.cvc.920" },
  incomplete: { number: "cc.num.901", expiry: "cc.dat.911", code: "cc.cvc.921" },
  invalid_number: "cc.num.902",
  invalid_expiry_month_past: "cc.dat.912",
  invalid_expiry_year_past: "cc.dat.912",
  invalid_expiry_year: "cc.dat.914",
  incomplete_expiry: "cc.dat.913",
};
const TEXTS = {
  "cc.num.900": "Enter the card number",
  "cc.num.901": "Enter the complete card number",
  "cc.num.902": "Enter a valid card number",
  "cc.dat.910": "Enter the expiry date",
  "cc.dat.911": "Enter the complete expiry date",
  "cc.dat.912": "Card too old",
  "cc.dat.913": "Enter a valid expiry date",
  "cc.dat.914": "Date too far in the future",
  "cc.cvc.920": "Enter the security code",
  "cc.cvc.921": "Enter the complete security code",
};
const BRAND_NAMES = { mastercard: "mc", unionpay: "cup", unknown: "card" };

const state = { brand: "card", isAmex: false, wasLeft: false, round: 0, told: "" };

function tell(message, data) {
  window.parent.postMessage({ mark: MARK, message, type, ...data }, query.get("origin"));
}

const digits = () => input.value.replace(/\D/g, "");

function brandName(typed) {
  const found = brandOf(typed).name;
  return found === "unknown" && /^(50|5[6-9]|6[379])/.test(typed) ? "maestro" : BRAND_NAMES[found] || found;
}

function codeBrand() {
  return state.isAmex ? { name: "amex", code: 4 } : { name: "other", code: 3 };
}

function judge() {
  const typed = digits();
  const verdict = rule.judge(typed, kind === "code" ? codeBrand() : brandOf(typed));
  if (verdict.complete) {
    return { isComplete: true, error: "" };
  }
  if (verdict.error) {
    return { isComplete: false, error: CODES[verdict.error.code] };
  }
  const isLeftUnfinished = state.wasLeft && typed !== "";
  return { isComplete: false, error: isLeftUnfinished ? CODES.incomplete[kind] : "" };
}

/* The values of this field by the names that Adyen's API has for them. */
function values() {
  const typed = digits();
  if (kind === "expiry") {
    return { encryptedExpiryMonth: typed.slice(0, 2), encryptedExpiryYear: `20${typed.slice(2)}` };
  }
  return { [type]: typed };
}

async function seal(round) {
  try {
    const reply = await fetch("/adyen/sdk/fields", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(values()),
    });
    const answer = await reply.json();
    if (round !== state.round) {
      return; // Something else was typed meanwhile.
    }
    if (reply.ok) {
      tell("valid", { blobs: answer, lastFour: kind === "number" ? digits().slice(-4) : undefined });
    } else {
      tell("broken", { problem: answer.message || "The field could not be sealed." });
    }
  } catch {
    if (round === state.round) {
      tell("broken", { problem: "The processor could not be reached." });
    }
  }
}

function show(verdict) {
  input.setAttribute("aria-invalid", String(verdict.error !== ""));
  input.classList.toggle("is-invalid", verdict.error !== "");
  input.classList.toggle("is-complete", verdict.isComplete);
}

/* Tells what changed; a field that is complete is sealed, and is valid once it is. */
function announce({ demanded = false } = {}) {
  const verdict = judge();
  if (demanded && !verdict.isComplete && !verdict.error) {
    verdict.error = digits() ? CODES.incomplete[kind] : CODES.empty[kind];
  }
  show(verdict);
  const key = `${digits()} ${verdict.error} ${state.isAmex}`;
  if (key === state.told) {
    return;
  }
  state.told = key;
  state.round += 1;
  tell("change", { error: verdict.error, text: TEXTS[verdict.error] || "", isEmpty: digits() === "" });
  if (verdict.isComplete) {
    seal(state.round);
  }
}

function onInput(event) {
  const caret = input.selectionStart === null ? input.value.length : input.selectionStart;
  let before = input.value.slice(0, caret).replace(/\D/g, "").length;
  let typed = digits();
  const isDeleting = event.inputType && event.inputType.startsWith("delete");
  if (kind === "expiry" && /^\d{2}\D+20\d{2}$/.test(input.value.trim())) {
    typed = typed.slice(0, 2) + typed.slice(4);
  }
  if (rule.prepare && !isDeleting) {
    const prepared = rule.prepare(typed);
    before += prepared.length - typed.length;
    typed = prepared;
  }
  typed = typed.slice(0, rule.maximum(typed, kind === "code" ? codeBrand() : brandOf(typed)));
  const isBareMonth = isDeleting && kind === "expiry" && typed.length === 2;
  input.value = isBareMonth ? typed : rule.format(typed).replace(" / ", "/");
  let position = 0;
  for (let seen = 0; position < input.value.length && seen < before; position += 1) {
    seen += /\d/.test(input.value[position]) ? 1 : 0;
  }
  input.setSelectionRange(before >= typed.length ? input.value.length : position,
    before >= typed.length ? input.value.length : position);
  state.wasLeft = false;
  if (kind === "number" && brandName(typed) !== state.brand) {
    state.brand = brandName(typed);
    tell("brand", { brand: state.brand });
  }
  announce();
}

function applyStyles(styles) {
  while (sheet.cssRules.length > firstRule) {
    sheet.deleteRule(sheet.cssRules.length - 1);
  }
  for (const [name, selector] of Object.entries(SELECTORS)) {
    const at = sheet.insertRule(`${selector} {}`, sheet.cssRules.length);
    for (const [property, value] of Object.entries((styles || {})[name] || {})) {
      if (PROPERTIES.has(property) && typeof value === "string") {
        const dashed = property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        sheet.cssRules[at].style.setProperty(dashed, value);
      }
    }
  }
}

const ORDERS = {
  configure: ({ styles, placeholder, ariaLabel, isDisabled }) => {
    applyStyles(styles);
    input.placeholder = placeholder || "";
    if (ariaLabel) {
      document.querySelector("label").textContent = ariaLabel;
    }
    input.disabled = Boolean(isDisabled);
    tell("configured", {});
  },
  styles: ({ styles }) => applyStyles(styles),
  focus: () => input.focus(),
  demand: () => announce({ demanded: true }),
  brand: ({ brand }) => {
    if (state.isAmex !== (brand === "amex")) {
      state.isAmex = brand === "amex";
      announce();
    }
  },
};

input.addEventListener("input", onInput);
input.addEventListener("focus", () => tell("focus", { isFocused: true, numChars: digits().length }));
input.addEventListener("blur", () => {
  state.wasLeft = true;
  announce();
  tell("focus", { isFocused: false, numChars: digits().length });
});
/* The page gives focus to the frame; the frame has one thing to focus. */
window.addEventListener("focus", () => {
  if (document.activeElement === document.body) {
    input.focus();
  }
});
window.addEventListener("message", (event) => {
  const order = event.data;
  const isOurs = event.source === window.parent && event.origin === query.get("origin");
  if (isOurs && order && order.mark === MARK && Object.hasOwn(ORDERS, order.message)) {
    ORDERS[order.message](order);
  }
});
tell("loaded", {});
