"""What every answer says to the browser, and which requests of a browser are believed.

Headers are set on every response, errors included. A surface that needs a wider policy says so itself
before (the checkout does); nothing here ever allows inline script or style.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from app.domain.errors import NotAllowed
from app.web.context import request_id

_BASE = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "script-src": "'self'",
    "connect-src": "'self'",
}
_STRIPE_JS = "https://js.stripe.com"
_ADYEN = ".adyen.com"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_A_YEAR_SECONDS = 31_536_000
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=({}), usb=()"

_FIXED = (
    ("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in _BASE.items())),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", _PERMISSIONS.format("")),
)


def init_app(app: Flask) -> None:
    """Check requests before any view, and dress every response after."""
    app.before_request(refuse_odd_addresses)
    app.before_request(refuse_cross_site)
    app.after_request(set_headers)


def is_machine_path(path: str) -> bool:
    """Whether the address belongs to an API or a webhook rather than to a person's browser."""
    return path == "/payments" or path.startswith(("/v1/", "/payments/", "/hooks/"))


def page_csp() -> str:
    """The policy of our own pages."""
    return _policy(_BASE)


def checkout_csp(processor_js_url: str | None, *, frames_any: bool = False) -> str:
    """The policy of the payment page: ours, plus the processor's script, frames and API.

    `frames_any`: the page puts a bank's question in a frame of its own, and banks are anywhere.
    """
    if not processor_js_url:
        return page_csp()
    origin = _origin(processor_js_url)
    script, frame, connect = _allowed(origin)
    anywhere = f" {origin} https:" if frames_any else ""
    return _policy(
        _BASE
        | {
            "script-src": f"'self' {script}",
            "frame-src": f"{frame}{anywhere}",
            "connect-src": f"'self' {connect}",
            "form-action": f"'self'{anywhere}",
        }
    )


def _allowed(origin: str) -> tuple[str, str, str]:
    """Where the script of that origin comes from, what it frames, and whom it talks to."""
    if origin == _STRIPE_JS:
        script = f"{_STRIPE_JS} https://*.js.stripe.com"
        return script, f"{script} https://hooks.stripe.com", "https://api.stripe.com"
    if origin.startswith("https://") and origin.endswith(_ADYEN):
        return origin, f"https://*{_ADYEN}", f"https://*{_ADYEN}"
    return origin, origin, origin


def checkout_permissions(processor_js_url: str | None) -> str:
    """What the payment page may ask of the browser: it and the processor's frames may open a wallet."""
    allowed = f'self "{_origin(processor_js_url)}"' if processor_js_url else ""
    return _PERMISSIONS.format(allowed)


def _policy(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def refuse_odd_addresses() -> None:
    """No address of ours has a NUL in it, and the database could not even be asked for one."""
    if "\x00" in request.path:
        abort(404)


def refuse_cross_site() -> None:
    """A state-changing request of a browser must come from our own pages; raises NotAllowed.

    This stands beside the CSRF token: either alone would do.
    """
    if request.method in _SAFE_METHODS or is_machine_path(request.path):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign_site = site is not None and site not in ("same-origin", "none")
    foreign_origin = origin is not None and origin != _origin(request.host_url)
    if foreign_site or foreign_origin:
        raise NotAllowed("This request came from another site and was refused.")


def set_headers(response: Response) -> Response:
    """Set what is not set yet; a view's own policy stands."""
    headers = response.headers
    for name, value in _FIXED:
        if name not in headers:
            headers[name] = value
    headers["Request-Id"] = request_id()
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={_A_YEAR_SECONDS}")
    _set_caching(response)
    return response


def _set_caching(response: Response) -> None:
    """Files named by their content are kept for a year; everything else is private and not kept."""
    if request.endpoint == "static" and response.status_code < 400:
        kept = f"public, max-age={_A_YEAR_SECONDS}, immutable"
        response.headers["Cache-Control"] = kept if "v" in request.args else "no-cache"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
