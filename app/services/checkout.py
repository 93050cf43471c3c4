"""The hosted checkout: one session, at most one payment, and always a true answer to "was money
taken?".

What the page shows is derived from the session's and the payment's rows at that moment: never from
the browser, never from the address.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.bank_money import is_transfer
from app.domain.errors import (
    IntegrityFailure,
    InvalidRequest,
    NotFound,
    OperationInProgress,
    UnexpectedState,
)
from app.domain.ids import new_id, new_secret
from app.domain.methods import CARD, kind_of
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import CHECKOUT, CheckoutStatus, PaymentStatus
from app.services.accounts import account_of
from app.services.checkout_tries import is_the_same_press, refuse_unworkable
from app.services.checkout_view import CheckoutView, phase_of, view_of
from app.services.creation import CreatePayment, create_payment
from app.services.deps import Deps
from app.services.methods import reference_of
from app.services.offers import asked_methods
from app.services.payments import ConfirmPayment, confirm_payment, refuse_inexact
from app.services.resolver import returned_from_bank
from app.store import payment_path
from app.store.db import db, end_read, transaction
from app.store.merchants import Merchant
from app.store.outbox import emit
from app.store.payments import CheckoutSession, Event, PaymentLink

_P = PaymentStatus

# Faces on which the customer may press Pay.
PAYABLE = ("form", "declined", "action", "redirect")
DEFAULT_LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class LineItem:
    """One line of the summary; `unit_amount` is Money."""

    name: str
    quantity: int
    unit_amount: Money
    description: str | None = None


@dataclass(frozen=True)
class OpenSession:
    """A checkout to be opened; the amount is the sum of its lines.

    `session_id` is given where the request may be repeated.
    """

    merchant_id: str
    line_items: tuple[LineItem, ...]
    currency: str
    actor: str
    success_url: str | None = None
    cancel_url: str | None = None
    customer_email: str | None = None
    client_reference_id: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    payment_metadata: dict[str, Any] = field(default_factory=dict)
    capture_method: str = "automatic"
    submit_type: str = "pay"
    locale: str | None = None
    expires_at: datetime | None = None
    payment_link_id: str | None = None
    customer_id: str | None = None
    session_id: str | None = None
    escrow: dict[str, Any] | None = None
    methods: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PaySession:
    """The customer pressed Pay: a method, a token of the processor's, and who they are. What is paid out of a
    wallet is a payment by card.

    `said` is what else the call has to say: the mandate, the country.
    """

    session_id: str
    payment_method_token: str
    email: str | None = None
    name: str | None = None
    method: str = CARD
    said: dict[str, Any] = field(default_factory=dict)


def open_session(deps: Deps, command: OpenSession) -> str:
    """Open a checkout; gives its id, which is its unguessable address.

    Raises AmountNotExact for a total that the merchant's processor cannot be asked for.
    """
    _refuse_inexact(deps, command)
    with transaction() as session:
        if command.session_id is not None:
            known = session.get(CheckoutSession, (command.merchant_id, command.session_id))
            if known is not None:
                return known.id
        return _open(deps, session, command).id


def _refuse_inexact(deps: Deps, command: OpenSession) -> None:
    try:
        account = account_of(deps, command.merchant_id)
    except NotFound:
        return  # A processor is connected later: it judges when somebody pays.
    refuse_inexact(deps, account.processor, _total(command), param="line_items")


def _total(command: OpenSession) -> Money:
    total = Money.zero(command.currency)
    for item in command.line_items:
        total += Money(item.unit_amount.amount_minor * item.quantity, command.currency)
    return total


def _open(deps: Deps, session: Session, command: OpenSession) -> CheckoutSession:
    now = deps.clock.now()
    if not command.line_items:
        raise InvalidRequest("A checkout needs at least one line.", param="line_items")
    total = _total(command)
    merchant = session.get_one(Merchant, command.merchant_id)
    is_held = command.capture_method == "manual" or command.escrow is not None
    opened = CheckoutSession(
        merchant_id=command.merchant_id,
        id=command.session_id or new_secret(f"cs_{merchant.mode}"),
        status=CheckoutStatus.OPEN,
        amount_minor=total.amount_minor,
        currency=command.currency,
        line_items=[_line(item) for item in command.line_items],
        capture_method=command.capture_method,
        submit_type=command.submit_type,
        customer_email=command.customer_email,
        success_url=command.success_url,
        cancel_url=command.cancel_url,
        client_reference_id=command.client_reference_id,
        description=command.description,
        metadata_=command.metadata,
        payment_metadata=command.payment_metadata,
        payment_link_id=command.payment_link_id,
        customer_id=command.customer_id,
        locale=command.locale,
        escrow=command.escrow,
        methods=asked_methods(command.methods, merchant, total, is_held=is_held),
        expires_at=command.expires_at or now + DEFAULT_LIFE,
        created_at=now,
        completed_at=None,
    )
    session.add(opened)
    emit(
        session,
        session_event(deps, command.merchant_id, opened.id, CHECKOUT.created, command.actor),
    )
    return opened


def open_from_link(deps: Deps, link_id: str) -> str:
    """Open a checkout from a payment link; raises NotFound if there is none or it was switched off."""
    link = db.session.execute(
        select(PaymentLink).where(PaymentLink.id == link_id, PaymentLink.is_active)
    ).scalar_one_or_none()
    end_read()
    if link is None:
        raise NotFound("payment link", link_id)
    amount = Money(link.amount_minor, link.currency)
    return open_session(
        deps,
        OpenSession(
            merchant_id=link.merchant_id,
            line_items=(LineItem(link.title, 1, amount),),
            currency=link.currency,
            actor="customer",
            payment_link_id=link.id,
            escrow=link.escrow,
        ),
    )


def state(deps: Deps, session_id: str) -> CheckoutView:
    """How the checkout stands now; raises NotFound."""
    row, merchant = _find(session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    return view_of(deps, row, merchant, payment)


def session_of(merchant_id: str, session_id: str) -> tuple[CheckoutSession, Payment | None]:
    """A merchant's own checkout and its payment; raises NotFound for another's."""
    row, _ = _find(session_id)
    if row.merchant_id != merchant_id:
        raise NotFound("checkout session", session_id)
    return row, payment_path.load_by_session(merchant_id, session_id)


def pay(deps: Deps, command: PaySession) -> CheckoutView:
    """Take the payment, once. A second click, tab or reload finds the first one's state, no error."""
    row, merchant = _find(command.session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    if phase_of(deps, row, payment) not in PAYABLE:
        return view_of(deps, row, merchant, payment)
    refuse_unworkable(deps, row, merchant, command.method, command.said)
    if payment and is_the_same_press(deps, payment, command.payment_method_token, command.said):
        # It arrives after the question of the bank or the provider: the question stands.
        return view_of(deps, row, merchant, payment)
    try:
        if payment is None:
            _first_try(deps, row, merchant, command)
        else:
            _further_try(deps, payment, command)
    except (OperationInProgress, UnexpectedState, IntegrityFailure):
        pass  # Another click or tab was first, or the rows have to be looked at: they are the answer.
    return state(deps, command.session_id)


def finish_authentication(deps: Deps, session_id: str, details: str | None = None) -> CheckoutView:
    """The customer came back from the bank's or a provider's page: ask the processor, not the browser.

    `details` is what the browser brought for the processor, where it wants that.
    """
    row, merchant = _find(session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    if payment is None or payment.status is not _P.REQUIRES_ACTION:
        return view_of(deps, row, merchant, payment)
    returned_from_bank(deps, payment, details)
    return state(deps, session_id)


def _find(session_id: str) -> tuple[CheckoutSession, Merchant]:
    found = db.session.execute(
        select(CheckoutSession, Merchant)
        .join(Merchant, Merchant.id == CheckoutSession.merchant_id)
        .where(CheckoutSession.id == session_id)
        .execution_options(populate_existing=True)
    ).first()
    end_read()
    if found is None:
        raise NotFound("checkout session", session_id)
    return found[0], found[1]


def _first_try(deps: Deps, row: CheckoutSession, merchant: Merchant, command: PaySession) -> None:
    create_payment(
        deps,
        CreatePayment(
            merchant_id=row.merchant_id,
            amount=row.amount,
            actor="customer",
            payment_method_token=command.payment_method_token,
            capture_method=row.capture_method,
            session_id=row.id,
            description=row.description or _what(row) or merchant.name,
            customer_email=command.email or row.customer_email,
            customer_name=command.name,
            customer_id=row.customer_id,
            metadata=row.payment_metadata,
            escrow=row.escrow,
            return_url=f"{deps.base_url}/pay/{row.id}",
            customer_reference=_payer(deps, row.merchant_id, row.customer_id, command.method),
            method_types=(kind_of(command.method),),
            said=command.said,
        ),
    )


def _payer(deps: Deps, merchant_id: str, customer_id: str | None, method: str) -> str | None:
    """Whose balance a transfer goes through: a known customer's own, else one for this payment alone."""
    if customer_id is None or not is_transfer(method):
        return None
    return reference_of(deps, merchant_id, customer_id)


def _what(row: CheckoutSession) -> str:
    """What was bought, in a few words, where the merchant gave none."""
    names = [str(item["name"]) for item in row.line_items]
    others = len(names) - 1
    return names[0][:200] + (f" and {others} more" if others else "") if names else ""


def _further_try(deps: Deps, payment: Payment, command: PaySession) -> None:
    confirm_payment(
        deps,
        ConfirmPayment(
            merchant_id=payment.merchant_id,
            payment_id=payment.id,
            payment_method_token=command.payment_method_token,
            actor="customer",
            return_url=f"{deps.base_url}/pay/{payment.session_id}",
            customer_email=command.email,
            customer_name=command.name,
            customer_reference=_payer(
                deps, payment.merchant_id, payment.customer_id, command.method
            ),
            method=kind_of(command.method),
            said=command.said,
        ),
    )


def _line(item: LineItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "description": item.description,
        "quantity": item.quantity,
        "unit_amount_minor": item.unit_amount.amount_minor,
        "amount_minor": item.unit_amount.amount_minor * item.quantity,
    }


def session_event(deps: Deps, merchant_id: str, session_id: str, name: str, actor: str) -> Event:
    """A draft of what happened to a checkout."""
    now = deps.clock.now()
    return Event(
        merchant_id=merchant_id,
        id=new_id("evt", now),
        name=name,
        subject_type="checkout",
        subject_id=session_id,
        payment_id=None,
        actor=actor,
        data={},
        event_at=now,
        created_at=now,
    )
