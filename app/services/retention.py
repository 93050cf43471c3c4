"""What is kept of published events: thirty days, like the deliveries that are over."""

from datetime import timedelta

from sqlalchemy import text

from app.services.deps import Deps
from app.store.db import transaction
from app.store.webhooks import changed

KEPT_FOR = timedelta(days=30)

_DELIVERIES = text("""
    WITH old AS (
        SELECT merchant_id, id FROM deliveries
        WHERE finished_at < :before AND status <> 'pending' LIMIT :batch
    ), tries AS (
        DELETE FROM delivery_attempts a USING old
        WHERE a.merchant_id = old.merchant_id AND a.delivery_id = old.id
    )
    DELETE FROM deliveries d USING old WHERE d.merchant_id = old.merchant_id AND d.id = old.id
""")
_EVENTS = text("""
    DELETE FROM public_events p USING (
        SELECT e.merchant_id, e.id FROM public_events e
        WHERE e.published_at < :before AND NOT EXISTS (
            SELECT FROM deliveries d WHERE d.merchant_id = e.merchant_id AND d.event_id = e.id
              AND d.status = 'pending')
        LIMIT :batch) old
    WHERE p.merchant_id = old.merchant_id AND p.id = old.id
""")


def reap_events(deps: Deps, batch: int = 5_000) -> int:
    """Forget what is older than thirty days, in small units of work; gives how many rows went."""
    values = {"before": deps.clock.now() - KEPT_FOR, "batch": batch}
    total = 0
    for statement in (_DELIVERIES, _EVENTS):
        count = batch
        while count == batch:
            with transaction() as session:
                count = changed(session, statement, values)
            total += count
    return total
