"""Signing secrets for people: shown to who may see them, and tried for them when a signature fails.

Each look at a secret is written down. What is pasted to be checked is neither kept nor logged.
"""

import json
from dataclasses import dataclass

from sqlalchemy import select

from app.domain.errors import NotFound
from app.domain.signatures import Diagnosis, KnownSecret, Pasted, diagnose
from app.services import audit
from app.services.audit import By
from app.services.deps import Deps
from app.services.endpoints import find_endpoint
from app.store.db import end_read, transaction
from app.store.outbox import PublicEvent
from app.store.webhooks import WebhookEndpoint

MOST_TRIED = 40


@dataclass(frozen=True)
class CheckSignature:
    """Parts of a delivery as a receiver has them. Without a `secret` the endpoint's own is used."""

    merchant_id: str
    body: str
    header: str
    secret: str = ""
    endpoint_id: str | None = None


def show_secret(deps: Deps, merchant_id: str, endpoint_id: str, by: By) -> str:
    """The endpoint's secret, and a line in the diary that it was shown. Raises NotFound."""
    with transaction() as session:
        row = find_endpoint(session, merchant_id, endpoint_id)
        audit.write(
            session,
            by,
            "webhook_endpoint.secret_shown",
            merchant_id=merchant_id,
            subject_id=endpoint_id,
            at=deps.clock.now(),
        )
    return deps.sealer.open(row.secret_sealed)


def check_signature(deps: Deps, command: CheckSignature) -> Diagnosis:
    """Which part of it is wrong. Raises NotFound for an endpoint that is not there."""
    with transaction() as session:
        rows = session.execute(
            select(WebhookEndpoint)
            .where(WebhookEndpoint.merchant_id == command.merchant_id)
            .order_by(WebhookEndpoint.deleted_at.is_not(None), WebhookEndpoint.created_at.desc())
            .limit(MOST_TRIED)
        ).scalars()
        endpoints = list(rows)
        event_id = _event_id(command.body)
        sent = session.get(PublicEvent, (command.merchant_id, event_id)) if event_id else None
    end_read()
    secret = command.secret.strip()
    if not secret and command.endpoint_id:
        secret = _own(deps, endpoints, command.endpoint_id)
    pasted = Pasted(
        body=command.body,
        header=command.header,
        secret=secret,
        known=_known(deps, endpoints),
        sent=bytes(sent.body) if sent else None,
    )
    return diagnose(pasted, deps.clock.now())


def _own(deps: Deps, endpoints: list[WebhookEndpoint], endpoint_id: str) -> str:
    for row in endpoints:
        if row.id == endpoint_id and row.deleted_at is None:
            return deps.sealer.open(row.secret_sealed)
    raise NotFound("webhook endpoint", endpoint_id)


def _known(deps: Deps, endpoints: list[WebhookEndpoint]) -> list[KnownSecret]:
    found = []
    for row in endpoints:
        name = f"{row.url} (deleted)" if row.deleted_at else row.url
        found.append(KnownSecret(f"the secret of {name}", deps.sealer.open(row.secret_sealed)))
        if row.old_secret_sealed is not None:
            old = deps.sealer.open(row.old_secret_sealed)
            found.append(KnownSecret(f"the old secret of {name}, which was rolled", old))
    return found


def _event_id(body: str) -> str | None:
    """The event that the body says it is; it may have been changed, but its id is a start."""
    try:
        found = json.loads(body.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    event_id = found.get("id") if isinstance(found, dict) else None
    if not isinstance(event_id, str) or not event_id.startswith("evt_"):
        return None
    return event_id[:64].replace("\x00", "")
