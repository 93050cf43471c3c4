"""Webhook endpoints: addresses of the merchant's software that are told of events."""

from app.domain.errors import NotFound
from app.reports.objects import endpoints as reads
from app.reports.objects.endpoints import Endpoint
from app.services.endpoints import (
    CreateEndpoint,
    UpdateEndpoint,
    create_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    update_endpoint,
)
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.event_types import EVENT_TYPES
from app.web.api.fields import (
    PAGE,
    Choice,
    Field,
    Flag,
    List,
    Metadata,
    Refused,
    Text,
    Web,
    merged,
    need,
)
from app.web.api.objects.webhook_endpoint import deleted_webhook_endpoint, webhook_endpoint
from app.web.api.resources.paging import cut
from app.web.api.version import API_VERSION

_EVENTS = List(
    Choice(("*", *EVENT_TYPES)),
    len(EVENT_TYPES),
    doc="The types of events to be told of; `*` for all.",
)
_ADDRESS = Web(doc="Where events are posted to: a public https address.")
_COMMON: dict[str, Field] = {
    "description": Text(5000, doc="For you: what the endpoint is for."),
    "metadata": Metadata(),
}
CREATE: dict[str, Field] = {
    "url": need(_ADDRESS),
    "enabled_events": need(_EVENTS),
    **_COMMON,
    "api_version": Choice((API_VERSION,), doc="The version of the events' objects: ours."),
    "connect": Refused("an account is told of its own events; there are no connected accounts."),
}
UPDATE: dict[str, Field] = {
    "url": _ADDRESS,
    "enabled_events": _EVENTS,
    **_COMMON,
    "disabled": Flag(doc="True switches the endpoint off, false on again."),
}


def create(call: Call) -> Json:
    """Make an endpoint; its signing secret is in this answer only. A repeated request is told what
    the first one made, with the secret as long as it is still that one.
    """
    found = call.params
    made = create_endpoint(
        call.deps,
        CreateEndpoint(
            merchant_id=call.merchant_id,
            id=call.subject(),
            url=found["url"],
            enabled_events=tuple(dict.fromkeys(found["enabled_events"])),
            description=found.get("description"),
            metadata=dict(merged({}, found.get("metadata") or {})),
        ),
    )
    row = _load(call, made.endpoint.id, may_be_deleted=True)
    return webhook_endpoint(row, is_live=call.is_live, secret=made.secret)


def retrieve(call: Call) -> Json:
    """One endpoint."""
    return webhook_endpoint(_load(call, call.path["endpoint"]), is_live=call.is_live)


def update(call: Call) -> Json:
    """Change what is given; switching on does not send again what was missed."""
    found, known = call.params, _load(call, call.path["endpoint"])
    events = found.get("enabled_events")
    update_endpoint(
        call.deps,
        UpdateEndpoint(
            merchant_id=call.merchant_id,
            endpoint_id=known.id,
            url=found.get("url"),
            enabled_events=None if events is None else tuple(dict.fromkeys(events)),
            description=found["description"] or "" if "description" in found else None,
            metadata=merged(known.metadata, found["metadata"]) if "metadata" in found else None,
        ),
    )
    is_disabled = found.get("disabled")
    if is_disabled is not None:
        switch = disable_endpoint if is_disabled else enable_endpoint
        switch(call.deps, call.merchant_id, known.id)
    return webhook_endpoint(_load(call, known.id), is_live=call.is_live)


def delete(call: Call) -> Json:
    """Tell the address nothing more."""
    endpoint_id = call.path["endpoint"]
    delete_endpoint(call.deps, call.merchant_id, endpoint_id)
    return deleted_webhook_endpoint(endpoint_id)


def list_(call: Call) -> Listing:
    """Endpoints, newest first."""
    chosen = cut(call, lambda one: reads.endpoint(call.merchant_id, one) is not None)
    rows, has_more = reads.endpoints(call.merchant_id, chosen)
    return Listing([webhook_endpoint(row, is_live=call.is_live) for row in rows], has_more)


def _load(call: Call, endpoint_id: str, *, may_be_deleted: bool = False) -> Endpoint:
    row = reads.endpoint(call.merchant_id, endpoint_id, may_be_deleted=may_be_deleted)
    if row is None:
        raise NotFound("webhook endpoint", endpoint_id)
    return row


_KIND = "webhook_endpoint"
_ONE = "/v1/webhook_endpoints/{endpoint}"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/webhook_endpoints", create, CREATE, "webhook_endpoints", "write", _KIND,
          "Create a webhook endpoint", "standard", creates="we", tells_secret=True),
    Route("GET", "/v1/webhook_endpoints", list_, dict(PAGE), "webhook_endpoints", "read",
          f"list:{_KIND}", "List webhook endpoints"),
    Route("GET", _ONE, retrieve, {}, "webhook_endpoints", "read", _KIND,
          "Retrieve a webhook endpoint"),
    Route("POST", _ONE, update, UPDATE, "webhook_endpoints", "write", _KIND,
          "Update a webhook endpoint", "standard"),
    Route("DELETE", _ONE, delete, {}, "webhook_endpoints", "write", f"deleted_{_KIND}",
          "Delete a webhook endpoint", "standard"),
)  # fmt: skip
