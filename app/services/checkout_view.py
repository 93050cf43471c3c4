"""What the checkout's page may know, and which of its faces it shows: derived from rows, at that moment.

What any page about one payment may know is here as well: the bank's question has a page of its own.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.bank_money import due
from app.domain.declines import CustomerText, customer_text
from app.domain.methods import CARD, Method, offered, with_forms
from app.domain.methods.facts import ActionKind
from app.domain.money import Money
from app.domain.payments import Payment, is_accepted
from app.domain.processor import ProcessorAccount
from app.domain.states import CheckoutStatus, PaymentStatus
from app.services.accounts import account_of
from app.services.deps import Deps
from app.store.merchants import Merchant
from app.store.payments import CheckoutSession

_P = PaymentStatus

# Faces on which the customer is asked for something by the processor's own script.
ASKED = ("action", "verify")


@dataclass(frozen=True)
class PaymentView:
    """What any page about one payment may know. `phase` decides which of its faces is shown."""

    merchant_id: str
    merchant_name: str
    merchant_brand: dict[str, Any]
    merchant_country: str
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
    wallet: str
    device_last4: str
    method: str
    method_details: dict[str, Any]
    action: dict[str, Any]
    returned_at: datetime | None
    paid_at: datetime | None
    captured: Money | None
    refunded: Money | None
    due: Money | None


@dataclass(frozen=True)
class CheckoutView(PaymentView):
    """All that the checkout's page may know."""

    session_id: str
    name: str | None
    line_items: list[dict[str, Any]]
    status: str
    locale: str | None
    decline: CustomerText | None
    success_url: str | None
    cancel_url: str | None
    submit_type: str
    expires_at: datetime
    methods: tuple[str, ...]
    is_held: bool
    today: date
    script_amount: int | None


def phase_of(deps: Deps, row: CheckoutSession, payment: Payment | None) -> str:
    """Which of its faces the page shows; see CheckoutView."""
    status = payment.status if payment else _P.OPEN
    if payment is not None and (status in _SETTLED or is_accepted(payment)):
        return _settled_phase(payment)
    if status in (_P.PROCESSING, _P.UNKNOWN):
        return "checking"
    if status is _P.FAILED and row.status == CheckoutStatus.COMPLETE:
        return "refused"
    is_over = row.status == CheckoutStatus.EXPIRED or row.expires_at <= deps.clock.now()
    if payment is not None and is_elsewhere(payment):
        # Until the processor has let go of it, the customer may still confirm on the provider's page.
        return "checking" if is_over else "redirect"
    if status is _P.EXPIRED or is_over:
        return "expired"
    if status is _P.REQUIRES_ACTION:
        return "action"
    return "declined" if status is _P.FAILED else "form"


def is_elsewhere(payment: Payment) -> bool:
    """Whether the customer was sent to a provider's page, where they may confirm without us."""
    is_asked = payment.status is _P.REQUIRES_ACTION
    return is_asked and (payment.action or {}).get("kind") == ActionKind.REDIRECT


_SETTLED = (_P.CAPTURED, _P.AUTHORIZED, _P.RETURNED, _P.CANCELED)


def _settled_phase(payment: Payment) -> str:
    """The face of what the customer can do nothing more about."""
    match payment.status:
        case _P.CAPTURED:
            return "returned" if payment.needs_reversal else "paid"
        case _P.AUTHORIZED:
            return "canceled" if payment.needs_reversal else "authorized"
        case _P.RETURNED:
            return "taken_back"
        case _P.REQUIRES_ACTION:
            return waiting_phase(payment)
        case _P.PROCESSING:
            return "pending"
    return "canceled"


def waiting_phase(payment: Payment) -> str:
    """The face of a payment whose customer has something to do in the days to come."""
    kind = (payment.action or {}).get("kind")
    return "transfer" if kind == ActionKind.TRANSFER else "verify"


def view_of(
    deps: Deps, row: CheckoutSession, merchant: Merchant, payment: Payment | None
) -> CheckoutView:
    """All that the page may know, from the rows as they stand."""
    account = account_of(deps, row.merchant_id)
    phase = phase_of(deps, row, payment)
    return CheckoutView(
        **common_facts(deps, merchant, account, payment, phase),
        session_id=row.id,
        name=payment.customer_name if payment else None,
        line_items=row.line_items,
        amount=row.amount,
        status=row.status,
        email=(payment.customer_email if payment else None) or row.customer_email,
        locale=row.locale,
        decline=_decline(payment) if phase == "declined" else None,
        success_url=row.success_url,
        cancel_url=row.cancel_url,
        submit_type=row.submit_type,
        expires_at=row.expires_at,
        methods=tuple(one.name for one in methods_of(deps, row, merchant)),
        is_held=_is_held(row),
        today=deps.clock.now().date(),
        script_amount=_script_amount(deps, account, row.amount),
    )


def _script_amount(deps: Deps, account: ProcessorAccount, amount: Money) -> int | None:
    """What the processor's script is told to show; None for an amount that cannot be charged at all."""
    processor = deps.processors[account.processor]
    return None if processor.amount_problem(amount) else processor.script_amount(amount)


def methods_of(
    deps: Deps, row: CheckoutSession, merchant: Merchant, country: str | None = None
) -> list[Method]:
    """The methods that can work for this checkout: of the merchant's, or of those that it was opened with,
    all that the merchant's processor takes.
    """
    on = merchant.methods
    allowed = on if row.methods is None else with_forms(row.methods, on)
    taken = deps.processors[account_of(deps, row.merchant_id).processor].methods
    able = [name for name in allowed if name in taken]
    return offered(able, row.amount, is_held=_is_held(row), country=country)


def _is_held(row: CheckoutSession) -> bool:
    """Whether the method must be able to hold: escrow takes none that a bank may take back for weeks."""
    return row.capture_method == "manual" or row.escrow is not None


def _decline(payment: Payment | None) -> CustomerText | None:
    if payment is None or payment.decline_reason is None:
        return None
    return customer_text(payment.decline_reason, payment.method)


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
        "merchant_country": merchant.country,
        "is_test": merchant.mode == "test",
        "support_email": merchant.support_email,
        "phase": phase,
        "processor": account.processor,
        "publishable_key": account.publishable_key,
        "processor_js_url": processor.js_url,
        "processor_origins": processor.js_origins,
        "client_secret": payment.client_secret if payment and phase in ASKED else None,
        "method": payment.method if payment else CARD,
        "method_details": payment.method_details if payment else {},
        "action": (payment.action if payment else None) or {},
        "returned_at": payment.returned_at if payment else None,
        "payment_id": payment.id if payment else None,
        "receipt_number": receipt_number(payment.id) if payment else None,
        "card_brand": card.brand if card else None,
        "card_last4": card.last4 if card else None,
        "wallet": card.wallet if card else "",
        "device_last4": card.device_last4 if card else "",
        "paid_at": payment.captured_at if payment else None,
        "captured": _some(payment.captured_minor, payment) if payment else None,
        "refunded": _some(payment.refunded_minor, payment) if payment else None,
        "due": due(payment) if payment and phase == "transfer" else None,
    }


def receipt_number(payment_id: str) -> str:
    """A short number that a person can read out: the tail of the payment's id, in fours."""
    tail = payment_id[-12:].upper()
    return "-".join(tail[i : i + 4] for i in range(0, 12, 4))


def _some(minor: int, payment: Payment) -> Money | None:
    return Money(minor, payment.currency) if minor else None
