"""The API's request log: the list, one request, and what became of idempotency keys."""

import json
from typing import Any

from flask import Blueprint, Response, request

from app.reports.developers import idempotency as repeats
from app.reports.developers import logs
from app.reports.developers.logs import CLASSES, METHODS, TABS, LogFilter
from app.services.idempotency import MONEY_REPLY_LIFE, REPLY_LIFE
from app.web.context import current_merchant, current_person
from app.web.dashboard import filters
from app.web.render import page

blueprint = Blueprint("logs", __name__)
idempotency = Blueprint("idempotency", __name__)

LONGEST_KEY = 255


@blueprint.get("/")
def index() -> Response:
    """The list, as the address filters it."""
    merchant_id, zone = current_merchant(), current_person().timezone
    wanted = _filter()
    return page(
        "dashboard/logs.html",
        "results",
        wanted=wanted,
        found=logs.lines(merchant_id, wanted, filters.cursor(), timezone=zone),
        counts=logs.counts(merchant_id, wanted, timezone=zone),
        keys=logs.keys(merchant_id),
        methods=METHODS,
        classes=CLASSES,
        here=filters.here,
    )


@blueprint.get("/<request_id>")
def show(request_id: str) -> Response:
    """One request."""
    found = logs.detail(current_merchant(), request_id)
    return page("dashboard/log.html", "main", found=found, row=found.row, pretty=pretty)


@idempotency.get("/", endpoint="index")
def keys() -> Response:
    """The keys that requests came with, the latest first."""
    q = filters.text("q", LONGEST_KEY)
    return page(
        "dashboard/idempotency.html",
        "results",
        q=q,
        found=repeats.recent(current_merchant(), q, filters.cursor()),
        here=filters.here,
    )


@idempotency.get("/key")
def key() -> Response:
    """One key on one route: a scope has slashes, so both stand in the query."""
    scope, name = request.args.get("scope", "")[:500], request.args.get("key", "")[:LONGEST_KEY]
    found = repeats.detail(
        current_merchant(),
        scope.replace("\x00", ""),
        name.replace("\x00", ""),
        lives=(REPLY_LIFE, MONEY_REPLY_LIFE),
    )
    return page("dashboard/idempotency_key.html", "main", found=found, pretty=pretty)


def pretty(value: Any) -> str:
    """Logged JSON for a reader."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _filter() -> LogFilter:
    status = filters.text("status")
    is_code = len(status) == 3 and status.isascii() and status.isdigit()
    return LogFilter(
        tab=filters.one_of("tab", TABS, "all"),
        method=filters.one_of("method", METHODS),
        status=status if is_code or status in CLASSES else "",
        path=filters.text("path"),
        key=filters.text("key"),
        idempotency_key=filters.text("idempotency_key", LONGEST_KEY),
        request_id=filters.text("request_id"),
        first=filters.date_of("from"),
        last=filters.date_of("to"),
    )
