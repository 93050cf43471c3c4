"""The books' own use-cases: releasing what has settled, and proving that everything adds up."""

from dataclasses import dataclass

from sqlalchemy import text

from app.domain import recipes
from app.domain.money import Money
from app.services.deps import Deps
from app.store.db import transaction
from app.store.ledger import book, stored_balance
from app.store.ledger_checks import CHECKS


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
    """
    today = deps.clock.now().date()
    with transaction() as session:
        books = session.execute(
            text("""
                SELECT DISTINCT merchant_id, currency FROM (
                    SELECT merchant_id, currency, available_on,
                           sum(CASE WHEN credit = 'merchant_pending' THEN amount_minor
                                    ELSE -amount_minor END) AS net
                    FROM postings
                    WHERE (credit = 'merchant_pending' OR debit = 'merchant_pending')
                      AND available_on <= :today
                    GROUP BY merchant_id, currency, available_on) AS days
                WHERE net <> 0
            """),
            {"today": today},
        ).all()
    for merchant_id, currency in books:
        _release(deps, merchant_id, currency)
    return len(books)


def _release(deps: Deps, merchant_id: str, currency: str) -> None:
    now = deps.clock.now()
    with transaction() as session:
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:book, 0))"),
            {"book": f"release:{merchant_id}:{currency}"},
        )
        stored_balance(session, merchant_id, recipes.AVAILABLE, currency)
        days = session.execute(
            text("""
                SELECT available_on,
                       sum(CASE WHEN credit = 'merchant_pending' THEN amount_minor
                                ELSE -amount_minor END)::bigint,
                       count(*) FILTER (WHERE j.event = 'funds_released')
                FROM postings p
                JOIN journals j ON j.merchant_id = p.merchant_id AND j.id = p.journal_id
                WHERE p.merchant_id = :m AND p.currency = :c AND available_on <= :today
                  AND (credit = 'merchant_pending' OR debit = 'merchant_pending')
                GROUP BY available_on
                HAVING sum(CASE WHEN credit = 'merchant_pending' THEN amount_minor
                                ELSE -amount_minor END) <> 0
                ORDER BY available_on
            """),
            {"m": merchant_id, "c": currency, "today": now.date()},
        ).all()
        for day, net, earlier in days:
            source = f"{currency}:{day.isoformat()}:{earlier + 1}"
            journal = recipes.funds_released(source, Money(net, currency), day)
            book(session, merchant_id, journal, payment_id=None, at=now)
