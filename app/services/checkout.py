"""The hosted checkout: one session, at most one payment, and always a true answer to "was money
taken?".

What the page shows is derived from the session's and the payment's rows at that moment: never from
the browser, never from the address.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.domain.declines import CUSTOMER_TEXT, CustomerText
from app.domain.errors import InvalidRequest, NotFound, OperationInProgress, UnexpectedState
from app.domain.ids import new_id, new_secret
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import CHECKOUT, CheckoutStatus, PaymentStatus
from app.services.accounts import account_of
from app.services.creation import CreatePayment, create_payment
from app.services.deps import Deps
from app.services.payments import ConfirmPayment, confirm_payment
from app.services.resolver import refresh
from app.store import payment_path
from app.store.db import db, end_read, transaction
from app.store.merchants import Merchant
from app.store.payments import CheckoutSession, Event, Operation, PaymentLink

_P = PaymentStatus

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
    """A checkout to be opened; the amount is the sum of its lines."""

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


@dataclass(frozen=True)
class PaySession:
    """The customer pressed Pay: a token of the processor's, and who they are."""

    session_id: str
    payment_method_token: str
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class CheckoutView:
    """All that the page may know. `phase` decides which of its faces is shown."""

    session_id: str
    merchant_id: str
    merchant_name: str
    merchant_brand: dict[str, Any]
    is_test: bool
    support_email: str
    line_items: list[dict[str, Any]]
    amount: Money
    status: str
    phase: str
    email: str | None
    locale: str | None
    processor: str
    publishable_key: str
    processor_js_url: str
    processor_origins: tuple[str, ...]
    client_secret: str | None
    decline: CustomerText | None
    success_url: str | None
    cancel_url: str | None
    submit_type: str
    payment_id: str | None
    receipt_number: str | None
    card_brand: str | None
    card_last4: str | None
    expires_at: datetime
    paid_at: datetime | None


def open_session(deps: Deps, command: OpenSession) -> str:
    """Open a checkout; gives its id, which is its unguessable address."""
    now = deps.clock.now()
    total = Money.zero(command.currency)
    for item in command.line_items:
        total += Money(item.unit_amount.amount_minor * item.quantity, command.currency)
    if not command.line_items:
        raise InvalidRequest("A checkout needs at least one line.", param="line_items")
    with transaction() as session:
        merchant = session.get_one(Merchant, command.merchant_id)
        session_id = new_secret(f"cs_{merchant.mode}")
        session.add(
            CheckoutSession(
                merchant_id=command.merchant_id,
                id=session_id,
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
                locale=command.locale,
                expires_at=command.expires_at or now + DEFAULT_LIFE,
                created_at=now,
                completed_at=None,
            )
        )
        session.add(
            session_event(deps, command.merchant_id, session_id, CHECKOUT.created, command.actor)
        )
    return session_id


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
        ),
    )


def state(deps: Deps, session_id: str) -> CheckoutView:
    """How the checkout stands now; raises NotFound."""
    row, merchant = _find(session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    return _view(deps, row, merchant, payment)


def session_of(merchant_id: str, session_id: str) -> tuple[CheckoutSession, Payment | None]:
    """A merchant's own checkout and its payment; raises NotFound for another's."""
    row, _ = _find(session_id)
    if row.merchant_id != merchant_id:
        raise NotFound("checkout session", session_id)
    return row, payment_path.load_by_session(merchant_id, session_id)


def pay(deps: Deps, command: PaySession) -> CheckoutView:
    """Take the payment, once. A second click, tab or reload finds the first one's state, never an
    error.
    """
    row, merchant = _find(command.session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    if _phase(deps, row, payment) not in ("form", "declined", "action"):
        return _view(deps, row, merchant, payment)
    if payment is not None and payment.status is _P.REQUIRES_ACTION and _was_sent(payment, command):
        # The same press again, arriving after the bank's question: the question stands.
        return _view(deps, row, merchant, payment)
    try:
        if payment is None:
            _first_try(deps, row, merchant, command)
        else:
            _further_try(deps, payment, command)
    except (OperationInProgress, UnexpectedState):
        # Another click or tab was first: its state is the answer.
        pass
    return state(deps, command.session_id)


def finish_authentication(deps: Deps, session_id: str) -> CheckoutView:
    """The customer came back from the bank's page: ask the processor, not the browser."""
    row, merchant = _find(session_id)
    payment = payment_path.load_by_session(row.merchant_id, row.id)
    if payment is not None and payment.status is _P.REQUIRES_ACTION:
        payment = refresh(deps, payment)
    return _view(deps, row, merchant, payment)


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


def _was_sent(payment: Payment, command: PaySession) -> bool:
    """Whether this very card token was tried for this payment already."""
    found = db.session.execute(
        select(Operation.id)
        .where(
            Operation.merchant_id == payment.merchant_id,
            Operation.payment_id == payment.id,
            Operation.payment_method_token == command.payment_method_token,
        )
        .limit(1)
    ).scalar()
    end_read()
    return found is not None


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
            description=row.description or merchant.name,
            customer_email=command.email or row.customer_email,
            customer_name=command.name,
            metadata=row.payment_metadata,
            return_url=f"{deps.base_url}/pay/{row.id}",
        ),
    )


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
        ),
    )


def _phase(deps: Deps, row: CheckoutSession, payment: Payment | None) -> str:
    status = payment.status if payment else _P.OPEN
    if status is _P.CAPTURED:
        return "paid"
    if status is _P.AUTHORIZED:
        return "authorized"
    if status in (_P.PROCESSING, _P.UNKNOWN):
        return "checking"
    if status is _P.CANCELED:
        return "canceled"
    is_over = row.status == CheckoutStatus.EXPIRED or row.expires_at <= deps.clock.now()
    if status is _P.EXPIRED or is_over:
        return "expired"
    if status is _P.REQUIRES_ACTION:
        return "action"
    return "declined" if status is _P.FAILED else "form"


def _view(
    deps: Deps, row: CheckoutSession, merchant: Merchant, payment: Payment | None
) -> CheckoutView:
    account = account_of(deps, row.merchant_id)
    processor = deps.processors[account.processor]
    phase = _phase(deps, row, payment)
    reason = payment.decline_reason if payment else None
    card = payment.card if payment else None
    return CheckoutView(
        session_id=row.id,
        merchant_id=merchant.id,
        merchant_name=merchant.name,
        merchant_brand=merchant.brand,
        is_test=merchant.mode == "test",
        support_email=merchant.support_email,
        line_items=row.line_items,
        amount=row.amount,
        status=row.status,
        phase=phase,
        email=(payment.customer_email if payment else None) or row.customer_email,
        locale=row.locale,
        processor=account.processor,
        publishable_key=account.publishable_key,
        processor_js_url=processor.js_url,
        processor_origins=processor.js_origins,
        client_secret=payment.client_secret if payment and phase == "action" else None,
        decline=CUSTOMER_TEXT[reason] if phase == "declined" and reason else None,
        success_url=row.success_url,
        cancel_url=row.cancel_url,
        submit_type=row.submit_type,
        payment_id=payment.id if payment else None,
        receipt_number=receipt_number(payment.id) if payment else None,
        card_brand=card.brand if card else None,
        card_last4=card.last4 if card else None,
        expires_at=row.expires_at,
        paid_at=payment.captured_at if payment else None,
    )


def receipt_number(payment_id: str) -> str:
    """A short number that a person can read out: the tail of the payment's id, in fours."""
    tail = payment_id[-12:].upper()
    return "-".join(tail[i : i + 4] for i in range(0, 12, 4))


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
