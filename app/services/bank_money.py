"""Money that customers send by bank, heard of and booked: each fact once, however often and in whatever
order it is told.

A webhook only says that there is something to hear. What is recorded is the processor's own list of what
happened to a payer's balance, from the last fact that we know, in its order; so the balance here is at every
moment one that it had there. Whoever writes that a payment was made from a balance hears of it first.
"""

import logging
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.bank_facts import BankFact, Owner
from app.domain.bank_money import journal_of, payer_of
from app.domain.ids import new_id
from app.domain.payments import Payment
from app.domain.processor import ActionRequired, Captured, Outcome, ProcessorAccount, Unknown
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.store.bank_money import BankPayer, PayerFact, last_fact, payer_by_reference
from app.store.customers import Customer
from app.store.db import transaction
from app.store.ledger import book
from app.store.payments import PaymentRow

log = logging.getLogger(__name__)


class NotHeard(ConnectionError):
    """The processor could not be asked: whoever came with news comes again later."""


def with_receipts(deps: Deps, payment: Payment, outcome: Outcome, *, is_answer: bool) -> Outcome:
    """The outcome, after what it is paid from was recorded; as an answer it is unknown until then.

    Raises NotHeard for news.
    """
    payer = payer_of(payment, outcome)
    if payer is None or not isinstance(outcome, Captured | ActionRequired):
        return outcome
    account = account_by_id(deps, payment.processor_account_id)
    try:
        # The payment may not know its own name there yet.
        hear(deps, account, payer, known={outcome.facts.reference: payment.id})
    except NotHeard as error:
        if not is_answer:
            raise
        return Unknown(str(error)) if isinstance(outcome, Captured) else outcome
    return outcome


def hear(
    deps: Deps, account: ProcessorAccount, reference: str, known: Mapping[str, str] | None = None
) -> None:
    """Record what happened to a payer's balance since we last heard; raises NotHeard. Safe to repeat.

    `known` are payments by the processor's names for them.
    """
    with transaction() as session:
        payer = payer_by_reference(session, account.merchant_id, account.id, reference)
        after = last_fact(session, payer) if payer is not None else None
    heard = deps.processors[account.processor].bank_money(account, reference, after)
    if isinstance(heard, Unknown):
        raise NotHeard(heard.detail)
    if payer is None:
        owner = heard.owner or Owner()
        if owner.merchant_id not in (None, account.merchant_id):
            return  # Two merchants may share an account there; each hears of its own customers.
        payer = _add_payer(deps, account, reference, owner)
    for fact in heard.facts:
        _record(deps, payer, fact, known or {})


def _add_payer(deps: Deps, account: ProcessorAccount, reference: str, owner: Owner) -> BankPayer:
    """The payer's row; of two who hear of a payer at once, one makes it."""
    now = deps.clock.now()
    with transaction() as session:
        customer_id, payment_id = _ours(session, account, owner)
        session.execute(
            insert(BankPayer)
            .values(
                merchant_id=account.merchant_id,
                id=new_id("bp", now),
                processor=account.processor,
                processor_account_id=account.id,
                processor_reference=reference,
                customer_id=customer_id,
                payment_id=payment_id,
                created_at=now,
            )
            .on_conflict_do_nothing()
        )
        payer = payer_by_reference(session, account.merchant_id, account.id, reference)
    if payer is None:
        raise AssertionError("a payer's row is there after it was inserted")
    return payer


def _ours(
    session: Session, account: ProcessorAccount, owner: Owner
) -> tuple[str | None, str | None]:
    """The owner in ids that are this merchant's own, else nobody."""
    if owner.merchant_id != account.merchant_id:
        return None, None
    if owner.customer_id is not None:
        customer = session.get(Customer, (account.merchant_id, owner.customer_id))
        return (customer.id, None) if customer else (None, None)
    payment = session.get(PaymentRow, (account.merchant_id, owner.payment_id or ""))
    return None, payment.id if payment else None


def _record(deps: Deps, payer: BankPayer, fact: BankFact, known: Mapping[str, str]) -> None:
    """One fact and its journal, or nothing where somebody else was first."""
    now = deps.clock.now()
    with transaction() as session:
        payment_id = _payment_of(session, payer, fact, known)
        made = session.execute(
            insert(PayerFact)
            .values(
                merchant_id=payer.merchant_id,
                id=new_id("bf", now),
                payer_id=payer.id,
                external_id=fact.external_id,
                kind=fact.kind,
                amount_minor=fact.amount.amount_minor,
                currency=fact.amount.currency,
                payment_id=payment_id,
                details=dict(fact.details),
                event_at=fact.at,
                created_at=now,
            )
            .on_conflict_do_nothing()
            .returning(PayerFact.id)
        ).scalar()
        if made is None:
            return
        journal = journal_of(fact, payer.processor, is_known=payer.is_known, on=now.date())
        if journal is not None:
            book(session, payer.merchant_id, journal, payment_id=payment_id, at=now)
    if not payer.is_known:
        log.error("bank_money.unmatched", extra={"fact": fact.external_id})


def _payment_of(
    session: Session, payer: BankPayer, fact: BankFact, known: Mapping[str, str]
) -> str | None:
    """The payment that a fact is about: the one it names, else its guest's."""
    name = fact.payment_reference
    if name is None:
        return payer.payment_id
    if name in known:
        return known[name]
    found: str | None = session.execute(
        select(PaymentRow.id).where(
            PaymentRow.merchant_id == payer.merchant_id,
            PaymentRow.processor_account_id == payer.processor_account_id,
            PaymentRow.processor_reference == name,
        )
    ).scalar()
    return found or payer.payment_id
