"use strict";
/* The bank's page inside a frame: answers the sandbox, then tells the page that holds it. */

const MARK = "adyen-sandbox";
const form = document.querySelector("form");
const origin = new URLSearchParams(window.location.search).get("origin");
const password = document.getElementById("password");
const problem = document.getElementById("problem");
const buttons = [...form.querySelectorAll("button")];

function say(text) {
  problem.textContent = text;
  problem.hidden = false;
  if (password) {
    password.setAttribute("aria-invalid", "true");
    password.value = "";
    password.focus();
  }
}

async function send(value) {
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const reply = await fetch("/adyen/3ds/challenge", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pending: form.elements.pending.value, answer: value,
        password: password ? password.value : "" }),
    });
    if (!reply.ok) {
      throw new Error(String(reply.status));
    }
    const told = await reply.json();
    if (told.threeDSResult) {
      window.parent.postMessage({ mark: MARK, message: "answered", result: told.threeDSResult }, origin);
      return;
    }
    say(told.problem);
  } catch {
    say("The bank did not answer. Try again.");
  }
  buttons.forEach((button) => { button.disabled = false; });
}

if ("framed" in form.dataset) {
  const height = Math.ceil(form.getBoundingClientRect().bottom + 28);
  window.parent.postMessage({ mark: MARK, message: "height", height }, origin);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.submitter ? event.submitter.value : "");
  });
  /* The page gives focus to the frame, and the frame to what is asked for. */
  window.addEventListener("focus", () => {
    if (document.activeElement === document.body) {
      (password || buttons[0]).focus();
    }
  });
}
