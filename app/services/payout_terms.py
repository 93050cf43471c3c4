"""When and how a merchant is paid: terms for each currency, the schedule, and reserves that end.

The schedule's day is moved on together with the payout that it made, so of two jobs at once one pays.
What cannot be paid now (no bank account) keeps its day and says why; it is tried again at each run.
"""

import logging
from dataclasses import asdict, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import InvalidRequest
from app.domain.money import Money, currency_of
from app.domain.payouts import Terms, next_date
from app.services import audit
from app.services.audit import By
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount
from app.store.db import transaction
from app.store.ledger import book
from app.store.merchants import Merchant
from app.store.payouts import PayoutSettings, ReserveRow

log = logging.getLogger(__name__)

SCHEDULES = ("daily", "weekly", "monthly", "manual")
LONGEST_DELAY_DAYS = 90
LONGEST_RESERVE_DAYS = 365
LONGEST_DESCRIPTOR = 22


@dataclass(frozen=True)
class SetTerms:
    """What a merchant chooses of its terms in one currency; the reserve is the platform's to set."""

    merchant_id: str
    currency: str
    schedule: str
    by: By
    weekday: int = 1
    monthday: int = 1
    delay_days: int = 0
    minimum: Money | None = None
    retained: Money | None = None
    statement_descriptor: str | None = None


@dataclass(frozen=True)
class SetReserve:
    """Keep back `basis_points` of what is taken, for `days`; 0 keeps nothing back from now on."""

    merchant_id: str
    currency: str
    basis_points: int
    days: int
    by: By


def load_terms(session: Session, merchant_id: str, currency: str) -> Terms:
    """The terms in force; a merchant who chose none has the defaults."""
    row = session.get(PayoutSettings, (merchant_id, currency))
    return Terms() if row is None else row.terms


def set_terms(deps: Deps, command: SetTerms) -> None:
    """Change the schedule and its conditions; raises InvalidRequest. Safe to repeat."""
    _check(command)
    now = deps.clock.now()
    with transaction() as session:
        row = _locked(session, command.merchant_id, command.currency, now)
        before = asdict(row.terms)
        row.schedule = command.schedule
        row.weekday, row.monthday = command.weekday, command.monthday
        row.delay_days = command.delay_days
        row.minimum_minor = command.minimum.amount_minor if command.minimum else 0
        row.retained_minor = command.retained.amount_minor if command.retained else 0
        row.statement_descriptor = command.statement_descriptor or None
        today = _today(session, command.merchant_id, now)
        row.next_on = next_date(row.terms, today)
        _note(session, row, before, command.by, now)


def set_reserve(deps: Deps, command: SetReserve) -> None:
    """Change the rolling reserve; what is kept back already keeps its day. Raises InvalidRequest."""
    if not 0 <= command.basis_points <= 10_000:
        raise InvalidRequest("A reserve is between 0 and 10000 basis points.", param="basis_points")
    if not 1 <= command.days <= LONGEST_RESERVE_DAYS:
        raise InvalidRequest(
            f"A reserve is kept for 1 to {LONGEST_RESERVE_DAYS} days.", param="days"
        )
    currency = currency_of(command.currency).code
    now = deps.clock.now()
    with transaction() as session:
        row = _locked(session, command.merchant_id, currency, now)
        before = asdict(row.terms)
        row.reserve_basis_points, row.reserve_days = command.basis_points, command.days
        _note(session, row, before, command.by, now)


def _check(command: SetTerms) -> None:
    currency_of(command.currency)
    if command.schedule not in SCHEDULES:
        raise InvalidRequest("Choose how often you are paid.", param="schedule")
    if not 1 <= command.weekday <= 7:
        raise InvalidRequest("Choose a day of the week.", param="weekday")
    if not 1 <= command.monthday <= 31:
        raise InvalidRequest("Choose a day of the month.", param="monthday")
    if not 0 <= command.delay_days <= LONGEST_DELAY_DAYS:
        raise InvalidRequest(
            f"A delay is between 0 and {LONGEST_DELAY_DAYS} days.", param="delay_days"
        )
    for name, amount in (("minimum", command.minimum), ("retained", command.retained)):
        if amount is not None and amount.currency != command.currency:
            raise InvalidRequest(f"This amount must be in {command.currency}.", param=name)
    text = command.statement_descriptor or ""
    if len(text) > LONGEST_DESCRIPTOR or not (text.isascii() and text.isprintable()):
        raise InvalidRequest(
            f"What your bank statement shows has up to {LONGEST_DESCRIPTOR} plain characters.",
            param="statement_descriptor",
        )


def _locked(session: Session, merchant_id: str, currency: str, now: datetime) -> PayoutSettings:
    """The row, made with the defaults if need be, locked."""
    session.execute(
        insert(PayoutSettings)
        .values(merchant_id=merchant_id, currency=currency, schedule="daily", updated_at=now)
        .on_conflict_do_nothing()
    )
    return session.get_one(
        PayoutSettings, (merchant_id, currency), with_for_update=True, populate_existing=True
    )


def _note(
    session: Session, row: PayoutSettings, before: dict[str, object], by: By, now: datetime
) -> None:
    row.updated_at = now
    after = asdict(row.terms)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changed:
        audit.write(
            session,
            by,
            "payout_terms.changed",
            merchant_id=row.merchant_id,
            subject_id=row.currency,
            at=now,
            data=changed,
        )


def _today(session: Session, merchant_id: str, now: datetime) -> date:
    """The date in the merchant's zone."""
    zone = session.get_one(Merchant, merchant_id).timezone
    return now.astimezone(ZoneInfo(zone)).date()


def begin_schedules(deps: Deps) -> int:
    """Give every currency with a bank account its terms: daily, from tomorrow on. Safe to repeat."""
    now = deps.clock.now()
    with transaction() as session:
        rows = session.execute(
            select(BankAccount.merchant_id, BankAccount.currency, Merchant.timezone)
            .join(Merchant, Merchant.id == BankAccount.merchant_id)
            .outerjoin(
                PayoutSettings,
                (PayoutSettings.merchant_id == BankAccount.merchant_id)
                & (PayoutSettings.currency == BankAccount.currency),
            )
            .where(BankAccount.is_default, PayoutSettings.merchant_id.is_(None))
        ).all()
        for merchant_id, currency, zone in rows:
            today = now.astimezone(ZoneInfo(zone)).date()
            session.execute(
                insert(PayoutSettings)
                .values(
                    merchant_id=merchant_id,
                    currency=currency,
                    schedule="daily",
                    next_on=next_date(Terms(), today),
                    updated_at=now,
                )
                .on_conflict_do_nothing()
            )
    return len(rows)


def due_terms(deps: Deps) -> list[tuple[str, str]]:
    """Merchants and currencies whose day has come, in their own zones."""
    now = deps.clock.now()
    with transaction() as session:
        rows = session.execute(
            select(PayoutSettings, Merchant.timezone)
            .join(Merchant, Merchant.id == PayoutSettings.merchant_id)
            .where(
                PayoutSettings.schedule != "manual",
                # A zone may be a day ahead of UTC.
                PayoutSettings.next_on <= now.astimezone(ZoneInfo("Pacific/Kiritimati")).date(),
            )
            .order_by(PayoutSettings.merchant_id, PayoutSettings.currency)
        ).all()
    return [
        (row.merchant_id, row.currency)
        for row, zone in rows
        if row.next_on is not None and row.next_on <= now.astimezone(ZoneInfo(zone)).date()
    ]


def take_turn(
    session: Session, merchant_id: str, currency: str, now: datetime
) -> PayoutSettings | None:
    """The locked terms if their day has come and nobody paid for it, with their day moved on."""
    row = session.get(
        PayoutSettings, (merchant_id, currency), with_for_update=True, populate_existing=True
    )
    today = _today(session, merchant_id, now)
    if row is None or row.next_on is None or row.next_on > today:
        return None
    row.next_on = next_date(row.terms, today)
    row.held_reason = None
    row.updated_at = now
    return row


def hold_back(deps: Deps, merchant_id: str, currency: str, reason: str) -> None:
    """Say why a due payout was not made; its day stays."""
    with transaction() as session:
        row = session.get(PayoutSettings, (merchant_id, currency), with_for_update=True)
        if row is not None and row.held_reason != reason:
            row.held_reason = reason
            row.updated_at = deps.clock.now()


def release_reserves(deps: Deps, limit: int = 200) -> int:
    """Give back what was kept long enough; gives how many reserves. Safe to repeat, also at once."""
    now = deps.clock.now()
    with transaction() as session:
        due = session.execute(
            select(ReserveRow)
            .where(ReserveRow.released_at.is_(None), ReserveRow.release_on <= now.date())
            # In the order in which everybody takes balances, so that nobody waits in a ring.
            .order_by(ReserveRow.merchant_id, ReserveRow.currency, ReserveRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).scalars()
        count = 0
        for row in due:
            row.released_at = now
            journal = recipes.reserve_released(row.id, row.amount, now.date())
            book(session, row.merchant_id, journal, payment_id=None, at=now)
            count += 1
    return count
