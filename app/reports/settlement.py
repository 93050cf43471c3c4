"""What a payment was settled in: the rate with its id, both amounts, the fee, and what refunds cost."""

from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import select

from app.domain.fx import Rate, exchanged
from app.domain.money import Money
from app.domain.states import PaymentStatus, RefundStatus
from app.store import fx
from app.store.db import db
from app.store.merchants import Merchant
from app.store.payments import PaymentRow, Refund

SOURCES = {"ecb": "European Central Bank", "demo": "invented rates of the demo"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A payment in another currency than it was paid in; without a rate it waits for one. `refunded` is
    what its refunds took from the balance, each at the rate of its own day; those that failed took nothing.
    """

    currency: str
    given: Money
    rate: Rate | None = None
    gained: Money | None = None
    fee: Money | None = None
    net: Money | None = None
    taken_back: Money | None = None
    refunded: Money | None = None
    has_waiting_refund: bool = False

    @property
    def left(self) -> Money | None:
        """What it brought the balance until now; None while it waits for a rate."""
        if self.net is None or self.taken_back is None or self.refunded is None:
            return None
        return self.net - self.taken_back - self.refunded

    @property
    def source(self) -> str:
        """Who told the rate."""
        return SOURCES.get(self.rate.source, self.rate.source) if self.rate else ""


@dataclass(frozen=True, slots=True)
class RefundCost:
    """What a refund took from the balance in the currency of settlement; `gain` is below zero for a
    loss against the payment's own rate.
    """

    cost: Money
    gain: Money
    rate_id: str


@dataclass(frozen=True, slots=True)
class Choice:
    """In which currencies a merchant settles; `kept` is None while it keeps all."""

    default_currency: str
    kept: tuple[str, ...] | None
    newest_rates_of: date | None


def of_payment(row: PaymentRow, refunds: list[Refund]) -> Settled | None:
    """How the payment was settled, and its refunds; None where it stays in its own currency."""
    if row.settlement_currency is None:
        return None
    given = Money(row.captured_minor - row.fee_minor, row.currency)
    rate = fx.by_id(db.session(), row.fx_rate_id)
    if rate is None or row.settled_minor is None or row.fx_fee_minor is None:
        return Settled(row.settlement_currency, given)
    gained = Money(row.settled_minor, row.settlement_currency)
    fee = Money(row.fx_fee_minor, row.settlement_currency)
    nothing = Money.zero(row.settlement_currency)
    made = [one for one in refunds if one.status != RefundStatus.FAILED and one.settlement_currency]
    return Settled(
        row.settlement_currency,
        given,
        rate,
        gained,
        fee,
        gained - fee,
        # A bank takes back all that it paid, and the whole of it is changed back.
        taken_back=gained if row.status == PaymentStatus.RETURNED else nothing,
        refunded=Money(sum(one.settled_minor or 0 for one in made), nothing.currency),
        has_waiting_refund=any(one.settled_minor is None for one in made),
    )


def of_refund(refund: Refund, payment: Settled | None) -> RefundCost | None:
    """What the refund cost; None while it is not converted."""
    if payment is None or payment.rate is None or refund.settled_minor is None:
        return None
    cost = Money(refund.settled_minor, payment.currency)
    gain = exchanged(refund.net, payment.rate) - cost
    return RefundCost(cost, gain, refund.fx_rate_id or "")


def choice(merchant_id: str) -> Choice:
    """What the merchant chose, and how old the newest rate is."""
    merchant = db.session.get_one(Merchant, merchant_id, populate_existing=True)
    newest = db.session.execute(
        select(fx.FxRate.observed_at).order_by(fx.FxRate.observed_at.desc()).limit(1)
    ).scalar()
    chosen = merchant.settlement_currencies
    kept = None if chosen is None else tuple(chosen)
    # In UTC, as the day of a rate is told: `Rate.day`.
    return Choice(
        merchant.default_currency, kept, newest.astimezone(UTC).date() if newest else None
    )
