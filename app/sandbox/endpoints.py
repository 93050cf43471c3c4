"""Webhook endpoints and the account: what a merchant sets up at the processor.

An endpoint's secret is shown once, in the reply that created it.
"""

from urllib.parse import urlsplit

from app.sandbox.call import Call, public
from app.sandbox.errors import Json, invalid
from app.sandbox.ids import new_id, token
from app.sandbox.lists import page
from app.sandbox.params import (
    EXPAND,
    PAGE,
    Spec,
    boolean,
    list_of,
    merge_metadata,
    metadata,
    string,
)

CREATE: Spec = {
    "api_version": string(40),
    "connect": boolean,
    "description": string(),
    "enabled_events": list_of(string(100)),
    "expand": EXPAND,
    "metadata": metadata,
    "url": string(),
}
UPDATE: Spec = {
    "description": string(),
    "disabled": boolean,
    "enabled_events": list_of(string(100)),
    "expand": EXPAND,
    "metadata": metadata,
    "url": string(),
}
RETRIEVE: Spec = {"expand": EXPAND}
DELETE: Spec = {}
LIST: Spec = PAGE
ACCOUNT: Spec = {"expand": EXPAND}


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.",
                      param="url", code="url_invalid")  # fmt: skip
    return value


def create(call: Call) -> Json:
    """POST /v1/webhook_endpoints."""
    if not call.params["enabled_events"]:
        raise invalid("You must provide at least one event.", param="enabled_events")
    endpoint: Json = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": call.param("api_version"),
        "application": None,
        "created": call.now,
        "description": call.param("description") or None,
        "enabled_events": call.params["enabled_events"],
        "livemode": False,
        "metadata": merge_metadata({}, call.param("metadata")),
        "status": "enabled",
        "url": _url(call.params["url"]),
        "_secret": f"whsec_{token(32)}",
    }
    call.insert(endpoint)
    return {**public(endpoint, call.now), "secret": endpoint["_secret"]}


def retrieve(call: Call) -> Json:
    """GET /v1/webhook_endpoints/{id}."""
    return public(call.load("webhook_endpoint", call.path["id"]), call.now)


def update(call: Call) -> Json:
    """POST /v1/webhook_endpoints/{id}."""
    endpoint = call.load("webhook_endpoint", call.path["id"])
    if "url" in call.params:
        endpoint["url"] = _url(call.params["url"])
    if "description" in call.params:
        endpoint["description"] = call.params["description"] or None
    if "enabled_events" in call.params:
        endpoint["enabled_events"] = call.params["enabled_events"]
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    endpoint["metadata"] = merge_metadata(endpoint["metadata"], call.param("metadata"))
    return public(call.save(endpoint), call.now)


def delete(call: Call) -> Json:
    """DELETE /v1/webhook_endpoints/{id}; what was still to be delivered to it is dropped."""
    endpoint = call.load("webhook_endpoint", call.path["id"])
    call.unit.delete(call.account, endpoint["id"])
    call.unit.run("DELETE FROM deliveries WHERE endpoint = ?", (endpoint["id"],))
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def list_endpoints(call: Call) -> Json:
    """GET /v1/webhook_endpoints."""
    return page(call, "webhook_endpoint", "/v1/webhook_endpoints")


def account(call: Call) -> Json:
    """GET /v1/account."""
    name = call.account.removeprefix("acct_sbx_").replace("_", " ").title()
    return {
        "id": call.account,
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": "US",
        "created": 1_700_000_000,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": name[:22].upper() or None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "sepa_debit_payments": {},
        },
        "type": "standard",
    }
