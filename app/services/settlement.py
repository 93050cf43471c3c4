"""Settlement: what a merchant does not settle in is changed when it is captured, at a stored rate.

Without a fresh rate the capture is recorded all the same, and its money waits in the currency it came
in; `conversions` changes it when there is a rate. So does a refund that nobody asked our leave for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.domain import recipes
from app.domain.clock import Clock
from app.domain.errors import StaleAmount
from app.domain.fees import PriceList
from app.domain.fx import Conversion, Rate, converted, cost, exchanged
from app.domain.money import Money
from app.domain.onward import goes_on
from app.domain.payments import Decision
from app.domain.recipes import PENDING, Journal
from app.services.deps import Deps
from app.services.fees import conversion_apart
from app.services.fx import fresh_rate, no_rate, settlement_of
from app.store import fx as store
from app.store.db import db, end_read
from app.store.payments import PaymentRow, Refund

CAPTURED, TAKEN_BACK = "payment_captured", "payment_returned"
# Whoever asks may be refused; the others tell of what has to go back anyway.
ASKED = ("merchant", "api")


def with_conversion(
    deps: Deps, prices: PriceList, judge: Callable[[PriceList], Decision]
) -> Decision:
    """What `judge` decides at these prices, with the conversion of what it captures if the merchant settles
    that elsewhere: then it is priced as converted, and only then.
    """
    decision = judge(prices)
    booked = {journal.event for journal in decision.journals}
    if CAPTURED not in booked:
        return _changed_back(deps, decision) if TAKEN_BACK in booked else decision
    payment = decision.after
    target = settlement_of(deps, payment.merchant_id).target(payment.currency)
    if target is None:
        return decision
    priced = judge(replace(prices, is_converting=True))
    return _converted(deps, prices, priced, target) or decision


def _converted(deps: Deps, prices: PriceList, decision: Decision, target: str) -> Decision | None:
    """The decision with its conversion, now or later; None if nothing would come of it."""
    payment = decision.after
    given = _pending_after(decision)
    if given.amount_minor <= 0 or goes_on(payment.escrow):
        return None  # What goes on to a seller goes on as it was paid.
    rate = fresh_rate(deps, payment.currency, target)
    if rate is None:
        return replace(decision, after=replace(payment, settlement_currency=target))
    apart = conversion_apart(deps, prices.named(payment.fee_schedule))
    made = converted(given, rate, fee_basis_points=apart)
    if made is None:
        return None  # Less than one unit would come of it: it stays as it was paid.
    today = deps.clock.now().date()
    on = max(payment.available_on or today, today)
    journals = (
        recipes.money_converted_out(payment.id, made.given, on),
        recipes.money_converted_in(payment.id, made.gained, made.fee, on),
    )
    return replace(
        decision,
        after=replace(payment, settlement_currency=target, **columns_of(made)),
        journals=decision.journals + journals,
    )


def _changed_back(deps: Deps, decision: Decision) -> Decision:
    """The decision with what a bank took back changed back, at the rate that it was changed at."""
    payment = decision.after
    if payment.settlement_currency is None:
        return decision
    if payment.fx_rate_id is None or payment.settled_minor is None:
        # It still waits for a rate, and now there is nothing left to be changed.
        return replace(decision, after=replace(payment, settlement_currency=None))
    today = deps.clock.now().date()
    on = max(payment.available_on or today, today)
    given = Money(payment.captured_minor - payment.fee_minor, payment.currency)
    gained = Money(payment.settled_minor, payment.settlement_currency)
    journals = (
        recipes.conversion_reversed_out(payment.id, gained, on),
        recipes.conversion_reversed_in(payment.id, given, on),
    )
    return replace(decision, journals=decision.journals + journals)


def columns_of(made: Conversion) -> dict[str, Any]:
    """The payment's columns of a conversion."""
    return {
        "fx_rate_id": made.rate_id,
        "settled_minor": made.gained.amount_minor,
        "fx_fee_minor": made.fee.amount_minor,
    }


def _pending_after(decision: Decision) -> Money:
    """What the decision's journals leave to the merchant, in the payment's currency."""
    currency = decision.after.currency
    total = Money.zero(currency)
    for journal in decision.journals:
        for posting in journal.postings:
            if posting.amount.currency == currency and PENDING in (posting.debit, posting.credit):
                total += posting.amount if posting.credit == PENDING else -posting.amount
    return total


@dataclass(frozen=True)
class RefundFx:
    """How a refund is taken from a balance in another currency: at `rate`, or later without one."""

    currency: str | None = None
    rate: Rate | None = None
    cost: Money | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """The refund's columns."""
        return {
            "settlement_currency": self.currency,
            "fx_rate_id": self.rate.id if self.rate else None,
            "settled_minor": self.cost.amount_minor if self.cost else None,
        }

    def journals(self, refund_id: str, amount: Money, clock: Clock) -> tuple[Journal, ...]:
        """What is paid, and what is bought for it."""
        if self.cost is None:
            return ()
        on, nothing = clock.now().date(), Money.zero(amount.currency)
        return (
            recipes.money_converted_out(refund_id, self.cost, on),
            recipes.money_converted_in(refund_id, amount, nothing, on),
        )


def refund_fx(payment: PaymentRow, amount: Money, rate: Rate | None) -> RefundFx:
    """How the `amount` that a refund takes from the merchant is settled: what the fee gives back is in the
    payment's currency already. Money that is not converted yet goes back as it came.
    """
    if payment.settlement_currency is None or not amount:
        return RefundFx()
    if payment.fx_rate_id is None or rate is None:
        return RefundFx(payment.settlement_currency)
    return RefundFx(payment.settlement_currency, rate, cost(amount, rate))


@dataclass(frozen=True)
class RefundQuote:
    """What a refund would take from the balance now; `gain` is below zero for a loss against the rate
    at which the payment was converted.
    """

    cost: Money
    gain: Money
    rate: Rate


def quote_refund(
    deps: Deps, merchant_id: str, payment_id: str, amount: Money
) -> RefundQuote | None:
    """What taking `amount` for a refund costs now; None for a payment that was not converted.

    Raises RateUnavailable, as the refund would.
    """
    rate = rate_of_payment(deps, merchant_id, payment_id)
    payment = db.session.get_one(PaymentRow, (merchant_id, payment_id))
    then = store.by_id(db.session(), payment.fx_rate_id)
    end_read()
    if then is None or payment.settlement_currency is None or not amount:
        return None
    if rate is None:
        raise no_rate(deps, payment.currency, payment.settlement_currency)
    price = cost(amount, rate)
    return RefundQuote(price, exchanged(amount, then) - price, rate)


def rate_of_payment(deps: Deps, merchant_id: str, payment_id: str) -> Rate | None:
    """Today's rate for a payment that is settled in another currency, if there is a fresh one.

    Not to be called inside a unit of work.
    """
    payment = db.session.get(PaymentRow, (merchant_id, payment_id), populate_existing=True)
    end_read()
    if payment is None or payment.settlement_currency is None:
        return None
    return fresh_rate(deps, payment.currency, payment.settlement_currency)


def settled(
    deps: Deps,
    payment: PaymentRow,
    rate: Rate | None,
    amount: Money,
    origin: str,
    seen: str | None,
) -> RefundFx:
    """As `refund_fx`, for a command: whoever asks is refused where there is no fresh rate, or where
    it is no longer the one that they saw. Raises RateUnavailable or StaleAmount.
    """
    if payment.fx_rate_id is not None and payment.settlement_currency is not None:
        if rate is None and origin in ASKED:
            raise no_rate(deps, payment.currency, payment.settlement_currency)
        if rate is not None and seen not in (None, rate.id):
            raise StaleAmount(
                "The exchange rate changed while you were looking. Check what the refund costs now.",
                param="amount",
            )
    return refund_fx(payment, amount, rate)


def reversal(refund: Refund, clock: Clock) -> tuple[Journal, ...]:
    """A refund that did not happen is changed back at the rate that it was changed at."""
    if refund.settlement_currency is None or refund.settled_minor is None:
        return ()
    on = clock.now().date()
    paid = Money(refund.settled_minor, refund.settlement_currency)
    return (
        recipes.conversion_reversed_out(refund.id, refund.net, on),
        recipes.conversion_reversed_in(refund.id, paid, on),
    )
