"""Where a merchant's software is told, as a WebhookEndpoint."""

from typing import Any

from app.reports.objects.endpoints import Endpoint
from app.web.api.objects.ids import timestamp
from app.web.api.version import API_VERSION


def webhook_endpoint(row: Endpoint, *, is_live: bool, secret: str | None = None) -> dict[str, Any]:
    """The object; the secret is in it once, when it has just been made."""
    body: dict[str, Any] = {
        "id": row.id,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": timestamp(row.created_at),
        "description": row.description,
        "enabled_events": list(row.enabled_events),
        "livemode": is_live,
        "metadata": dict(row.metadata),
        "status": row.status,
        "url": row.url,
    }
    return body if secret is None else {**body, "secret": secret}


def deleted_webhook_endpoint(endpoint_id: str) -> dict[str, Any]:
    """What is left to tell of a deleted endpoint."""
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}
