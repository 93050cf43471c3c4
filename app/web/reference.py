"""The API's own description: a page for people, an OpenAPI document for software. Both are public.

They say the same, because both are made of the registry that answers the calls.
"""

import hashlib
import re
from functools import cache

import orjson
from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup, escape

from app.web.api.event_types import NOT_YET, SENT
from app.web.api.example_code import LANGUAGES, SETUP
from app.web.api.openapi import document
from app.web.api.openapi_answers import TITLES
from app.web.api.reference_guide import error_groups, sections
from app.web.api.schemas.events import shown_by
from app.web.api.version import API_VERSION
from app.web.context import deps
from app.web.render import theme

reference = Blueprint("reference", __name__)

KEPT_SECONDS = 300
_TICKED = re.compile(r"`([^`]+)`")


@reference.app_template_filter("ticked")
def ticked(text: str) -> Markup:
    """A sentence whose `words in ticks` are code."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


@reference.get("/v1/openapi.json")
def specification() -> Response:
    """The OpenAPI document; the same for everybody."""
    response = Response(_document(deps().base_url), mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return _known(response)


@reference.get("/reference")
def page() -> Response:
    """Every call, object, error and event, on one page."""
    response = make_response(_page(deps().base_url, theme()))
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return _known(response)


def _known(response: Response) -> Response:
    """Without its body, if the reader has it already."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:20])
    response.make_conditional(request)
    return response


@cache
def _document(base_url: str) -> bytes:
    return orjson.dumps(document(base_url))


@cache
def _page(base_url: str, theme: str) -> str:  # noqa: ARG001 - the layout asks for the theme itself
    """Made once: it holds nothing about the reader but light or dark."""
    return render_template(
        "reference/reference.html",
        base_url=base_url,
        version=API_VERSION,
        languages=LANGUAGES,
        setup=SETUP,
        sections=sections(),
        errors=error_groups(),
        statuses=TITLES,
        events=[(name, doc, shown_by(name)) for name, doc in SENT.items()],
        not_yet=NOT_YET,
    )
