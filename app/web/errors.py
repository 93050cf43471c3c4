"""The one translation of errors into answers.

An API gets JSON, an htmx request a toast with the true status, a browser a page. What we did not expect is
logged with the request's id, and the person is told that id and nothing else.
"""

import json
import logging

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import FarthingError, NotFound, NotSignedIn
from app.web.api.errors import api_error
from app.web.context import request_id
from app.web.security import is_machine_path

log = logging.getLogger(__name__)

_TITLES = {
    400: "That did not work",
    401: "Sign in to continue",
    403: "You may not do this",
    404: "There is nothing here",
    405: "That is not possible here",
    409: "Something else happened first",
    412: "The figures changed meanwhile",
    413: "That was too much at once",
    422: "That did not work",
    429: "Slow down a little",
    503: "We cannot do this right now",
}
_GENERIC = (
    "Something went wrong on our side. It has been written down; please try again in a moment."
)
_UNSURE = (
    "Something went wrong on our side, and we do not know yet what became of your payment. Do not pay"
    " again: open this page once more in a minute; it shows whether money was taken."
)
_STALE = "This page had been open for too long. Reload it and try again."
_TEXTS = {
    404: "The address is wrong, or what was here is gone. Ids are never reused.",
    405: "This address exists, but not for what was tried.",
    413: "What was sent is larger than we take.",
    500: _GENERIC,
}


def init_app(app: Flask) -> None:
    """Register the handlers; the most specific one wins."""
    app.register_error_handler(FarthingError, expected)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, by_werkzeug)
    app.register_error_handler(Exception, unexpected)


def expected(error: FarthingError) -> AnyResponse:
    """An error with words of its own."""
    if error.status >= 500:
        log.error("error.%s %s", error.code, request_id(), exc_info=error)
    if is_machine_path(request.path):
        return make_response(api_error(error, request_id()))
    if isinstance(error, NotSignedIn) and not request.headers.get("HX-Request"):
        return redirect(url_for("auth.login", next=_return_path()), 303)
    text = _TEXTS[404] if isinstance(error, NotFound) else error.message
    return _tell(error.status, text)


def stale_form(error: CSRFError) -> AnyResponse:
    """The form's token is missing, wrong or too old."""
    log.warning("request.csrf_refused %s %s", request_id(), error.description)
    return _tell(400, _STALE)


def by_werkzeug(error: HTTPException) -> AnyResponse:
    """404, 405, 413 and their like."""
    status = error.code or 500
    if status in range(300, 400):
        return make_response(error)
    text = _TEXTS.get(status, error.description or _GENERIC)
    if is_machine_path(request.path):
        response: AnyResponse = make_response(api_error(_as_ours(status, text), request_id()))
    else:
        response = _tell(status, text)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def unexpected(error: Exception) -> AnyResponse:
    """A bug: logged whole, told in one sentence."""
    log.error("error.unexpected %s %s", request_id(), request.endpoint, exc_info=error)
    if is_machine_path(request.path):
        return make_response(api_error(FarthingError(_GENERIC), request_id()))
    return _tell(500, _UNSURE if request.path.startswith("/pay/") else _GENERIC)


def _as_ours(status: int, text: str) -> FarthingError:
    kind = type(
        "RequestError",
        (FarthingError,),
        {"code": _API_CODES.get(status, "invalid_request"), "status": status},
    )
    error: FarthingError = kind(text)
    return error


_API_CODES = {404: "resource_missing", 405: "method_not_allowed", 413: "request_too_large"}


def _tell(status: int, text: str) -> Response:
    title = _TITLES.get(status, "Something went wrong")
    if request.headers.get("HX-Request"):
        response = make_response("", status)
        trigger = {"toast": {"message": text, "tone": "bad"}}
        response.headers["HX-Trigger"] = json.dumps(trigger)
        response.headers["HX-Reswap"] = "none"
        if status == 401:
            response.headers["HX-Redirect"] = url_for("auth.login")
        return response
    body = render_template(
        "errors/error.html", status=status, title=title, text=text, request_id=request_id()
    )
    return make_response(body, status)


def _return_path() -> str | None:
    if request.method != "GET":
        return None
    return request.full_path.rstrip("?")
