"""Asking for the news that nobody brought: webhooks get lost, and some days none come at all.

What is found goes through the same inbox as a webhook, where each event counts once however it came.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.domain.processor import Unknown
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.services.inbound import store
from app.store.db import transaction
from app.store.merchants import ProcessorAccountRow

log = logging.getLogger(__name__)

# Events may appear late at the processor: the last hour is asked for again.
OVERLAP = timedelta(hours=1)


def poll_due(deps: Deps, every: timedelta = timedelta(minutes=10)) -> int:
    """Fetch the events of each account since it was last asked; gives how many were new.

    Safe to repeat: the mark moves only after what was found is stored.
    """
    now = deps.clock.now()
    with transaction() as session:
        rows = session.execute(
            select(
                ProcessorAccountRow.id,
                ProcessorAccountRow.created_at,
                ProcessorAccountRow.news_seen_until,
            )
        ).all()
    found = 0
    for account_id, created_at, seen_until in rows:
        if seen_until is not None and seen_until > now - every:
            continue
        account = account_by_id(deps, account_id)
        if deps.processors[account.processor].is_told:
            continue  # It cannot be asked: it repeats its news itself, for weeks.
        since = (seen_until or created_at) - OVERLAP
        heard = deps.processors[account.processor].news_since(account, since)
        if isinstance(heard, Unknown):
            log.warning("news.not_fetched", extra={"account": account_id, "why": heard.detail})
            continue
        found += store(deps, account, [n for n in heard if n.is_live == account.is_live], now)
        mark_seen(account_id, now)
    if found:
        log.warning("news.missed", extra={"events": found})
        deps.queue.wake("inbox")
    return found


def mark_seen(account_id: str, until: datetime) -> None:
    """Remember that everything up to then was fetched."""
    with transaction() as session:
        session.execute(
            update(ProcessorAccountRow)
            .where(ProcessorAccountRow.id == account_id)
            .values(news_seen_until=until)
        )
