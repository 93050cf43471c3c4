"""What is held for deliveries: the list, its sums, and one hold with everything that left it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true

from app.domain.escrow import as_sentence, shared, whole_release
from app.domain.money import Money
from app.reports.labels import Label, escrow_label
from app.reports.paging import Count, Cursor, Page, count_each, fetch
from app.store.db import db
from app.store.escrow import (
    OPEN,
    ConnectedSeller,
    EscrowHold,
    EscrowRelease,
    Transfer,
    done_milestones,
)
from app.store.merchants import Merchant
from app.store.payments import PaymentRow

TABS = ("open", "due", "frozen", "over", "all")
SOON = timedelta(days=7)
_HELD = (*OPEN, "frozen")


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller of the platform."""

    id: str
    name: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold in a list."""

    id: str
    payment_id: str
    description: str
    left: Money
    held: Money
    released: Money
    refunded: Money
    label: Label
    frozen_reason: str
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One milestone: `amount` is what it came to, or would come to now."""

    name: str
    seller: str
    amount: Money
    is_done: bool


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One seller's part of a release."""

    id: str
    seller: str
    amount: Money
    commission: Money
    reversed: Money
    milestone: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class HoldDetail:
    """A hold with everything that left it. `planned`: who gets what when all is released."""

    id: str
    payment_id: str
    label: Label
    held: Money
    left: Money
    released: Money
    refunded: Money
    is_frozen: bool
    frozen_reason: str
    due_at: datetime | None
    steps: tuple[Step, ...]
    planned: tuple[tuple[str, Money], ...]
    transfers: tuple[TransferLine, ...]

    @property
    def commission(self) -> Money:
        """What the releases left to the platform."""
        return sum((one.commission for one in self.transfers), Money.zero(self.held.currency))

    @property
    def with_sellers(self) -> dict[str, Money]:
        """By seller, what they got and did not give back."""
        found: dict[str, Money] = {}
        for one in reversed(self.transfers):
            kept = found.get(one.seller, Money.zero(one.amount.currency))
            found[one.seller] = kept + one.amount - one.reversed
        return {seller: amount for seller, amount in found.items() if amount}

    @property
    def sent(self) -> Money:
        """What the sellers have of it, together."""
        return sum(self.with_sellers.values(), Money.zero(self.held.currency))

    @property
    def can_release(self) -> bool:
        """Whether something is held and nothing forbids its release."""
        return bool(self.left) and not self.is_frozen


def sellers(merchant_id: str) -> list[Seller]:
    """The platform's active sellers by name."""
    query = (
        select(ConnectedSeller, Merchant.name)
        .join(Merchant, Merchant.id == ConnectedSeller.seller_merchant_id)
        .where(ConnectedSeller.merchant_id == merchant_id, ConnectedSeller.is_active)
        .order_by(Merchant.name, Merchant.id)
    )
    return [
        Seller(row.seller_merchant_id, name, row.commission_basis_points)
        for row, name in db.session.execute(query).all()
    ]


def release_days(merchant_id: str) -> int | None:
    """After how many days money goes by itself; None: never."""
    query = select(Merchant.escrow_release_days).where(Merchant.id == merchant_id)
    return db.session.execute(query).scalar_one()


def held_now(merchant_id: str) -> list[Money]:
    """What is held, by currency."""
    query = (
        select(
            EscrowHold.currency,
            func.sum(EscrowHold.held_minor - EscrowHold.released_minor - EscrowHold.refunded_minor),
        )
        .where(EscrowHold.merchant_id == merchant_id, EscrowHold.status.in_(_HELD))
        .group_by(EscrowHold.currency)
        .order_by(EscrowHold.currency)
    )
    return [Money(int(total), currency) for currency, total in db.session.execute(query).all()]


def holds(merchant_id: str, tab: str, cursor: Cursor, *, now: datetime) -> Page[HoldRow]:
    """One page of the merchant's holds, newest first."""
    query = (
        select(EscrowHold, PaymentRow.description)
        .join(
            PaymentRow,
            (PaymentRow.merchant_id == EscrowHold.merchant_id)
            & (PaymentRow.id == EscrowHold.payment_id),
        )
        .where(EscrowHold.merchant_id == merchant_id, _tab(tab, now))
    )
    return fetch(query, EscrowHold.id, cursor, lambda record: _row(record[0], record[1]))


def counts(merchant_id: str, *, now: datetime) -> dict[str, Count]:
    """How many holds each tab would show."""
    base: Select[Any] = select(EscrowHold.id).where(EscrowHold.merchant_id == merchant_id)
    return count_each({tab: base.where(_tab(tab, now)) for tab in TABS})


def _tab(tab: str, now: datetime) -> ColumnElement[bool]:
    return {
        "open": EscrowHold.status.in_(_HELD),
        "due": EscrowHold.status.in_(OPEN) & (EscrowHold.auto_release_at <= now + SOON),
        "frozen": EscrowHold.status == "frozen",
        "over": EscrowHold.status.not_in(_HELD),
    }.get(tab, true())


def _row(row: EscrowHold, description: str | None) -> HoldRow:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    return HoldRow(
        id=row.id,
        payment_id=row.payment_id,
        description=description or "",
        left=row.left,
        held=money(row.held_minor),
        released=money(row.released_minor),
        refunded=money(row.refunded_minor),
        label=escrow_label(row.status),
        frozen_reason=row.frozen_reason or "",
        due_at=row.auto_release_at if row.status in OPEN else None,
        created_at=row.created_at,
    )


def of_payment(merchant_id: str, payment_id: str) -> HoldDetail | None:
    """The hold of a payment, if anything was captured for it."""
    query = (
        select(EscrowHold)
        .where(EscrowHold.merchant_id == merchant_id, EscrowHold.payment_id == payment_id)
        .execution_options(populate_existing=True)
    )
    row = db.session.execute(query).scalar_one_or_none()
    return None if row is None else _detail(row)


def _detail(row: EscrowHold) -> HoldDetail:
    plan = row.as_planned
    done = done_milestones(db.session(), row.merchant_id, row.id)
    lines, amounts = _transfers(row)
    names = _names([*plan.sellers])
    parts = shared(row.left, [one for one in plan.milestones if one.name not in done])
    zero = Money.zero(row.currency)
    base = _row(row, None)
    return HoldDetail(
        id=row.id,
        payment_id=row.payment_id,
        label=base.label,
        held=base.held,
        left=base.left,
        released=base.released,
        refunded=base.refunded,
        is_frozen=row.status == "frozen",
        frozen_reason=as_sentence(base.frozen_reason) if base.frozen_reason else "",
        due_at=base.due_at,
        steps=tuple(
            Step(
                one.name,
                names.get(one.destination, one.destination),
                amounts.get(one.name, zero) if one.name in done else parts.get(one.name, zero),
                one.name in done,
            )
            for one in plan.milestones
        ),
        planned=tuple(
            (names.get(seller, seller), amount)
            for seller, amount in whole_release(row.left, plan, done)
        ),
        transfers=tuple(lines),
    )


def _transfers(row: EscrowHold) -> tuple[list[TransferLine], dict[str, Money]]:
    """Who got what, newest first; and what each milestone that was released came to."""
    query = (
        select(Transfer, EscrowRelease, Merchant.name)
        .join(
            EscrowRelease,
            (EscrowRelease.merchant_id == Transfer.merchant_id)
            & (EscrowRelease.id == Transfer.release_id),
        )
        .join(Merchant, Merchant.id == Transfer.seller_merchant_id)
        .where(Transfer.merchant_id == row.merchant_id, Transfer.hold_id == row.id)
        .order_by(Transfer.id.desc())
        .execution_options(populate_existing=True)
    )
    lines, amounts = [], {}
    for transfer, release, name in db.session.execute(query).all():
        lines.append(
            TransferLine(
                id=transfer.id,
                seller=name,
                amount=Money(transfer.amount_minor, row.currency),
                commission=Money(transfer.commission_minor, row.currency),
                reversed=Money(transfer.reversed_minor, row.currency),
                milestone=release.milestone or "",
                created_at=transfer.created_at,
            )
        )
        if release.milestone is not None:
            amounts[release.milestone] = Money(release.amount_minor, row.currency)
    return lines, amounts


def _names(ids: list[str]) -> dict[str, str]:
    query = select(Merchant.id, Merchant.name).where(Merchant.id.in_(ids))
    return {row.id: row.name for row in db.session.execute(query).all()}
