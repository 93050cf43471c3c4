"""The books' own use-cases: releasing what has settled, and proving that everything adds up."""

import logging
from dataclasses import dataclass

from sqlalchemy import text

from app.domain import recipes
from app.domain.money import Money
from app.services.books import close_books
from app.services.deps import Deps
from app.store.books import books_with_pending, pending_days
from app.store.db import transaction
from app.store.ledger import book, releases_of
from app.store.ledger_checks import CHECKS

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offence:
    """One broken invariant: which, its first offender, and how many there are."""

    check: str
    meaning: str
    offender: str
    count: int


def verify() -> list[Offence]:
    """Run every invariant as SQL over the whole ledger, in one snapshot; an empty list is the
    proof.
    """
    offences = []
    with transaction() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for name, (meaning, query) in CHECKS.items():
            rows = session.execute(
                text(f"SELECT offender, count(*) OVER () FROM ({query}) AS o (offender) LIMIT 1")  # noqa: S608 - our own constants
            ).first()
            if rows is not None:
                offences.append(Offence(name, meaning, str(rows[0]), int(rows[1])))
    return offences


def release_due(deps: Deps) -> int:
    """Move what has become available from pending, one posting per book, currency and day.

    Safe to repeat and to run twice at once: what remains of a day's pending money is what is moved.
    The books are closed first, since only what is sealed shows which book has something due.
    """
    close_books(deps)
    today = deps.clock.now().date()
    with transaction() as session:
        merchants = books_with_pending(session, today)
    moved = 0
    for merchant_id in merchants:
        try:
            moved += release_book(deps, merchant_id)
        except Exception:
            # One book that cannot be released is said aloud at each run, and holds up no other.
            log.exception("book.not_released", extra={"merchant": merchant_id})
    return moved


def release_book(deps: Deps, merchant_id: str) -> int:
    """Release a book's due days, sealed or not; gives in how many currencies something moved."""
    now = deps.clock.now()
    moved = set()
    with transaction() as session:
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:book, 0))"),
            {"book": f"release:{merchant_id}"},
        )
        # By currency: balances are taken in this order by everybody, so that nobody waits in a ring.
        for currency, day, net in sorted(pending_days(session, merchant_id)):
            if day > now.date():
                continue
            number = releases_of(session, merchant_id, currency, day) + 1
            source = f"{currency}:{day.isoformat()}:{number}"
            journal = recipes.funds_released(source, Money(net, currency), day)
            book(session, merchant_id, journal, payment_id=None, at=now)
            moved.add(currency)
    return len(moved)
