"""Payouts, their terms and reserves, and the statement that finds the lines of a period.

The lines are found, claimed and told in one statement, so they are those of one moment. Only what came
since the last payout is looked at: movements whose day came since, and those that were written since.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.money import Money
from app.domain.payouts import NO_LINES, Found, Movements, Terms
from app.store.books import FEE, GROSS, OWN, sealed_to
from app.store.db import Base


class PayoutSettings(Base):
    """A merchant's terms in one currency, and when the schedule pays next."""

    __tablename__ = "payout_settings"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    schedule: Mapped[str]
    weekday: Mapped[int]
    monthday: Mapped[int]
    delay_days: Mapped[int]
    minimum_minor: Mapped[int]
    retained_minor: Mapped[int]
    reserve_basis_points: Mapped[int]
    reserve_days: Mapped[int]
    statement_descriptor: Mapped[str | None]
    next_on: Mapped[date | None]
    held_reason: Mapped[str | None]
    updated_at: Mapped[datetime]

    @property
    def terms(self) -> Terms:
        """The row as the domain reads it."""
        return Terms(
            schedule=self.schedule,
            weekday=self.weekday,
            monthday=self.monthday,
            delay_days=self.delay_days,
            minimum_minor=self.minimum_minor,
            retained_minor=self.retained_minor,
            reserve_basis_points=self.reserve_basis_points,
            reserve_days=self.reserve_days,
            statement_descriptor=self.statement_descriptor,
        )


class PayoutRow(Base):
    """One payout, and the sums that explain it. A currency's payouts are numbered without a gap."""

    __tablename__ = "payouts"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    status: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    opening_minor: Mapped[int]
    gross_minor: Mapped[int]
    fees_minor: Mapped[int]
    refunds_minor: Mapped[int]
    disputes_minor: Mapped[int]
    reserve_minor: Mapped[int]
    fx_minor: Mapped[int]
    transfers_minor: Mapped[int]
    returned_minor: Mapped[int]
    other_minor: Mapped[int]
    carried_minor: Mapped[int]
    line_count: Mapped[int]
    cut_on: Mapped[date]
    cut_seq: Mapped[int]
    is_automatic: Mapped[bool]
    bank_account_id: Mapped[str]
    statement_descriptor: Mapped[str | None]
    description: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    requested_by: Mapped[str]
    client_key: Mapped[str | None]
    rail: Mapped[str]
    rail_reference: Mapped[str | None]
    trace_id: Mapped[str | None]
    arrival_date: Mapped[date | None]
    failure_code: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def amount(self) -> Money:
        """What goes to the bank."""
        return Money(self.amount_minor, self.currency)


class PayoutLine(Base):
    """A movement and the one payout that it belongs to."""

    __tablename__ = "payout_lines"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    journal_id: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str]
    event: Mapped[str]
    gross_minor: Mapped[int]
    fee_minor: Mapped[int]


class ReserveRow(Base):
    """What a payout kept back, and until when."""

    __tablename__ = "reserves"

    merchant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    payout_id: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    release_on: Mapped[date]
    released_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def amount(self) -> Money:
        """What is kept back."""
        return Money(self.amount_minor, self.currency)


_CLAIM = f"""
    WITH edge AS MATERIALIZED (
        SELECT coalesce(max(sealed_seq), 0) AS seq FROM books WHERE merchant_id = :merchant_id
    ), ids AS (
        SELECT journal_id FROM postings
        WHERE merchant_id = :merchant_id AND debit IN {OWN} AND currency = :currency
          AND available_on > :last_cut AND available_on <= :today
        UNION
        SELECT journal_id FROM postings
        WHERE merchant_id = :merchant_id AND credit IN {OWN} AND currency = :currency
          AND available_on > :last_cut AND available_on <= :today
        UNION
        SELECT p.journal_id FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        WHERE j.merchant_id = :merchant_id AND j.seq > :last_seq AND p.currency = :currency
          AND p.available_on <= :last_cut AND (p.debit IN {OWN} OR p.credit IN {OWN})
    ), lines AS MATERIALIZED (
        SELECT p.journal_id, j.event, max(p.available_on) AS day,
               {GROSS} AS gross, {FEE} AS fee
        FROM ids
        JOIN journals j ON j.merchant_id = :merchant_id AND j.id = ids.journal_id
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        WHERE p.currency = :currency AND j.event NOT IN {NO_LINES}
          AND NOT EXISTS (
              SELECT FROM payout_lines l WHERE l.merchant_id = :merchant_id
                AND l.journal_id = ids.journal_id AND l.currency = :currency)
        GROUP BY p.journal_id, j.event
    ), claimed AS (
        INSERT INTO payout_lines (merchant_id, journal_id, currency, payout_id, event, gross_minor,
                                  fee_minor)
        SELECT :merchant_id, journal_id, :currency, :payout_id, event, gross, fee
        FROM lines WHERE day <= :cut AND (gross <> 0 OR fee <> 0)
        RETURNING event, gross_minor, fee_minor
    ), due AS (
        SELECT net_minor FROM pending_days
        WHERE merchant_id = :merchant_id AND currency = :currency AND available_on <= :today
          AND net_minor <> 0
        UNION ALL
        SELECT CASE WHEN p.credit = 'merchant_pending' THEN p.amount_minor ELSE -p.amount_minor END
        FROM journals j
        JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
        WHERE j.merchant_id = :merchant_id AND j.seq > :sealed
          AND j.seq > (SELECT seq FROM edge)
          AND p.currency = :currency AND p.available_on <= :today
          AND 'merchant_pending' IN (p.debit, p.credit)
    )
    SELECT 'attached' AS part, event, count(*) AS lines, sum(gross_minor)::bigint AS gross,
           sum(fee_minor)::bigint AS fee
    FROM claimed GROUP BY event
    UNION ALL
    SELECT 'left', event, count(*), sum(gross)::bigint, sum(fee)::bigint
    FROM lines WHERE day > :cut GROUP BY event
    UNION ALL
    SELECT 'due', NULL, 0, coalesce(sum(net_minor), 0)::bigint, 0 FROM due
    UNION ALL
    SELECT 'edge', NULL, 0, seq, 0 FROM edge
"""  # noqa: S608 - constants above


def claim_lines(  # noqa: PLR0913 - a period has two ends, and each has a day and a number
    session: Session,
    merchant_id: str,
    currency: str,
    payout_id: str,
    *,
    last: PayoutRow | None,
    cut: date,
    today: date,
    available_minor: int,
) -> tuple[Found, int]:
    """Claim what belongs to this period; gives what was found and up to which number it is complete.

    The caller holds the stored balance's row, so nobody moves available money meanwhile.
    """
    rows = session.execute(
        text(_CLAIM),
        {
            "merchant_id": merchant_id,
            "currency": currency,
            "payout_id": payout_id,
            "last_cut": last.cut_on if last else date.min,
            "last_seq": last.cut_seq if last else 0,
            "cut": cut,
            "today": today,
            "sealed": sealed_to(session, merchant_id),
        },
    ).all()
    parts: dict[str, list[Movements]] = {"attached": [], "left": []}
    due = edge = 0
    for row in rows:
        if row.part == "due":
            due = int(row.gross)
        elif row.part == "edge":
            edge = int(row.gross)
        else:
            parts[row.part].append(
                Movements(row.event, int(row.lines), int(row.gross), int(row.fee))
            )
    found = Found(tuple(parts["attached"]), tuple(parts["left"]), due, available_minor)
    return found, edge


def last_payout(session: Session, merchant_id: str, currency: str) -> PayoutRow | None:
    """The payout that ended the last period, whatever became of it."""
    return session.execute(
        select(PayoutRow)
        .where(PayoutRow.merchant_id == merchant_id, PayoutRow.currency == currency)
        .order_by(PayoutRow.number.desc())
        .limit(1)
    ).scalar_one_or_none()


def lock_period(session: Session, merchant_id: str, currency: str) -> None:
    """Two who pay out of one balance take turns."""
    session.execute(
        select(
            func.pg_advisory_xact_lock(func.hashtextextended(f"payout:{merchant_id}:{currency}", 0))
        )
    )


def on_its_way(session: Session, merchant_id: str, bank_account_id: str) -> bool:
    """Whether a payout to this account may still arrive."""
    found = session.execute(
        select(PayoutRow.id)
        .where(
            PayoutRow.merchant_id == merchant_id,
            PayoutRow.bank_account_id == bank_account_id,
            PayoutRow.status.in_(["pending", "unknown", "in_transit"]),
        )
        .limit(1)
    ).scalar()
    return found is not None


def ask_again(session: Session, merchant_id: str, payout_id: str, now: datetime) -> None:
    """The bank of a payout has news: it is asked after at once, however long it rests already."""
    session.execute(
        update(PayoutRow)
        .where(
            PayoutRow.merchant_id == merchant_id,
            PayoutRow.id == payout_id,
            PayoutRow.status.in_(["pending", "unknown", "in_transit", "paid"]),
        )
        .values(next_attempt_at=now)
    )
