"""Search: equality on a few fields of PaymentIntents, joined by AND.

Stripe's search lags behind its writes; this one does not, and nothing may be built on that.
"""

import re

from app.sandbox.call import Call, public
from app.sandbox.errors import Json, invalid

_CLAUSE = re.compile(
    r"""\s*(?P<field>status|currency|amount|metadata\[["'](?P<key>[^"']+)["']\])\s*[:=]\s*"""
    r"""(?:"(?P<quoted>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[0-9a-z_]+))\s*""",
    re.ASCII,
)


def search_intents(call: Call) -> Json:
    """GET /v1/payment_intents/search."""
    wanted = []
    for clause in re.split(r"\s+AND\s+", call.params["query"]):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise invalid(
                f"We were unable to parse your search query: {clause[:100]}", param="query"
            )
        value = match["quoted"] or match["single"] or match["bare"] or ""
        wanted.append((match["key"], match["field"], value))
    limit = call.param("limit", 10)
    found = [
        public(intent, call.now)
        for intent in reversed(call.unit.every(call.account, "payment_intent"))
        if all(
            (intent["metadata"].get(key) if key else str(intent[field])) == value
            for key, field, value in wanted
        )
    ]
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": "/v1/payment_intents/search",
    }
