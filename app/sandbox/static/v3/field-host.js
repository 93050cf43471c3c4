"use strict";
/* The other half of a card field: what the holding page may ask of it. */

const STYLED = {
  base: "input", complete: "input.is-complete", empty: "input.is-empty", invalid: "input.is-invalid",
};
const PROPERTIES = new Set(["backgroundColor", "caretColor", "color", "fontFamily", "fontSize",
  "fontSmoothing", "fontStyle", "fontVariant", "fontWeight", "iconColor", "lineHeight", "letterSpacing",
  "textAlign", "padding", "textDecoration", "textShadow", "textTransform"]);
const sheet = document.styleSheets[0];
const firstRule = sheet.cssRules.length;

function addRule(selector, style) {
  const position = sheet.insertRule(`${selector} {}`, sheet.cssRules.length);
  for (const [name, value] of Object.entries(style)) {
    if (PROPERTIES.has(name) && typeof value === "string") {
      const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      sheet.cssRules[position].style.setProperty(dashed, value);
    }
  }
}

function applyStyle(style) {
  while (sheet.cssRules.length > firstRule) {
    sheet.deleteRule(sheet.cssRules.length - 1);
  }
  for (const [state, selector] of Object.entries(STYLED)) {
    const rules = style[state] || {};
    addRule(selector, rules);
    for (const pseudo of [":hover", ":focus", "::placeholder", "::selection", ":disabled",
      ":-webkit-autofill"]) {
      if (rules[pseudo]) {
        addRule(selector + pseudo, rules[pseudo]);
      }
    }
  }
}

async function loadFonts(fonts) {
  const wanted = (fonts || []).filter((font) => font.family && font.src);
  await Promise.allSettled(wanted.map(async (font) => {
    const { family, src, ...rest } = font;
    document.fonts.add(await new FontFace(family, src, rest).load());
  }));
}

let isReady = false;
async function applyOptions(options) {
  applyStyle(options.style || {});
  if (options.placeholder !== undefined) {
    input.placeholder = options.placeholder;
  }
  input.disabled = Boolean(options.disabled);
  icon.hidden = !(options.showIcon && kind === "number");
  await loadFonts(options.fonts);
  tell("height", { height: Math.ceil(input.getBoundingClientRect().height) });
  if (!isReady) {
    isReady = true;
    tell("ready", {});
  }
}

function encode(params, prefix, into) {
  for (const [name, value] of Object.entries(params)) {
    const full = prefix ? `${prefix}[${name}]` : name;
    if (value !== null && typeof value === "object") {
      encode(value, full, into);
    } else if (value !== null && value !== undefined) {
      into.append(full, String(value));
    }
  }
  return into;
}

async function send(key, path, body) {
  try {
    const reply = await fetch(path, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}` },
      body: encode(body, "", new URLSearchParams()),
    });
    const answer = await reply.json();
    return reply.ok ? { object: answer } : { error: answer.error };
  } catch {
    return { error: { type: "api_connection_error",
      message: "We are experiencing issues connecting to our payments provider. You have not been " +
        "charged. Please check your internet connection and try again." } };
  }
}

/* What was typed goes from here to the sandbox, and only the answer to the page. */
async function create({ key, path, data }) {
  if (kind === "iban") {
    const wrong = window.sandboxField.demand();
    return wrong ? { error: wrong } : send(key, path, { ...data, sepa_debit: { iban: window.sandboxField.digits() } });
  }
  const fields = siblings();
  const errors = ["number", "expiry", "cvc"].map((name) => fields[name] && fields[name].demand());
  const first = errors.find(Boolean);
  if (first) {
    return { error: first };
  }
  const expiry = fields.expiry ? fields.expiry.digits() : "";
  const card = { ...(data.card || {}), number: fields.number ? fields.number.digits() : "",
    exp_month: expiry.slice(0, 2), exp_year: expiry.slice(2), cvc: fields.cvc ? fields.cvc.digits() : "" };
  return send(key, path, { ...data, card });
}

const ALLOWED_PATHS = ["/v1/payment_methods", "/v1/tokens"];
window.addEventListener("message", async (event) => {
  const message = event.data;
  const isOurs = event.source === window.parent && event.origin === query.get("origin");
  if (!isOurs || !message || message.mark !== MARK) {
    return;
  }
  if (message.type === "options") {
    await applyOptions(message.options);
  } else if (message.type === "clear") {
    input.value = "";
    shown.wasLeft = false;
    announce();
    showIcon();
  } else if (message.type === "focus") {
    input.focus();
  } else if (message.type === "blur") {
    input.blur();
  } else if (message.type === "create" && ALLOWED_PATHS.includes(message.path)) {
    tell("answer", { request: message.request, result: await create(message) });
  }
});
shown.key = JSON.stringify(kind === "number" ? { ...judge(), brand: "unknown" } : judge());
tell("loaded", {});
