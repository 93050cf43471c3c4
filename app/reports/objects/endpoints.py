"""Where a merchant wants to be told; deleted endpoints are not listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.reports.objects.paging import Slice, page
from app.store.db import db, end_read
from app.store.webhooks import WebhookEndpoint

W = WebhookEndpoint
_IS_THERE = W.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address, without what signs its messages."""

    id: str
    url: str
    description: str | None
    enabled_events: tuple[str, ...]
    status: str
    metadata: Mapping[str, Any]
    created_at: datetime


def endpoint(
    merchant_id: str, endpoint_id: str, *, may_be_deleted: bool = False
) -> Endpoint | None:
    """One endpoint of the merchant; a deleted one, if wanted, as it was."""
    query = _query(merchant_id).where(W.id == endpoint_id)
    row = db.session.execute(query if may_be_deleted else query.where(_IS_THERE)).first()
    end_read()
    return None if row is None else _endpoint(row)


def endpoints(merchant_id: str, cut: Slice) -> tuple[Sequence[Endpoint], bool]:
    """A page of endpoints, newest first, and whether there are more in its direction."""
    rows, has_more = page(_query(merchant_id).where(_IS_THERE), W.id, cut)
    return [_endpoint(row) for row in rows], has_more


def _query(merchant_id: str) -> Select[*tuple[Any, ...]]:
    return select(
        W.id, W.url, W.description, W.enabled_events, W.status, W.metadata_, W.created_at
    ).where(W.merchant_id == merchant_id)


def _endpoint(row: Any) -> Endpoint:
    endpoint_id, url, description, enabled_events, status, metadata, created_at = row
    return Endpoint(
        endpoint_id, url, description, tuple(enabled_events), status, metadata, created_at
    )
