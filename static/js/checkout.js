/* The checkout page. The server decides what state a payment is in; this file shows it and carries a card token there.
   Whatever happens here (an answer lost, a button pressed twice, a page restored), the truth is asked for, never guessed. */

import * as adyen from "./checkout-adyen.js";
import { BankFields, NoFields } from "./checkout-bank.js";
import * as stripe from "./checkout-card.js";
import { ExpressButtons } from "./checkout-express.js";
import { problemsOf, suggestionFor } from "./checkout-fields.js";

const ANSWER_WITHIN_MS = 90000;
const POLL_FIRST_MS = 1000;
const POLL_MOST_MS = 15000;
const RECHECK_MS = 3000;
const STAY_SECONDS = 10;
const COPIED_MS = 2000;
// All but the one that closes the bank's page: that is never locked.
const BUTTONS = "form:not([method='dialog']) button";
const ASK = "ask"; // In the query of our own address: the bank's question is to be put at once.

// The processors whose card fields we can show, by the name that the page gives.
const SCRIPTS = { adyen, stripe };
const kinds = () => [[".card-fields", script().CardFields], [".bank-fields", BankFields], [".leaving", NoFields]];

const live = document.getElementById("live");
const typed = { email: "", name: "" };
let card = null; // The fields of the way to pay that is chosen.
const ways = new Map();
let express = null; // The wallets' buttons above the form.
let isBusy = false;
let isPolling = false;
let countdown = 0;

const panel = () => document.getElementById("panel");
const form = () => document.getElementById("pay-form");
const script = () => SCRIPTS[panel().dataset.script];
const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });
const say = (text) => { live.textContent = text; };

/* Asking the server. */

async function ask(url, options = {}) {
  return fetch(url, {
    headers: { "HX-Request": "true", Accept: "text/html" },
    credentials: "same-origin",
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...options,
  });
}

async function phaseNow() {
  try {
    const answer = await ask(panel().dataset.state, { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).phase : null;
  } catch {
    return null;
  }
}

async function refresh(url = panel().dataset.page) {
  const answer = await ask(url);
  if (answer.ok) show(await answer.text());
  return answer.ok;
}

/** Posts and shows the answer. An answer that does not come proves nothing, so the state is asked for until it does. */
async function send(url, body) {
  try {
    const answer = await ask(url, { method: "POST", body });
    if (answer.ok || answer.status === 422) return show(await answer.text());
    if (answer.status < 500) return location.assign(panel().dataset.page);
  } catch { /* The connection broke: fall through to asking. */ }
  return findOut();
}

async function findOut() {
  say("The connection was lost. We are checking what happened. Do not pay again.");
  label("Checking what happened…");
  for (let wait = POLL_FIRST_MS; ; wait = Math.min(wait * 1.5, POLL_MOST_MS)) {
    await pause(wait);
    const phase = await phaseNow();
    if (!phase) continue;
    if (phase !== "form") {
      if (await refresh().catch(() => false)) return undefined;
      continue;
    }
    unlock();
    return complain("Your payment did not reach us", { "": "The connection was lost. You have not been charged; please try again." });
  }
}

/** Whether somebody else's word is waited for: it may come at any moment, and nobody has to press anything. */
const isWaiting = () => ["checking", "redirect"].includes(panel().dataset.phase) && !form();

async function poll() {
  if (isPolling) return;
  isPolling = true;
  for (let wait = POLL_FIRST_MS; isWaiting(); wait = Math.min(wait * 1.4, POLL_MOST_MS)) {
    await pause(wait);
    const phase = await phaseNow();
    if (phase && isWaiting() && !isBusy && phase !== panel().dataset.phase) await refresh().catch(() => {});
  }
  isPolling = false;
}

/** Another tab, the back button or the clock may have moved the payment on. */
async function recheck() {
  if (isBusy || document.visibilityState === "hidden") return;
  const phase = await phaseNow();
  if (phase && !isBusy && phase !== panel().dataset.phase) await refresh().catch(() => {});
}

/* Showing what it said. */

/** A document that may frame any bank's page is one of its own: card fields are never in it. */
const isElsewhere = (next) => next.dataset.frames !== panel().dataset.frames
  && (next.dataset.frames === "any" || Boolean(next.querySelector("#pay-form")));

function moveTo(next) {
  const address = new URL(next.dataset.page, location.href);
  if (next.dataset.frames === "any") address.searchParams.set(ASK, "1");
  location.assign(address);
}

function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html").getElementById("panel");
  if (!next) return location.assign(panel().dataset.page);
  if (isElsewhere(next)) return moveTo(next);
  isBusy = false;
  document.title = next.dataset.title;
  if (form() && next.querySelector("#pay-form")) {
    panel().dataset.phase = next.dataset.phase;
    for (const part of next.querySelectorAll("[data-part]")) document.getElementById(part.id).replaceWith(part);
    markInvalid();
    unlock();
  } else {
    for (const way of ways.values()) way.destroy();
    ways.clear();
    express?.destroy();
    card = express = null;
    panel().replaceWith(next);
    begin({ isMove: true });
  }
  settle();
  // Shown all the same: a shop may be slow, and whoever comes back by the back button finds the outcome.
  if (next.dataset.onward) location.replace(next.dataset.onward);
  return undefined;
}

/** Puts the reader where the news is. */
function settle() {
  const target = panel().querySelector("[data-focus]");
  if (!target) return;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
  say(document.title);
}

function markInvalid() {
  for (const id of ["email", "name", "country"]) {
    if (!document.getElementById(`${id}-error`)) continue;
    const hasError = document.getElementById(`${id}-error`).childElementCount > 0;
    if (hasError) document.getElementById(id).setAttribute("aria-invalid", "true");
    else document.getElementById(id).removeAttribute("aria-invalid");
  }
}

function problem(id, message) {
  const slot = document.getElementById(`${id}-error`);
  const box = slot.closest(".field").querySelector(".box");
  slot.replaceChildren();
  if (message) {
    const line = document.createElement("p");
    const prefix = document.createElement("span");
    prefix.className = "unseen";
    prefix.textContent = "Error: ";
    line.append(prefix, message);
    slot.append(line);
  }
  if (box) box.classList.toggle("is-invalid", Boolean(message));
  else markInvalid();
}

/** The summary of problems, focused, each line a link to its field. */
function complain(title, problems) {
  const box = document.getElementById("problem-template").content.firstElementChild.cloneNode(true);
  box.querySelector(".notice-title").textContent = title;
  for (const [id, message] of Object.entries(problems)) {
    if (id) {
      const link = document.createElement("a");
      link.href = `#${id}`;
      link.textContent = message;
      const line = document.createElement("li");
      line.append(link);
      box.querySelector("ul").append(line);
      problem(id, message);
    } else {
      box.querySelector("[data-text]").textContent = message;
    }
  }
  if (!problems[""]) box.querySelector("[data-text]").textContent = "You have not been charged.";
  document.getElementById("notice").replaceChildren(box);
  document.title = `Error: ${panel().dataset.title}`;
  settle();
}

function label(text) {
  const button = panel().querySelector(".button-pay[data-busy]");
  if (button) button.querySelector("[data-label]").textContent = text;
}

function lock() {
  isBusy = true;
  const button = panel().querySelector(".button-pay[data-busy]");
  const words = button.querySelector("[data-label]");
  button.dataset.idle ??= words.textContent;
  words.textContent = button.dataset.busy;
  button.dataset.working = "";
  for (const other of panel().querySelectorAll(BUTTONS)) other.disabled = true;
  for (const field of panel().querySelectorAll("input[id]")) field.readOnly = true;
  card?.lock(true);
  express?.lock(true);
}

function unlock() {
  isBusy = false;
  const button = panel().querySelector(".button-pay[data-busy]");
  if (!button) return;
  if (button.dataset.idle) button.querySelector("[data-label]").textContent = button.dataset.idle;
  delete button.dataset.working;
  for (const other of panel().querySelectorAll(BUTTONS)) other.disabled = false;
  for (const field of panel().querySelectorAll("input[id]")) field.readOnly = false;
  card?.lock(false);
  express?.lock(false);
}

/* Paying. */

async function pay(event) {
  event.preventDefault();
  if (isBusy) return;
  if (!card.isReady) {
    complain("The secure fields have not loaded yet", { "": "Wait a moment and press the button again. You have not been charged." });
    return;
  }
  // In the order of the page; what belongs to another way to pay is not looked at.
  const order = [...form().querySelectorAll("[data-field]")]
    .filter((field) => field.getClientRects().length).map((field) => field.dataset.field);
  for (const id of order) problem(id, null);
  const wrong = { ...problemsOf(form()), ...card.problems() };
  const found = Object.fromEntries(order.filter((id) => wrong[id]).map((id) => [id, wrong[id]]));
  if (Object.keys(found).length) {
    complain("Please check these details", found);
    return;
  }
  document.getElementById("notice").replaceChildren();
  const body = new FormData(form());
  typed.email = body.get("email").trim();
  typed.name = body.get("name").trim();
  lock();
  say("Processing your payment. Please wait.");
  const { token, problems } = await card.tokenize(typed);
  if (!token) {
    unlock();
    complain("Please check these details", problems);
    return;
  }
  body.set("payment_method", token);
  await send(form().action, body);
  if (panel().dataset.phase === "action") await authenticate();
  // Pressed here and now: on to the provider. Whoever comes back to this page decides for themselves.
  if (panel().dataset.phase === "redirect") location.assign(panel().querySelector("[data-leave]").href);
}

/** Out of a wallet: its owner approved there, and it tells who they are. What was typed well already counts more. */
async function payFromWallet({ method, name, email, make }) {
  if (isBusy) return false;
  const wrong = problemsOf(form());
  for (const [id, told] of Object.entries({ email, name })) {
    if (wrong[id]) form().elements[id].value = told || "";
    problem(id, null);
  }
  document.getElementById("notice").replaceChildren();
  const body = new FormData(form());
  lock();
  say("Processing your payment. Please wait.");
  const { token, problem: why } = await make();
  if (!token) {
    unlock();
    complain("The wallet did not pay", { "": `${why} You have not been charged.` });
    return false;
  }
  body.set("method", method);
  body.set("payment_method", token);
  await send(form().action, body);
  if (panel().dataset.phase === "action") await authenticate();
  return !form();
}

/** The two amounts of the customer's statement go to the processor; whatever it says, the server's answer counts. */
async function verify() {
  if (isBusy) return;
  const { dataset } = panel();
  const amounts = [1, 2].map((number) => Number(document.getElementById(`amount-${number}`).value));
  if (!amounts.every((amount) => Number.isInteger(amount) && amount > 0 && amount < 100)) {
    panel().querySelector("[data-blocked]").hidden = false;
    document.getElementById("amount-1").focus();
    return;
  }
  lock();
  say("Verifying the amounts. Please wait.");
  let isWrong = false;
  try {
    const loaded = await stripe.loadProcessor(dataset.processor, dataset.key);
    isWrong = Boolean((await loaded.verifyMicrodepositsForPayment(dataset.secret, { amounts })).error);
  } catch {
    isWrong = true; // Or the line broke: the server knows how far it got.
  }
  await send(dataset.authenticated, new FormData(panel().querySelector("[data-action]")));
  if (panel().dataset.phase !== "verify") return;
  unlock();
  panel().querySelector("[data-blocked]").hidden = !isWrong;
}

/** The bank's own page, on top of ours. Whatever it reports, only the server's answer counts. */
async function authenticate() {
  if (isBusy) return;
  const { dataset } = panel();
  lock();
  say("Your bank wants to confirm that it is you. Its page opens on top of this one.");
  let isBlocked = false;
  const body = new FormData(panel().querySelector("[data-action]"));
  try {
    const brought = await script().confirm(dataset);
    if (brought) body.set("details", brought);
  } catch {
    isBlocked = true; // Or broken: the server knows how far it got.
  }
  await send(dataset.authenticated, body);
  if (panel().dataset.phase !== "action") return;
  unlock();
  panel().querySelector("[data-blocked]").hidden = !isBlocked;
}

/** The form again, for another card; what was typed besides the card stays. */
async function another(event) {
  event.preventDefault();
  if (isBusy) return;
  const { href } = event.currentTarget;
  if (panel().dataset.frames === "any" || !(await refresh(href).catch(() => false))) location.assign(href);
}

/* Starting whatever the panel is. */

function beginForm() {
  for (const id of ["email", "name"]) {
    const field = document.getElementById(id);
    field.value ||= typed[id];
    field.addEventListener("input", () => { if (field.hasAttribute("aria-invalid")) problem(id, null); });
  }
  const email = document.getElementById("email");
  const hint = document.getElementById("email-suggest");
  const suggestion = hint.querySelector("[data-suggestion]");
  email.addEventListener("change", () => {
    const better = suggestionFor(email.value);
    suggestion.textContent = better || "";
    hint.hidden = !better;
    if (better) say(`Did you mean ${better}?`);
  });
  suggestion.addEventListener("click", () => {
    email.value = suggestion.textContent;
    hint.hidden = true;
    email.focus();
  });
  form().addEventListener("submit", pay);
  form().addEventListener("click", (event) => {
    const link = event.target.closest(".notice a[href^='#']");
    const id = link?.hash.slice(1);
    if (!id) return;
    event.preventDefault();
    if (card?.has(id)) card.focus(id);
    else document.getElementById(id)?.focus();
  });
  form().addEventListener("change", (event) => { if (event.target.name === "method") choose(); });
  choose();
  beginExpress();
}

function beginExpress() {
  const root = form().querySelector("[data-express]");
  if (!root || !panel().dataset.minor) return;
  express = new ExpressButtons(root, {
    isFree: () => !isBusy,
    onPay: payFromWallet,
    onCancel: () => say("The wallet was closed. You have not been charged."),
  });
  express.mount(panel().dataset);
}

/** Shows the fields of the chosen way to pay; they are the processor's, and are loaded when first wanted. */
function choose() {
  const name = form().elements.method?.value;
  if (!name) return;
  if (!ways.has(name)) {
    const picked = form().querySelector(`input[name='method'][value='${name}']`);
    const place = picked.closest(".way") || form();
    const root = place.querySelector(kinds().map(([selector]) => selector).join());
    const [, Fields] = kinds().find(([selector]) => root.matches(selector));
    const way = new Fields(root, {
      onProblem: problem,
      onFail: () => say(root.querySelector(".card-late").textContent),
    });
    ways.set(name, way);
    way.mount(panel().dataset);
  }
  card = ways.get(name);
  verb(card.button);
}

/** What the button says: it pays here, or leads to where the customer pays. */
function verb(words) {
  const button = panel().querySelector("[data-pay]");
  const label = button.querySelector("[data-label]");
  button.dataset.pays ??= label.textContent;
  label.textContent = words || button.dataset.pays;
  button.dataset.idle = label.textContent;
}

/** Opened again halfway, or sent back here by the bank: what came of it is asked first. */
async function resume() {
  await send(panel().dataset.authenticated, new FormData(panel().querySelector("[data-action]")));
}

function beginAction() {
  const isVerify = panel().dataset.phase === "verify";
  panel().querySelector("[data-confirm]")?.addEventListener("click", isVerify ? verify : authenticate);
  panel().querySelector("[data-verify]")?.addEventListener("submit", (event) => { event.preventDefault(); verify(); });
  panel().querySelector("[data-another]")?.addEventListener("click", another);
}

/** Facts to be typed into another program are copied with one press. */
function beginCopies() {
  for (const button of panel().querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      say("Copied");
      setTimeout(() => { button.textContent = "Copy"; }, COPIED_MS);
    });
  }
}

/** After paying here, go back to the shop by itself; a reload or the back button never does. */
function beginReturn(isMove) {
  const print = panel().querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  const words = panel().querySelector("[data-countdown]");
  if (!words || !isMove) return;
  let left = STAY_SECONDS;
  words.hidden = false;
  countdown = setInterval(() => {
    left -= 1;
    words.querySelector("[data-seconds]").textContent = left;
    if (left > 0) return;
    clearInterval(countdown);
    location.assign(panel().querySelector("[data-return]").href);
  }, 1000);
  words.querySelector("[data-stay]").addEventListener("click", () => {
    clearInterval(countdown);
    words.hidden = true;
    panel().querySelector("[data-return]").focus();
  });
}

function begin({ isMove }) {
  clearInterval(countdown);
  const items = panel().querySelector(".slip-items");
  if (items && matchMedia("(min-width: 52.01rem)").matches) items.open = true;
  if (form()) beginForm();
  if (panel().querySelector("[data-action]")) beginAction();
  if (isWaiting()) poll();
  beginCopies();
  beginReturn(isMove);
}

const isReload = performance.getEntriesByType("navigation")[0]?.type !== "navigate";

begin({ isMove: false });
if (panel().querySelector("[data-action]")) {
  // Sent here for the bank's question alone, by a shop or by the form: it is asked at once, the first time.
  const isSent = "begin" in panel().dataset || new URLSearchParams(location.search).has(ASK);
  history.replaceState(null, "", panel().dataset.page);
  if (isSent && !isReload) authenticate();
  else resume();
} else if (panel().querySelector("[data-focus]")) settle();
window.addEventListener("pageshow", (event) => { if (event.persisted) recheck(); });
document.addEventListener("visibilitychange", recheck);
// A reload may have overtaken the payment that it interrupted.
if (isReload) setTimeout(recheck, RECHECK_MS);
