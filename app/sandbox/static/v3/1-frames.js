"use strict";
/* Frames of the sandbox's origin inside the shop's page, and the messages between them.

   The shop's page never sees a card number: it holds frames, and asks them by message. Every message is
   checked for the sandbox's origin and for the frame that it claims to come from. Styles are set through
   the style object, because the shop's content security policy forbids style attributes. */

const ORIGIN = new URL(document.currentScript.src).origin;
const MARK = "stripe-sandbox";
let frameCount = 0;
let requestCount = 0;

function integrationError(message) {
  const error = new Error(message);
  error.name = "IntegrationError";
  return error;
}

function styled(node, styles) {
  Object.assign(node.style, styles);
  return node;
}

function makeFrame(path, title) {
  const frame = document.createElement("iframe");
  frameCount += 1;
  frame.name = `__privateStripeFrame${frameCount}`;
  frame.title = title;
  frame.src = ORIGIN + path;
  frame.allow = "payment *";
  frame.setAttribute("frameborder", "0");
  frame.setAttribute("scrolling", "no");
  return styled(frame, { border: "none", display: "block", width: "100%", margin: "0", padding: "0",
    background: "transparent", colorScheme: "light only" });
}

/* Calls `handle` with each message of that frame; answers a function that stops listening. */
function listen(frame, handle) {
  const receive = (event) => {
    const fromFrame = event.origin === ORIGIN && event.source === frame.contentWindow;
    if (fromFrame && event.data && event.data.mark === MARK) {
      handle(event.data);
    }
  };
  window.addEventListener("message", receive);
  return () => window.removeEventListener("message", receive);
}

function post(frame, type, data) {
  if (frame && frame.contentWindow) {
    frame.contentWindow.postMessage({ mark: MARK, type, ...data }, ORIGIN);
  }
}

/* Asks a frame and waits for its answer. */
function ask(frame, type, data) {
  requestCount += 1;
  const request = requestCount;
  return new Promise((resolve) => {
    const stop = listen(frame, (message) => {
      if (message.type === "answer" && message.request === request) {
        stop();
        resolve(message.result);
      }
    });
    post(frame, type, { ...data, request });
  });
}
