"""What a payment was settled in: the rate with its id, both amounts, the fee, and what refunds cost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain.fx import Rate, exchanged
from app.domain.money import Money
from app.store import fx
from app.store.db import db
from app.store.merchants import Merchant
from app.store.payments import PaymentRow, Refund

SOURCES = {"ecb": "European Central Bank", "demo": "invented rates of the demo"}


@dataclass(frozen=True, slots=True)
class Settled:
    """A payment in another currency than it was paid in; without a rate it waits for one."""

    currency: str
    given: Money
    rate: Rate | None = None
    gained: Money | None = None
    fee: Money | None = None
    net: Money | None = None

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
    newest_rate_at: datetime | None


def of_payment(row: PaymentRow) -> Settled | None:
    """How the payment was settled; None where it stays in its own currency."""
    if row.settlement_currency is None:
        return None
    given = Money(row.captured_minor - row.fee_minor, row.currency)
    rate = fx.by_id(db.session(), row.fx_rate_id)
    if rate is None or row.settled_minor is None or row.fx_fee_minor is None:
        return Settled(row.settlement_currency, given)
    gained = Money(row.settled_minor, row.settlement_currency)
    fee = Money(row.fx_fee_minor, row.settlement_currency)
    return Settled(row.settlement_currency, given, rate, gained, fee, gained - fee)


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
    return Choice(merchant.default_currency, None if chosen is None else tuple(chosen), newest)
