"use strict";
/* Frames of the sandbox's origin inside the shop's page, and the messages between them.

   The shop's page never sees a card number: it holds frames, and asks them by message. Every message is checked for
   the sandbox's origin and for the frame that it claims to come from. Styles are set through the style object,
   because the shop's content security policy forbids style attributes. */

const ORIGIN = new URL(document.currentScript.src).origin;
const MARK = "adyen-sandbox";

function adyenError(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

function makeFrame(path, query, title) {
  const frame = document.createElement("iframe");
  frame.className = "js-iframe";
  frame.title = title;
  frame.src = `${ORIGIN}${path}?${new URLSearchParams({ ...query, origin: window.location.origin })}`;
  frame.setAttribute("frameborder", "0");
  frame.setAttribute("scrolling", "no");
  Object.assign(frame.style, { border: "none", display: "block", width: "100%", height: "100%", overflow: "hidden",
    background: "transparent", colorScheme: "light only" });
  return frame;
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

function order(frame, message, data) {
  if (frame && frame.contentWindow) {
    frame.contentWindow.postMessage({ mark: MARK, message, ...data }, ORIGIN);
  }
}

function placeOf(target) {
  const place = typeof target === "string" ? document.querySelector(target) : target;
  if (!place) {
    throw adyenError("IMPLEMENTATION_ERROR", "Component could not mount. Root node was not found.");
  }
  return place;
}

/* What 3-D Secure asks a browser about itself. */
function browserInfo() {
  const { colorDepth, height, width } = window.screen;
  return {
    acceptHeader: "*/*",
    colorDepth: colorDepth || 24,
    language: navigator.language || "en",
    javaEnabled: false,
    screenHeight: height || 0,
    screenWidth: width || 0,
    userAgent: navigator.userAgent,
    timeZoneOffset: new Date().getTimezoneOffset(),
  };
}
