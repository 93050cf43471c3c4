/* 3-D Secure in a dialog of the sandbox's origin. */

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/* Everything behind the dialog is inert while it is open: that is the focus trap. */
function holdPage(dialog) {
  const held = [...document.body.children].filter((node) => node !== dialog && !node.inert);
  held.forEach((node) => { node.inert = true; });
  const focused = document.activeElement;
  const overflow = document.body.style.overflow;
  document.body.style.overflow = "hidden";
  return () => {
    held.forEach((node) => { node.inert = false; });
    document.body.style.overflow = overflow;
    if (focused && focused.focus) {
      focused.focus();
    }
  };
}

/* Opens one of our pages on top of the shop's: its frame, and what takes it away again. */
function openDialog(path, title, label) {
  const dialog = document.createElement("div");
  dialog.setAttribute("role", "dialog");
  dialog.setAttribute("aria-modal", "true");
  dialog.setAttribute("aria-label", label);
  styled(dialog, { position: "fixed", inset: "0", zIndex: "2147483647", display: "flex", padding: "16px",
    alignItems: "center", justifyContent: "center", background: "rgba(17, 24, 39, 0.6)" });
  const frame = makeFrame(path, title);
  styled(frame, { width: "100%", maxWidth: "440px", height: "520px", maxHeight: "92vh",
    borderRadius: "14px", background: "#ffffff" });
  frame.setAttribute("scrolling", "auto");
  dialog.append(frame);
  document.body.append(dialog);
  const release = holdPage(dialog);
  frame.addEventListener("load", () => frame.focus());
  const close = () => {
    dialog.remove();
    release();
  };
  return { frame, close };
}

/* Shows the bank's page; resolves when the customer has answered it. */
function showChallenge(intent) {
  const query = new URLSearchParams({ payment_intent: intent.id, client_secret: intent.client_secret });
  const { frame, close } = openDialog(`/3ds/challenge?${query}`, "3D Secure authentication",
    "Confirm your payment with your bank");
  return new Promise((resolve) => {
    const stop = listen(frame, (message) => {
      if (message.type === "height") {
        frame.style.height = `${message.height}px`;
      } else if (message.type === "answered") {
        stop();
        close();
        resolve();
      }
    });
  });
}

function answerSilently(intent) {
  return fetch(`${ORIGIN}/3ds/answer`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ payment_intent: intent.id, client_secret: intent.client_secret,
      answer: "complete" }),
  });
}

/* Does what the intent's next action asks for. */
async function takeAction(intent) {
  const action = intent.next_action;
  if (action.type === "redirect_to_url") {
    window.location.assign(action.redirect_to_url.url);
    await new Promise(() => {});
  }
  if (action.use_stripe_sdk.type === "stripe_3ds2_fingerprint") {
    await sleep(300);
    await answerSilently(intent);
    return;
  }
  await showChallenge(intent);
}
