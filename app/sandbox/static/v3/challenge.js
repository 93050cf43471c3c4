"use strict";
/* The bank's page inside a dialog: answers the sandbox, then tells the page that holds it. */

const form = document.querySelector("form");
const buttons = [...form.querySelectorAll("button")];
const problem = document.querySelector(".problem");

async function answer(value) {
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const reply = await fetch("/3ds/answer", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ payment_intent: form.dataset.intent, client_secret: form.dataset.secret,
        answer: value }),
    });
    if (!reply.ok) {
      throw new Error(String(reply.status));
    }
    window.parent.postMessage({ mark: "stripe-sandbox", type: "answered" }, "*");
  } catch {
    buttons.forEach((button) => { button.disabled = false; });
    if (problem) {
      problem.hidden = false;
    }
  }
}

if ("framed" in form.dataset) {
  const height = Math.ceil(form.getBoundingClientRect().bottom + 30);
  window.parent.postMessage({ mark: "stripe-sandbox", type: "height", height }, "*");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(event.submitter ? event.submitter.value : "close");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      answer(buttons[buttons.length - 1].value);
    }
    if (event.key !== "Tab") {
      return;
    }
    // The dialog keeps the focus: past the last button comes the first.
    const edge = event.shiftKey ? buttons[0] : buttons[buttons.length - 1];
    if (document.activeElement === edge) {
      event.preventDefault();
      (event.shiftKey ? buttons[buttons.length - 1] : buttons[0]).focus();
    }
  });
  window.addEventListener("focus", () => {
    if (document.activeElement === document.body) {
      buttons[0].focus();
    }
  });
}
