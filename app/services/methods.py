"""Kept cards: keeping one, dropping one, and what a payment means by the card that it names.

Keeping a card moves no money, so there is no intent to record: the processor is asked under a key
derived from our id, and what it kept is written afterwards. A repeat finds what the first one did.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.declines import customer_text
from app.domain.errors import (
    CardDeclined,
    InvalidRequest,
    MethodNotTheirs,
    MethodUnusable,
    NotFound,
    ProcessorUnavailable,
)
from app.domain.kept import CustomerRequest, KeepRequest, Unkeepable
from app.domain.processor import Declined, Kept, ProcessorAccount, Unknown
from app.services import customers
from app.services.accounts import account_of
from app.services.customers import CreateCustomer
from app.services.deps import Deps
from app.store.customers import Customer, CustomerReference, NamedCard, PaymentMethod, named_card
from app.store.db import db, end_read, transaction
from app.store.outbox import emit

USED = (
    "The provided PaymentMethod was previously used without being attached to a Customer or was "
    "detached from a Customer, and may not be used again."
)
TAKEN = "The payment method you provided has already been attached to a customer."
NOT_KEPT = (
    "The payment method you provided is not attached to a customer so detachment is impossible."
)
NO_ANSWER = "The card processor did not answer. Try again."


@dataclass(frozen=True)
class KeepMethod:
    """Keep the card behind a token for a customer, under an id that the caller gives."""

    merchant_id: str
    customer_id: str
    method_id: str
    token: str
    actor: str


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """What a payment is to be paid with; without an id it is a token that is good for one try."""

    token: str
    payment_method_id: str | None = None
    customer_reference: str | None = None


def method_for_payment(
    deps: Deps, merchant_id: str, text: str, customer_id: str | None
) -> MethodChoice:
    """What a payment's card means: a kept one (by our id or the processor's token), or a token.

    Raises MethodNotTheirs for another customer's card, MethodUnusable for one that was used up.
    """
    return choose(find_named(deps, merchant_id, text), text, customer_id)


def find_named(deps: Deps, merchant_id: str, text: str) -> NamedCard:
    """What is known of the card that a text names; whose it may be is judged by `choose`."""
    return named_card(merchant_id, account_of(deps, merchant_id).id, text)


def choose(named: NamedCard, text: str, customer_id: str | None) -> MethodChoice:
    """What a payment of this customer is paid with, by the card that the text names; raises as
    `method_for_payment`.
    """
    _must_be_fresh(named)
    if named.id is None or named.token is None:
        return MethodChoice(text)
    if customer_id is None:
        raise MethodNotTheirs(
            f"The PaymentMethod you provided ({text}) is attached to a customer so for security "
            "purposes you must provide the customer in the request.",
            param="payment_method",
        )
    if named.customer_id != customer_id:
        raise MethodNotTheirs(
            f"The provided PaymentMethod {text} does not belong to the Customer {customer_id}. "
            "Provide that customer's own, or attach this one to them first.",
            param="payment_method",
        )
    return MethodChoice(named.token, named.id, named.customer_reference)


def keep_method(deps: Deps, command: KeepMethod) -> PaymentMethod:
    """Keep a card; the same token again gives the same row.

    Raises NotFound, MethodUnusable, CardDeclined, or ProcessorUnavailable when it is not known.
    """
    done = find(command.merchant_id, command.method_id)
    if done is not None:
        return done
    customer = customers.load(command.merchant_id, command.customer_id, param="customer")
    account = account_of(deps, command.merchant_id)
    named = named_card(command.merchant_id, account.id, command.token)
    _must_be_fresh(named)
    if named.id is not None:
        if named.customer_id != customer.id:
            raise MethodUnusable(TAKEN, param="payment_method")
        return load(command.merchant_id, named.id)
    reference = _known_as(deps, account, customer)
    kept = _kept(deps, account, command, reference)
    with transaction() as session:
        customers.locked(session, command.merchant_id, customer.id, param="customer")
        row = _insert(deps, session, command, account, kept)
    deps.queue.wake("events")
    return row


def create_with_card(
    deps: Deps, command: CreateCustomer, *, method_id: str, token: str, is_default: bool
) -> Customer:
    """A customer who begins with a kept card: both are written, or neither. Safe to repeat."""
    fields = customers.checked(command)
    done = customers.find(command.merchant_id, command.customer_id)
    if done is not None:
        return done
    account = account_of(deps, command.merchant_id)
    named = named_card(command.merchant_id, account.id, token)
    _must_be_fresh(named)
    if named.id is not None:
        raise MethodUnusable(TAKEN, param="payment_method")
    reference = _open(
        deps, account, command.customer_id, email=fields["email"], name=fields["name"]
    )
    keep = KeepMethod(command.merchant_id, command.customer_id, method_id, token, command.actor)
    kept = _kept(deps, account, keep, reference)
    with transaction() as session:
        customer = customers.insert_customer(deps, session, command)
        session.flush()
        _refer(deps, session, account, customer.id, reference)
        row = _insert(deps, session, keep, account, kept)
        if is_default:
            customer.default_payment_method_id = row.id
    deps.queue.wake("events")
    return customer


def drop_method(deps: Deps, merchant_id: str, method_id: str, actor: str) -> PaymentMethod:
    """Drop a kept card: the processor forgets it first, so this can be repeated.

    Raises NotFound, MethodUnusable if it is nobody's, ProcessorUnavailable when it is not known.
    """
    method = load(merchant_id, method_id)
    customer_id = method.customer_id
    if customer_id is None:
        raise not_kept()
    customers.drop_at_processor(deps, method)
    with transaction() as session:
        # The customer first, as everywhere: two who lock in one order never wait for each other.
        customer = session.get(Customer, (merchant_id, customer_id), with_for_update=True)
        row = session.get_one(PaymentMethod, (merchant_id, method_id), with_for_update=True)
        if row.customer_id is not None:
            if customer is not None and customer.default_payment_method_id == method_id:
                customer.default_payment_method_id = None
            customers.detach_row(deps, session, row, actor)
    deps.queue.wake("events")
    return row


def not_kept() -> MethodUnusable:
    """The error about dropping what nobody keeps."""
    return MethodUnusable(NOT_KEPT, param="payment_method")


def load(merchant_id: str, method_id: str) -> PaymentMethod:
    """A kept card, or one that was; raises NotFound."""
    row = find(merchant_id, method_id)
    if row is None:
        raise NotFound("payment method", method_id)
    return row


def find(merchant_id: str, method_id: str) -> PaymentMethod | None:
    """A kept card, or one that was."""
    row = db.session.execute(
        select(PaymentMethod)
        .where(PaymentMethod.merchant_id == merchant_id, PaymentMethod.id == method_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    end_read()
    return row


def by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[PaymentMethod]:
    """These of a merchant's kept cards, dropped or not."""
    rows = db.session.execute(
        select(PaymentMethod).where(
            PaymentMethod.merchant_id == merchant_id, PaymentMethod.id.in_(ids)
        )
    ).scalars()
    found = rows.all()
    end_read()
    return found


def _must_be_fresh(named: NamedCard) -> None:
    was_dropped = named.id is not None and named.customer_id is None
    if was_dropped or (named.id is None and named.was_charged):
        raise MethodUnusable(USED, param="payment_method")


def reference_of(deps: Deps, merchant_id: str, customer_id: str) -> str:
    """What the processor calls a customer; raises NotFound, or ProcessorUnavailable when it is not known."""
    customer = customers.load(merchant_id, customer_id, param="customer")
    return _known_as(deps, account_of(deps, merchant_id), customer)


def _known_as(deps: Deps, account: ProcessorAccount, customer: Customer) -> str:
    """What the processor calls the customer; stored as soon as it is known."""
    key = (customer.merchant_id, customer.id, account.id)
    known = db.session.get(CustomerReference, key)
    end_read()
    if known is not None:
        return known.processor_reference
    reference = _open(deps, account, customer.id, email=customer.email, name=customer.name)
    with transaction() as session:
        return _refer(deps, session, account, customer.id, reference)


def _open(
    deps: Deps, account: ProcessorAccount, customer_id: str, *, email: str | None, name: str | None
) -> str:
    request = CustomerRequest(
        account.merchant_id, customer_id, email, name, f"{customer_id}:customer"
    )
    outcome = deps.processors[account.processor].open_customer(account, request)
    if isinstance(outcome, Unknown):
        raise ProcessorUnavailable(NO_ANSWER)
    return outcome.reference


def _refer(
    deps: Deps, session: Session, account: ProcessorAccount, customer_id: str, reference: str
) -> str:
    """Write what the processor calls the customer; of two who asked at once, the first counts."""
    session.execute(
        insert(CustomerReference)
        .values(
            merchant_id=account.merchant_id,
            customer_id=customer_id,
            processor_account_id=account.id,
            processor_reference=reference,
            created_at=deps.clock.now(),
        )
        .on_conflict_do_nothing()
    )
    key = (account.merchant_id, customer_id, account.id)
    return session.get_one(CustomerReference, key).processor_reference


def _kept(deps: Deps, account: ProcessorAccount, command: KeepMethod, reference: str) -> Kept:
    """Ask the processor to keep the card; raises what the caller is told."""
    request = KeepRequest(reference, command.token, f"{command.method_id}:keep")
    match deps.processors[account.processor].keep_method(account, request):
        case Kept() as kept:
            return kept
        case Declined(reason=reason):
            words = customer_text(reason)
            raise CardDeclined(f"{words.title}. {words.text}", reason=reason)
        case Unkeepable("absent"):
            error = NotFound("payment method", command.token)
            error.param = "payment_method"
            raise error
        case Unkeepable("used"):
            raise MethodUnusable(USED, param="payment_method")
        case Unkeepable("taken"):
            raise MethodUnusable(TAKEN, param="payment_method")
        case Unkeepable():
            raise InvalidRequest("This payment method cannot be kept.", param="payment_method")
        case _:
            raise ProcessorUnavailable(NO_ANSWER)


def _insert(
    deps: Deps, session: Session, command: KeepMethod, account: ProcessorAccount, kept: Kept
) -> PaymentMethod:
    """The row, once per token; raises MethodUnusable if another customer's was first."""
    card = kept.card
    values = {
        PaymentMethod.merchant_id: command.merchant_id,
        PaymentMethod.id: command.method_id,
        PaymentMethod.customer_id: command.customer_id,
        PaymentMethod.processor: account.processor,
        PaymentMethod.processor_account_id: account.id,
        PaymentMethod.processor_token: kept.token,
        PaymentMethod.card_brand: card.brand,
        PaymentMethod.card_last4: card.last4,
        PaymentMethod.card_exp_month: card.exp_month,
        PaymentMethod.card_exp_year: card.exp_year,
        PaymentMethod.card_country: card.country or None,
        PaymentMethod.card_funding: card.funding or None,
        PaymentMethod.card_fingerprint: card.fingerprint or None,
        PaymentMethod.card_cvc_check: card.cvc_check or None,
        PaymentMethod.card_postal_check: card.postal_check or None,
        PaymentMethod.card_wallet: card.wallet or None,
        PaymentMethod.card_device_last4: card.device_last4 or None,
        PaymentMethod.billing_details: dict(kept.billing),
        PaymentMethod.metadata_: {},
        PaymentMethod.created_at: deps.clock.now(),
    }
    made = session.execute(
        insert(PaymentMethod).values(values).on_conflict_do_nothing().returning(PaymentMethod.id)
    ).scalar()
    row = session.execute(
        select(PaymentMethod).where(
            PaymentMethod.merchant_id == command.merchant_id,
            PaymentMethod.processor_account_id == account.id,
            PaymentMethod.processor_token == kept.token,
        )
    ).scalar_one()
    if row.customer_id != command.customer_id:
        raise MethodUnusable(TAKEN if row.customer_id else USED, param="payment_method")
    if made is not None:
        data = {"customer_id": row.customer_id}
        emit(session, customers.method_event(deps, row, "method.kept", command.actor, data))
    return row
