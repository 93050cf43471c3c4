"""Searches: payments, charges and customers by what they are, a page at a time."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from flask import current_app

from app.domain.errors import InvalidRequest
from app.reports.objects import search as reads
from app.web.api.call import Call, Handler, Json, Listing, Route
from app.web.api.fields import Field, Text, Whole, need
from app.web.api.objects import lookup
from app.web.api.objects.ids import charge_id
from app.web.api.resources.paging import USUAL_LIMIT
from app.web.api.search import LONGEST, parse
from app.web.api.search_fields import understood

SEARCH: dict[str, Field] = {
    "query": need(
        Text(LONGEST, doc="What is looked for, as in `status:'succeeded' AND amount>1000`.")
    ),
    "limit": Whole(1, 100, doc="How many at most; 10 if not said."),
    "page": Text(200, doc="The `next_page` of the page before; not for the first one."),
}

Found = Callable[[Call, Sequence[str]], Mapping[str, Json]]


def _search(kind: str, load: Found, name: Callable[[str], str]) -> Handler:
    """A search among one kind of rows, whose ids become objects by `name` and `load`."""

    def handle(call: Call) -> Listing:
        search = understood(kind, parse(call.params["query"]))
        hits = reads.found(
            call.merchant_id,
            search,
            limit=call.params.get("limit") or USUAL_LIMIT,
            after=_place(call, kind),
            is_counted="total_count" in call.expand,
        )
        ids = [name(one) for one in hits.ids]
        objects = load(call, ids)
        return Listing(
            [objects[one] for one in ids if one in objects],
            hits.has_more,
            total=hits.total,
            next_page=_token(call, kind, hits.ids[-1]) if hits.has_more else None,
            is_search=True,
        )

    return handle


def _place(call: Call, kind: str) -> str | None:
    """The id after which the page begins; raises InvalidRequest for what is no page of this search."""
    token = call.params.get("page")
    if token is None:
        return None
    last_id = token.rpartition(".")[0]
    if not hmac.compare_digest(_token(call, kind, last_id).encode(), token.encode()):
        raise InvalidRequest(
            "Invalid page: send the next_page of the same query, as it was given.", param="page"
        )
    return str(last_id)


def _token(call: Call, kind: str, last_id: str) -> str:
    """Where the next page begins, for this merchant and this query only."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    bound = "\n".join(("search", call.merchant_id, kind, last_id, call.params["query"]))
    mac = hmac.new(key, bound.encode(), hashlib.sha256).hexdigest()
    return f"{last_id}.{mac[:32]}"


def _same(row_id: str) -> str:
    return row_id


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/payment_intents/search",
          _search("payments", lookup.payment_intents, _same), SEARCH, "payment_intents", "read",
          "list:payment_intent", "Search payment intents", "search"),
    Route("GET", "/v1/charges/search",
          _search("charges", lookup.charges, charge_id), SEARCH, "charges", "read",
          "list:charge", "Search charges", "search"),
    Route("GET", "/v1/customers/search",
          _search("customers", lookup.customers, _same), SEARCH, "customers", "read",
          "list:customer", "Search customers", "search"),
)  # fmt: skip
