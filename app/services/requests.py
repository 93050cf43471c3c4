"""The request log's housekeeping: lines are kept for thirty days."""

from datetime import timedelta

from sqlalchemy import delete, select, tuple_

from app.services.deps import Deps
from app.store.db import transaction
from app.store.requests import ApiRequest

KEPT_FOR = timedelta(days=30)
REAPED_AT_ONCE = 5_000


def reap(deps: Deps) -> int:
    """Delete lines past their time, a batch per unit of work; gives how many went."""
    gone = 0
    while True:
        count = _reap_batch(deps)
        gone += count
        if count < REAPED_AT_ONCE:
            return gone


def _reap_batch(deps: Deps) -> int:
    key = tuple_(ApiRequest.merchant_id, ApiRequest.id)
    chosen = (
        select(ApiRequest.merchant_id, ApiRequest.id)
        .where(ApiRequest.at < deps.clock.now() - KEPT_FOR)
        .limit(REAPED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    with transaction() as session:
        return len(session.execute(delete(ApiRequest).where(key.in_(chosen)).returning(1)).all())
