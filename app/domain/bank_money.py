"""Money that customers send by bank: what each fact that a processor tells of it means for the books.

The processor keeps a balance for each payer. What it says of that balance is a list of facts, each with a
name of its own, in the order in which they happened; nothing else books this money. That it was set aside
for a payment is a fact too, but moves nothing before the payment's whole amount is there: see
`payments.decide`.
"""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from app.domain import recipes_customers
from app.domain.bank_facts import BankFact, FactKind
from app.domain.methods import Flow, method_of
from app.domain.money import Money
from app.domain.payment import EventDraft, Payment
from app.domain.processor import ActionRequired, Captured, Outcome
from app.domain.recipes import Journal, unmatched_receipt, unmatched_refund

PARTLY_FUNDED = "payment.partially_funded"
# These only say what a part of the balance is for.
_NOTES = (FactKind.APPLIED, FactKind.UNAPPLIED)

_Recipe = Callable[[str, str, Money, date], Journal]
_BOOKED: Mapping[tuple[bool, bool], _Recipe] = MappingProxyType(
    {
        (True, True): recipes_customers.bank_money_received,
        (True, False): recipes_customers.bank_money_returned,
        (False, True): unmatched_receipt,
        (False, False): unmatched_refund,
    }
)


def journal_of(fact: BankFact, processor: str, *, is_known: bool, on: date) -> Journal | None:
    """How a fact is booked; None for a mere note. Nobody's money is for a human to explain."""
    if fact.kind in _NOTES or not fact.amount:
        return None
    comes = fact.amount.amount_minor > 0
    recipe = _BOOKED[is_known, comes]
    return recipe(processor, fact.external_id, fact.amount if comes else -fact.amount, on)


def is_transfer(method: str) -> bool:
    """Whether the customer sends the money themselves."""
    return method_of(method).flow is Flow.TRANSFER


def payer_of(payment: Payment, outcome: Outcome) -> str | None:
    """Whose balance has to be heard of before the outcome is written; None where no money of one is in it."""
    if not isinstance(outcome, Captured | ActionRequired):
        return None
    method = outcome.method
    if method is None or not is_transfer(method.name):
        return None
    if isinstance(outcome, ActionRequired) and not came(payment, outcome):
        return None
    payer: str | None = method.details.get("payer")
    return payer


def due(payment: Payment) -> Money:
    """What is still to come of a payment that waits for a transfer."""
    left = (payment.action or {}).get("remaining_minor", payment.amount.amount_minor)
    return Money(int(left), payment.currency)


def came(payment: Payment, outcome: ActionRequired) -> Money:
    """How much more there is than we know of. Older news says less, so it says nothing."""
    left = outcome.details.get("remaining_minor")
    if left is None:
        return Money.zero(payment.currency)
    return Money(max(0, due(payment).amount_minor - int(left)), payment.currency)


def progress(payment: Payment, outcome: ActionRequired) -> tuple[EventDraft, ...]:
    """The event of a part that came, if one did."""
    more = came(payment, outcome)
    if not more:
        return ()
    left = int(outcome.details["remaining_minor"])
    data = {
        "amount_minor": more.amount_minor,
        "currency": more.currency,
        "remaining_minor": left,
    }
    return (EventDraft(PARTLY_FUNDED, data),)


def applied(payment: Payment, method: str, amount: Money, on: date) -> tuple[Journal, ...]:
    """The customer's own money pays for the payment that is captured with it."""
    if not is_transfer(method):
        return ()
    return (recipes_customers.bank_money_applied(payment.processor, payment.id, amount, on),)
