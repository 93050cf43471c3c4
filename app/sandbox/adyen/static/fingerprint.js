"use strict";
/* The bank looks at the device, in a frame that nobody sees, and says whether it is content. */

const MARK = "adyen-sandbox";
const query = new URLSearchParams(window.location.search);
const tell = (data) => window.parent.postMessage({ mark: MARK, ...data }, query.get("origin"));

async function look() {
  try {
    const reply = await fetch("/adyen/3ds/fingerprint", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ pending: query.get("pending") }),
    });
    if (!reply.ok) {
      throw new Error(String(reply.status));
    }
    tell({ message: "looked", answer: await reply.json() });
  } catch {
    tell({ message: "broken", problem: "The bank could not be reached." });
  }
}

look();
