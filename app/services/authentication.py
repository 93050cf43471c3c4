"""The bank's question about a payment that a merchant's software made: asked on a page of ours.

There is no checkout behind it, so nothing else can be done there: the customer answers, and the
processor is asked what came of it.
"""

from dataclasses import dataclass

from app.domain.errors import NotFound
from app.domain.payments import Payment, is_accepted
from app.domain.states import PaymentStatus
from app.services.accounts import account_by_id
from app.services.checkout_view import PaymentView, common_facts, is_elsewhere, waiting_phase
from app.services.deps import Deps
from app.services.resolver import returned_from_bank
from app.store import payment_path, payment_reads
from app.store.db import db, end_read
from app.store.merchants import Merchant

_P = PaymentStatus

_PHASES = {
    _P.OPEN: "untried",
    _P.PROCESSING: "checking",
    _P.UNKNOWN: "checking",
    _P.REQUIRES_ACTION: "action",
    _P.AUTHORIZED: "authorized",
    _P.CAPTURED: "paid",
    _P.RETURNED: "taken_back",
    _P.FAILED: "failed",
    _P.CANCELED: "canceled",
    _P.EXPIRED: "expired",
}
# Money that came after the payment had ended goes back, or is let go.
_REVERSED = {"paid": "returned", "authorized": "canceled"}


@dataclass(frozen=True)
class AuthenticationView(PaymentView):
    """All that the page may know; `return_url` is the merchant's wish for this try."""

    return_url: str | None


def state(deps: Deps, merchant_id: str, payment_id: str) -> AuthenticationView:
    """How the payment stands now; raises NotFound, for a checkout's payment too."""
    return _view(deps, _load(merchant_id, payment_id))


def finish(
    deps: Deps, merchant_id: str, payment_id: str, details: str | None = None
) -> AuthenticationView:
    """The customer came back from the bank's or a provider's page: ask the processor, not the browser.

    `details` is what the browser brought for the processor, where it wants that.
    """
    payment = _load(merchant_id, payment_id)
    if payment.status is _P.REQUIRES_ACTION:
        payment = returned_from_bank(deps, payment, details)
    return _view(deps, payment)


def _load(merchant_id: str, payment_id: str) -> Payment:
    payment = payment_path.load(merchant_id, payment_id)
    if payment is None or payment.session_id is not None:
        raise NotFound("payment", payment_id)
    return payment


def _view(deps: Deps, payment: Payment) -> AuthenticationView:
    merchant = db.session.get_one(Merchant, payment.merchant_id)
    end_read()
    account = account_by_id(deps, payment.processor_account_id)
    phase = _PHASES[payment.status]
    if is_accepted(payment):
        phase = waiting_phase(payment) if payment.status is _P.REQUIRES_ACTION else "pending"
    if is_elsewhere(payment):
        phase = "redirect"
    if payment.needs_reversal:
        phase = _REVERSED.get(phase, phase)
    return AuthenticationView(
        **common_facts(deps, merchant, account, payment, phase),
        amount=payment.amount,
        # The address is not told to whoever holds the secret: the API keeps it from browsers too.
        email=None,
        return_url=payment_reads.return_url(payment.merchant_id, payment.attempt_id),
    )
