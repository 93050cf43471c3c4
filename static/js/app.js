// What the dashboard does besides showing pages: menus, dialogs, toasts, copying, the choice of light or dark.
// Everything here improves something that works without it: links are links, forms are forms.

const dialog = document.getElementById("dialog");
const toasts = document.getElementById("toasts");
const TOAST_MS = 6000;

// --- light or dark: a cookie, so that the server draws the first frame right

function chooseTheme(value) {
  const age = value ? 31536000 : 0;
  document.cookie = `theme=${value}; path=/; max-age=${age}; samesite=lax`;
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === value));
  }
  document.dispatchEvent(new CustomEvent("themechange"));
}

// --- toasts

function toast(message, tone = "good") {
  if (!toasts || !message) return;
  const line = document.createElement("p");
  line.className = tone === "bad" ? "toast toast-error" : "toast";
  line.textContent = message;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Dismiss";
  close.addEventListener("click", () => line.remove());
  line.append(close);
  // A modal dialog hides everything outside it, from screen readers too.
  (dialog?.open ? dialog : toasts).append(line);
  if (tone !== "bad") setTimeout(() => line.remove(), TOAST_MS);
}

for (const line of document.querySelectorAll("[data-toast]")) {
  setTimeout(() => line.remove(), TOAST_MS);
}

document.addEventListener("toast", (event) => toast(event.detail.message, event.detail.tone));
document.addEventListener("htmx:sendError", () => toast("No connection. Nothing was changed; try again.", "bad"));
document.addEventListener("htmx:timeout", () => toast("No answer yet. Look at the page again before you repeat it.", "bad"));

// --- dialogs: htmx fills the one <dialog>, we show it

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== dialog) return;
  if (!dialog.open) dialog.showModal();
  prepare(dialog);
  (dialog.querySelector("[data-focus]") || dialog.querySelector("input:not([type=hidden]), select, textarea"))?.focus();
});

// Opened by its address, a dialog's form is the page: an answer in the dialog would be a second copy over it.
document.addEventListener("htmx:beforeProcessNode", ({ target }) => {
  if (target.matches("form.dialog-body") && !dialog?.contains(target)) target.removeAttribute("hx-post");
});

document.addEventListener("closeDialog", () => dialog?.close());
dialog?.addEventListener("click", (event) => {
  // A click beside it does not close what is shown only once.
  if (event.target === dialog && !dialog.querySelector("[data-keep]")) dialog.close();
});
dialog?.addEventListener("close", () => dialog.replaceChildren());

// --- menus: at most one is open; Escape and a click elsewhere close it

function closeMenus(except) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu !== except && !menu.contains(except)) menu.open = false;
  }
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("[data-menu]") && event.target.open) closeMenus(event.target);
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("[data-menu][open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
  if (event.key === "/" && !event.target.closest("input, textarea, select, dialog")) {
    const search = document.getElementById("payments-q") || document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

// --- clicks

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add("is-done");
    toast("Copied");
    setTimeout(() => button.classList.remove("is-done"), 1500);
  } catch {
    toast("Your browser did not let us copy. Select the text instead.", "bad");
  }
}

document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target.closest("[data-menu]") || target);
  const copier = target.closest("[data-copy]");
  if (copier) copy(copier);
  const theme = target.closest("[data-theme-choice]");
  if (theme) chooseTheme(theme.dataset.themeChoice);
  if (target.closest("[data-close]") && dialog?.open) {
    event.preventDefault();
    dialog.close();
  }
});

// --- forms

// A filter that is empty does not belong in the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.matches("[data-tidy]")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.matches("[data-tidy]")) return;
  const values = event.detail.formData;
  for (const [name, value] of [...values]) if (value === "") values.delete(name);
});

// A second click while the first is under way is not sent; the server would ignore it anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.classList.contains("is-busy")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.classList.add("is-busy");
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.elt.classList?.remove("is-busy");
});

// Coming back through the browser's history finds the form usable again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll(".is-busy")) form.classList.remove("is-busy");
});

// An error is about what was sent, not about what is being typed now.
document.addEventListener("input", ({ target }) => {
  if (!target.matches("[aria-invalid]")) return;
  target.removeAttribute("aria-invalid");
  document.getElementById(`${target.id}-error`)?.remove();
});

// --- amounts: the button always says what it will do

function written(amount, currency, language) {
  return new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(amount);
}

// As in a table, where the currency's code stands beside: it is not written twice.
function bare(amount, currency, language) {
  return written(amount, currency, language).replace(currency, "").trim();
}

// What is being typed, for the button's words alone: the server reads it strictly, and decides.
function typed(text, { digits, decimals, groups }) {
  const numerals = [...digits];
  const number = [...text.trim()].map((sign) => {
    if (numerals.includes(sign)) return String(numerals.indexOf(sign));
    if (groups.includes(sign)) return "";
    return decimals.includes(sign) ? "." : sign;
  }).join("");
  return /^[0-9]*([.][0-9]+)?$/.test(number) ? Number(number) : NaN;
}

function prepare(root) {
  const form = root.querySelector("form");
  const choice = form?.querySelector("[data-extent]");
  if (!choice) return;
  const field = form.querySelector("[name=amount]");
  const button = form.querySelector("button[type=submit] span:last-child");
  const currency = form.querySelector(".input-money .code").textContent.trim();
  const verb = choice.dataset.verb;
  const most = Number(choice.dataset.most);
  const shown = [...form.querySelectorAll("[data-chosen]")];
  const whole = choice.querySelector("strong").innerHTML;
  // A form that came back with a part in it says nothing of the whole on its button.
  const isWhole = form.querySelector("[name=extent][value=full]").checked;
  const full = isWhole ? button.textContent : `${verb} ${written(most, currency, choice.dataset.locale)}`;

  const update = () => {
    const isPart = form.querySelector("[name=extent][value=part]").checked;
    const amount = typed(field.value, choice.dataset);
    const isNumber = amount > 0 && amount <= most;
    const shownAmount = isNumber ? written(amount, currency, choice.dataset.locale) : "–";
    button.textContent = !isPart ? full : isNumber ? `${verb} ${shownAmount}` : verb;
    for (const place of shown) {
      place.innerHTML = whole;
      if (!isPart) continue;
      // The code beside the digits stays.
      if (isNumber) place.querySelector(".money").firstChild.data = `${bare(amount, currency, choice.dataset.locale)}\u00a0`;
      else place.textContent = shownAmount;
    }
  };
  form.addEventListener("input", update);
  form.addEventListener("change", (event) => {
    update();
    if (event.target.value === "part") field.select();
  });
  update();
}

prepare(document.getElementById("main") || document.body);
document.querySelector("[data-focus]")?.focus();
