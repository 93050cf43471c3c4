"""Events: what happened in the account, as its endpoints were told."""

from fnmatch import fnmatchcase
from typing import Any

import orjson

from app.domain.errors import InvalidRequest, NotFound
from app.reports.objects import events as reads
from app.reports.objects.events import Published, Wanted
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.event_types import EVENT_TYPES
from app.web.api.fields import CREATED, PAGE, Field, Flag, List, Text
from app.web.api.resources.paging import ParametersExclusive, created, cut

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "type": Text(100, doc="Only events of this type, or of a group: `charge.*`."),
    "types": List(Text(100), 20, doc="Only events of these types, 20 at most."),
    "delivery_success": Flag(doc="Only events that all endpoints received, or that some did not."),
}


def list_(call: Call) -> Listing:
    """Events of the last thirty days, newest first."""
    chosen = cut(call, lambda one: reads.is_there(call.merchant_id, one))
    wanted = Wanted(_types(call), created(call), call.params.get("delivery_success"))
    rows, has_more = reads.listed(call.merchant_id, chosen, wanted, now=call.deps.clock.now())
    return Listing([event(row) for row in rows], has_more)


def _types(call: Call) -> list[str] | None:
    one, several = call.params.get("type"), call.params.get("types")
    if one is not None and several is not None:
        raise ParametersExclusive(
            "Received both type and types parameters. Please pass in only one.", param="types"
        )
    if several is not None:
        if any(name is None or "*" in name for name in several):
            raise InvalidRequest("types are the names of events, without '*'.", param="types")
        return list(dict.fromkeys(several))
    if one is None or one == "*":
        return None
    return [name for name in EVENT_TYPES if fnmatchcase(name, one)] if "*" in one else [one]


def retrieve(call: Call) -> Json:
    """One event, for thirty days."""
    wanted = call.path["event"]
    row = reads.event(call.merchant_id, wanted, now=call.deps.clock.now())
    if row is None:
        raise NotFound("event", wanted)
    return event(row)


def event(row: Published) -> Json:
    """The event as it was sent; only how many endpoints are still to be told is as of now."""
    body: dict[str, Any] = orjson.loads(row.body)
    return {**body, "pending_webhooks": row.pending}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/events", list_, LIST, "events", "read", "list:event", "List events"),
    Route("GET", "/v1/events/{event}", retrieve, {}, "events", "read", "event",
          "Retrieve an event"),
)  # fmt: skip
