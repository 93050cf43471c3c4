// What the reference does besides being a page: it remembers the language, says where one is, and copies.

const languages = document.querySelectorAll('input[name="language"]');
const KEPT = "reference-language";

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

// Examples differ in length: what is being read stays where it is when the language changes.
let read = null;
document.documentElement.style.overflowAnchor = "none";

function remember() {
  const element = [...document.querySelectorAll(".call, .part")].findLast((one) => one.getBoundingClientRect().top < 120);
  read = element ? { element, top: element.getBoundingClientRect().top } : null;
}

for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, remember, true);

for (const input of languages) {
  if (input.value === remembered()) input.checked = true;
  input.addEventListener("change", () => {
    if (read) scrollBy(0, read.element.getBoundingClientRect().top - read.top);
    try {
      localStorage.setItem(KEPT, input.value);
    } catch {
      // Then it is chosen again the next time.
    }
  });
}

// --- the contents say which part is being read

const parts = new Map();
for (const link of document.querySelectorAll("[data-contents] a")) {
  const part = document.querySelector(link.hash);
  if (part) parts.set(part, [...(parts.get(part) || []), link]);
}

function mark() {
  let current = null;
  for (const part of parts.keys()) if (part.getBoundingClientRect().top < 120) current = part;
  for (const [part, links] of parts) {
    for (const link of links) {
      if (part !== current) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        link.closest(".reference-side")?.scrollTo({ top: link.offsetTop - 200 });
      }
    }
  }
}

let isWaiting = false;
document.addEventListener("scroll", () => {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    mark();
  });
}, { passive: true });
mark();

// --- an address may lead into something folded

function unfold() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

window.addEventListener("hashchange", unfold);
unfold();

// --- clicks

document.addEventListener("click", async (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (menu && (event.target.closest("a") || !menu.contains(event.target))) menu.open = false;
  const folded = event.target.closest("a")?.hash;
  if (folded && folded === location.hash) unfold();
  const button = event.target.closest("[data-copy-code]");
  if (!button) return;
  const code = [...button.closest("figure").querySelectorAll("pre")].find((one) => one.offsetParent);
  await navigator.clipboard.writeText(code.textContent);
  button.classList.add("is-done");
  setTimeout(() => button.classList.remove("is-done"), 1500);
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector("details.menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy-code]")) button.hidden = false;
