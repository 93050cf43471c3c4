"""A page that takes cards, as a shop would write it, under the strictest policy that may hold it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Page

HTML = """<!doctype html><html lang="en"><head><title>Pay</title>
<link rel="stylesheet" href="/page.css"><script src="{sandbox}/v3/"></script></head><body><main>
<h1>Pay</h1>
<label for="number">Card number</label><div id="number" class="field"></div>
<label for="expiry">Expiry</label><div id="expiry" class="field"></div>
<label for="code">Security code</label><div id="code" class="field"></div>
<button id="pay">Pay</button></main><script src="/page.js"></script></body></html>"""
SCRIPT = """
window.stripe = Stripe("{key}");
const elements = stripe.elements({ locale: "en" });
const style = { base: { fontSize: "18px", color: "rgb(10, 20, 30)" } };
window.seen = [];
window.parts = {};
for (const [type, id] of [["cardNumber", "number"], ["cardExpiry", "expiry"], ["cardCvc", "code"]]) {
  const element = elements.create(type, { style });
  for (const name of ["ready", "focus", "blur", "escape"]) {
    element.on(name, () => seen.push({ name, type }));
  }
  element.on("change", (event) => seen.push({ name: "change", type, event }));
  element.mount(`#${id}`);
  parts[type] = element;
}
document.getElementById("pay").addEventListener("click", async () => {
  window.result = await stripe.createPaymentMethod({ type: "card", card: parts.cardNumber,
    billing_details: { name: "Jo", email: "jo@example.com" } });
});
"""
CSS = ".field { padding: 10px; border: 1px solid #999; } .StripeElement--invalid { border-color: red; }"


@contextmanager
def shop_page(sandbox: str, key: str) -> Iterator[str]:
    """Serve the page on an origin of its own; answers its address."""
    policy = (
        f"default-src 'none'; script-src 'self' {sandbox}; frame-src {sandbox}; "
        f"connect-src 'self' {sandbox}; style-src 'self'; base-uri 'none'"
    )
    files = {
        "/": ("text/html", HTML.replace("{sandbox}", sandbox)),
        "/page.js": ("text/javascript", SCRIPT.replace("{key}", key)),
        "/page.css": ("text/css", CSS),
    }
    with served(files, policy) as address:
        yield address


@contextmanager
def served(files: dict[str, tuple[str, str]], policy: str) -> Iterator[str]:
    """Serve a page and its files on an origin of their own, under that policy; answers its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            kind, text = files.get(path, ("text/plain", ""))
            self.send_response(200 if path in files else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def browser_page(chromium: Browser) -> Iterator[Page]:
    """A page of Chromium that fails the test when a script or policy complains."""
    complaints: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    # A refused card is a failed request to the browser; that one is meant.
    assert [text for text in complaints if "Failed to load resource" not in text] == []


def until(page: Page, expression: str) -> Any:
    """The expression's value once it is true; the page's policy forbids polling inside it."""
    deadline = time.monotonic() + 15
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)
    return value
