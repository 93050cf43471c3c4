"""What the checkout's page may know, and which of its faces it shows: derived from rows, at that moment.

What any page about one payment may know is here as well: the bank's question has a page of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.declines import CUSTOMER_TEXT, CustomerText
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import ProcessorAccount
from app.domain.states import CheckoutStatus, PaymentStatus
from app.services.accounts import account_of
from app.services.deps import Deps
from app.store.merchants import Merchant
from app.store.payments import CheckoutSession

_P = PaymentStatus


@dataclass(frozen=True)
class PaymentView:
    """What any page about one payment may know. `phase` decides which of its faces is shown."""

    merchant_id: str
    merchant_name: str
    merchant_brand: dict[str, Any]
    is_test: bool
    support_email: str
    amount: Money
    phase: str
    email: str | None
    processor: str
    publishable_key: str
    processor_js_url: str
    processor_origins: tuple[str, ...]
    client_secret: str | None
    payment_id: str | None
    receipt_number: str | None
    card_brand: str | None
    card_last4: str | None
    paid_at: datetime | None
    captured: Money | None
    refunded: Money | None


@dataclass(frozen=True)
class CheckoutView(PaymentView):
    """All that the checkout's page may know."""

    session_id: str
    line_items: list[dict[str, Any]]
    status: str
    locale: str | None
    decline: CustomerText | None
    success_url: str | None
    cancel_url: str | None
    submit_type: str
    expires_at: datetime


def phase_of(deps: Deps, row: CheckoutSession, payment: Payment | None) -> str:
    """Which of its faces the page shows; see CheckoutView."""
    status = payment.status if payment else _P.OPEN
    if status is _P.CAPTURED:
        return "returned" if payment and payment.needs_reversal else "paid"
    if status is _P.AUTHORIZED:
        return "canceled" if payment and payment.needs_reversal else "authorized"
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


def view_of(
    deps: Deps, row: CheckoutSession, merchant: Merchant, payment: Payment | None
) -> CheckoutView:
    """All that the page may know, from the rows as they stand."""
    account = account_of(deps, row.merchant_id)
    phase = phase_of(deps, row, payment)
    reason = payment.decline_reason if payment else None
    return CheckoutView(
        **common_facts(deps, merchant, account, payment, phase),
        session_id=row.id,
        line_items=row.line_items,
        amount=row.amount,
        status=row.status,
        email=(payment.customer_email if payment else None) or row.customer_email,
        locale=row.locale,
        decline=CUSTOMER_TEXT[reason] if phase == "declined" and reason else None,
        success_url=row.success_url,
        cancel_url=row.cancel_url,
        submit_type=row.submit_type,
        expires_at=row.expires_at,
    )


def common_facts(
    deps: Deps,
    merchant: Merchant,
    account: ProcessorAccount,
    payment: Payment | None,
    phase: str,
) -> dict[str, Any]:
    """The fields of PaymentView, but for the amount asked for and the e-mail address."""
    processor = deps.processors[account.processor]
    card = payment.card if payment else None
    return {
        "merchant_id": merchant.id,
        "merchant_name": merchant.name,
        "merchant_brand": merchant.brand,
        "is_test": merchant.mode == "test",
        "support_email": merchant.support_email,
        "phase": phase,
        "processor": account.processor,
        "publishable_key": account.publishable_key,
        "processor_js_url": processor.js_url,
        "processor_origins": processor.js_origins,
        "client_secret": payment.client_secret if payment and phase == "action" else None,
        "payment_id": payment.id if payment else None,
        "receipt_number": receipt_number(payment.id) if payment else None,
        "card_brand": card.brand if card else None,
        "card_last4": card.last4 if card else None,
        "paid_at": payment.captured_at if payment else None,
        "captured": _some(payment.captured_minor, payment) if payment else None,
        "refunded": _some(payment.refunded_minor, payment) if payment else None,
    }


def receipt_number(payment_id: str) -> str:
    """A short number that a person can read out: the tail of the payment's id, in fours."""
    tail = payment_id[-12:].upper()
    return "-".join(tail[i : i + 4] for i in range(0, 12, 4))


def _some(minor: int, payment: Payment) -> Money | None:
    return Money(minor, payment.currency) if minor else None
