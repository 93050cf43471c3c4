"""Money at a processor beside what a payment's row holds, as far as it was told: a second object of one
payment, further captures of its own. As much of it as is there stands in suspense, for a human to explain.
"""

import logging

from app.domain import recipes
from app.domain.money import Money
from app.domain.outcomes import Captured, Outcome, RefundAccepted, Returned, Unknown
from app.domain.payments import Payment
from app.domain.postings import receivable
from app.domain.processor import ProcessorAccount, Query
from app.services.deps import Deps
from app.services.refund_rows import lock_payment
from app.store import inbox
from app.store.db import transaction
from app.store.ledger import book, booked_of_object
from app.store.payments import payment_named

log = logging.getLogger(__name__)


def hold_in_suspense(
    deps: Deps,
    account: ProcessorAccount,
    payment: Payment,
    found: Outcome,
    query: Query,
    *,
    cause: str,
) -> bool:
    """Book what the processor has of the object in `found` beyond what the books have of it, or less. `cause`
    names the news, of which this is booked once. Safe to repeat; False if more was told meanwhile.
    """
    if not isinstance(found, Captured | Returned):
        return True
    reference, amount = found.facts.reference, _told(found)
    given_back = _given_back(deps, account, reference, query)
    now = deps.clock.now()
    with transaction() as session:
        row = lock_payment(session, account.merchant_id, payment.id)
        # What is judged has to be all: an older judgement would take back what a later one has booked.
        if inbox.count_heard(session, account.id, query) != len(query.heard):
            return False
        # A payment's own object has its captures and refunds in that one's rows; another one has no rows.
        own = payment_named(session, account.merchant_id, account.id, reference)
        left = amount.amount_minor - (given_back if own is None else 0)
        booked = booked_of_object(
            session,
            account.merchant_id,
            receivable(account.processor),
            amount.currency,
            reference=reference,
            payment_id=own,
        )
        beyond = left - booked
        if beyond == 0:
            return True
        recipe = recipes.unmatched_receipt if beyond > 0 else recipes.unmatched_refund
        journal = recipe(
            account.processor,
            f"{reference}:{cause}",
            Money(abs(beyond), amount.currency),
            now.date(),
        )
        book(session, account.merchant_id, journal, payment_id=row.id, at=now)
    log.error("receipt.beside", extra={"reference": reference, "amount_minor": beyond})
    return True


def _told(found: Captured | Returned) -> Money:
    """How much is taken of the object as it stands."""
    if isinstance(found, Returned):
        return found.captured.amount - found.amount
    return Money(found.amount.amount_minor + found.beyond_minor, found.amount.currency)


def _given_back(deps: Deps, account: ProcessorAccount, reference: str, query: Query) -> int:
    """How much of the object went back to the customer."""
    known = deps.processors[account.processor].refunds_of(account, reference, query.heard)
    if isinstance(known, Unknown):
        raise ConnectionError(known.detail)
    settled = (one for one in known if isinstance(one, RefundAccepted) and one.is_settled)
    return sum(one.amount.amount_minor for one in settled)
