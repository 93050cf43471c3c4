"""Delivering events: leased, posted with no unit of work open, and what came of it written down.

At least once: a crash between the answer and its record means the event is sent again, under the
same id. Whoever posts holds a lease; a result that comes after the lease was lost changes nothing.
A dead endpoint costs its own share of the posts and no other's.
"""

import logging
import secrets
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import deliveries as rules
from app.domain.ports import Receipt
from app.services import notifications
from app.services.deps import Deps
from app.services.endpoints import switch_off
from app.store.db import transaction
from app.store.leases import Parcel, Slots, lease
from app.store.merchants import Merchant
from app.store.webhooks import Delivery, DeliveryAttempt, WebhookEndpoint

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
POSTS = 16
POSTS_TO_FAILING = 4
POSTS_PER_ENDPOINT = 4
LONGEST_PAUSE_SECONDS = 60
# A run ends by itself, for the mails wait behind it in the same queue.
RUN_SECONDS = 20
# While posts are on their way: so often it is asked whether others are due meanwhile.
LOOK_SECONDS = 0.3
TOLD_OF_TROUBLE = ("owner", "admin", "developer")


def deliver_due(deps: Deps, run_seconds: int = RUN_SECONDS) -> int:
    """Post what is due until nothing is, or the run's time is up; gives how many posts were made."""
    flying: dict[Future[Receipt], tuple[Parcel, str]] = {}
    made = 0
    until = time.monotonic() + run_seconds
    pool = ThreadPoolExecutor(POSTS, thread_name_prefix="post")
    try:
        while True:
            if time.monotonic() < until:
                made += _take_off(deps, pool, flying)
            if not flying:
                return made
            landed, _ = wait(flying, LOOK_SECONDS, FIRST_COMPLETED)
            for future in landed:
                parcel, token = flying.pop(future)
                deps.failpoint("webhook.delivered")
                _record(deps, parcel, token, future.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _take_off(
    deps: Deps, pool: ThreadPoolExecutor, flying: dict[Future[Receipt], tuple[Parcel, str]]
) -> int:
    """Lease as much as there are free threads, and post it; gives how many posts began."""
    before = len(flying)
    failing = sum(parcel.is_failing for parcel, _ in flying.values())
    slots = Slots(
        free=POSTS - len(flying),
        free_for_failing=POSTS_TO_FAILING - failing,
        per_endpoint=POSTS_PER_ENDPOINT,
        failing_from=rules.FAILING_FROM,
        longest_pause_seconds=LONGEST_PAUSE_SECONDS,
    )
    if slots.free == 0:
        return 0
    now = deps.clock.now()
    token = secrets.token_hex(8)
    with transaction() as session:
        parcels = lease(session, slots, token=token, now=now, until=now + LEASE)
    for parcel in parcels:
        try:
            keys = _keys(deps, parcel, now)
        except ValueError:
            # One secret that cannot be opened holds up no other; the lease ends, and we try again.
            log.exception("delivery.not_signed", extra={"delivery": parcel.delivery_id})
            continue
        headers = rules.signed_headers(parcel.event_id, parcel.body, keys, now)
        # Threads do nothing but post: the database is this thread's alone.
        future = pool.submit(deps.sender.post, parcel.url, parcel.body, headers)
        flying[future] = (parcel, token)
    return len(flying) - before


def _keys(deps: Deps, parcel: Parcel, now: datetime) -> list[str]:
    """The secrets that are valid now, the newest first."""
    keys = [deps.sealer.open(parcel.secret_sealed)]
    is_rolling = parcel.old_secret_until is not None and parcel.old_secret_until > now
    if parcel.old_secret_sealed is not None and is_rolling:
        keys.append(deps.sealer.open(parcel.old_secret_sealed))
    return keys


def _record(deps: Deps, parcel: Parcel, token: str, receipt: Receipt) -> None:
    """Write down what came of a post, if the lease is still ours."""
    now = deps.clock.now()
    with transaction() as session:
        # The endpoint is locked first, here as everywhere.
        endpoint = None if receipt.is_accepted else _locked_endpoint(session, parcel)
        if receipt.is_accepted:
            _works_again(session, parcel)
        row = _own(session, parcel, token)
        if row is None:
            log.warning("delivery.lease_lost", extra={"delivery": parcel.delivery_id})
            return
        session.add(_attempt(row, receipt, now))
        row.attempts += 1
        row.tries += 1
        row.first_attempt_at = row.first_attempt_at or now
        row.last_code = receipt.status
        row.last_error = receipt.error
        session.flush()
        _settle(session, row, _ending(row, receipt, now))
        is_off = endpoint is not None and _note_failure(session, deps, endpoint, receipt, now)
    if is_off:
        deps.queue.wake("mails")


def _locked_endpoint(session: Session, parcel: Parcel) -> WebhookEndpoint:
    return session.execute(
        select(WebhookEndpoint)
        .where(
            WebhookEndpoint.merchant_id == parcel.merchant_id,
            WebhookEndpoint.id == parcel.endpoint_id,
        )
        .with_for_update(key_share=True)
    ).scalar_one()


def _works_again(session: Session, parcel: Parcel) -> None:
    session.execute(
        update(WebhookEndpoint)
        .where(
            WebhookEndpoint.merchant_id == parcel.merchant_id,
            WebhookEndpoint.id == parcel.endpoint_id,
            WebhookEndpoint.consecutive_failures > 0,
        )
        .values(consecutive_failures=0, failing_since=None)
        .execution_options(synchronize_session=False)
    )


def _own(session: Session, parcel: Parcel, token: str) -> Delivery | None:
    return session.execute(
        select(Delivery)
        .where(
            Delivery.merchant_id == parcel.merchant_id,
            Delivery.id == parcel.delivery_id,
            Delivery.lease_token == token,
        )
        .with_for_update()
    ).scalar_one_or_none()


def _attempt(row: Delivery, receipt: Receipt, now: datetime) -> DeliveryAttempt:
    return DeliveryAttempt(
        merchant_id=row.merchant_id,
        delivery_id=row.id,
        number=row.attempts + 1,
        endpoint_id=row.endpoint_id,
        at=now,
        duration_ms=receipt.duration_ms,
        response_code=receipt.status,
        # PostgreSQL's text cannot hold a NUL, and a receiver may send anything.
        response_body=receipt.body.replace("\x00", "\ufffd"),
        error=receipt.error,
        is_manual=row.is_manual,
    )


def _ending(row: Delivery, receipt: Receipt, now: datetime) -> dict[str, Any]:
    """The delivery's fields after this try: over, or when the next one comes."""
    over = {"next_attempt_at": None, "finished_at": now}
    if receipt.is_accepted:
        return {"status": "delivered"} | over
    if row.status != "pending":
        return {"status": row.status}  # Canceled while it was on its way, and it did not arrive.
    next_at = now + rules.pause(row.tries, receipt.status, receipt.retry_after_seconds)
    if rules.is_given_up(row.first_attempt_at or now, next_at):
        return {"status": "failed"} | over
    return {"status": "pending", "next_attempt_at": next_at}


def _settle(session: Session, row: Delivery, ending: dict[str, Any]) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.merchant_id == row.merchant_id, Delivery.id == row.id)
        .values(**ending, lease_token=None, leased_until=None, is_manual=False)
        .execution_options(synchronize_session=False)
    )


def _note_failure(
    session: Session, deps: Deps, endpoint: WebhookEndpoint, receipt: Receipt, now: datetime
) -> bool:
    """Count the failure; an endpoint that is gone, or has failed for days, is switched off. Gives
    whether it was.
    """
    if endpoint.status != "enabled" or endpoint.deleted_at is not None:
        return False
    endpoint.consecutive_failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    session.flush()
    if receipt.status == rules.GONE:
        switch_off(session, deps, endpoint, "gone")
    elif rules.is_to_be_disabled(endpoint.consecutive_failures, endpoint.failing_since, now):
        switch_off(session, deps, endpoint, "failing")
    else:
        return False
    log.warning("endpoint.disabled", extra={"endpoint": endpoint.id})
    _tell(session, deps, endpoint)
    return True


def _tell(session: Session, deps: Deps, endpoint: WebhookEndpoint) -> None:
    """Write to the people who can mend it."""
    name = session.execute(
        select(Merchant.name).where(Merchant.id == endpoint.merchant_id)
    ).scalar_one()
    why = (
        "answered that it is gone (410)"
        if endpoint.disabled_reason == "gone"
        else f"has failed {endpoint.consecutive_failures} times in a row, for more than three days"
    )
    body = (
        f"Hello,\n\nthe webhook endpoint of {name}\n\n    {endpoint.url}\n\n{why}, so we send it"
        " no more events. Nothing else has stopped: payments are taken as before.\n\n"
        "When the receiver works again, open Developers, Webhooks in the dashboard and enable the"
        " endpoint. You can have everything that it missed sent then.\n\n"
        f"{deps.base_url}/dashboard\n"
    )
    for recipient in notifications.recipients(session, endpoint.merchant_id, TOLD_OF_TROUBLE):
        notifications.queue_mail(
            session,
            deps,
            endpoint.merchant_id,
            kind="endpoint_disabled",
            recipient=recipient,
            subject=f"A webhook endpoint of {name} was disabled",
            body=body,
        )
