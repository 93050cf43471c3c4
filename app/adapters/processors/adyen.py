"""Adyen, spoken in our words. Its vocabulary ends in this file and those beside it.

Adyen cannot be asked what became of a payment. It tells, by signed notifications, and what was told is handed
to each question: `adyen_told` reads it. Captures, cancellations and refunds are only received by the call;
what became of them is told as well. A try is an object of its own there, which names the payment once it has
succeeded; a refused one leaves nothing behind.
"""

import logging
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.adapters.processors import adyen_http, adyen_kept, adyen_money, adyen_news, adyen_told
from app.adapters.processors import adyen_params as params
from app.adapters.processors import adyen_words as words
from app.adapters.processors.adyen_http import asked
from app.adapters.processors.adyen_money import NotOnTheWire, from_wire
from app.adapters.processors.origins import origins
from app.domain.bank_facts import BankMoney, ReturnRequest
from app.domain.declines import DeclineReason
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest
from app.domain.methods import CARD
from app.domain.money import Money
from app.domain.processor import (
    AbandonRequest,
    Absent,
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    Declined,
    FinishRequest,
    KeepOutcome,
    News,
    Outcome,
    Pending,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)

log = logging.getLogger(__name__)

# What Adyen's own script opens besides.
_TEST = ("https://*.adyen.com", "https://*.cdn.adyen.com")
WIDER = {
    "checkoutshopper-test.cdn.adyen.com": _TEST,
    "checkoutshopper-live.cdn.adyen.com": _TEST,
}
NOT_OFFERED = "bank transfers are not offered through Adyen"


class AdyenProcessor:
    """Cards through Adyen's Checkout API."""

    name = "adyen"
    methods = frozenset({CARD})
    is_told = True
    # Adyen knows a key for seven days at least.
    key_life = timedelta(days=6)
    news_answer: str | None = "[accepted]"

    def __init__(
        self, api_url: str, js_url: str, connect_seconds: float, read_seconds: float
    ) -> None:
        self.js_url = js_url
        self.js_origins = origins(js_url, api_url, WIDER)
        self._api_url = api_url
        self._timeout = (connect_seconds, read_seconds)
        self._apis: dict[str, Any] = {}
        self._lock = threading.Lock()

    def _api(self, account: ProcessorAccount) -> Any:
        """One client per key, so that two merchants' can never cross."""
        with self._lock:
            if account.secret_key not in self._apis:
                self._apis[account.secret_key] = adyen_http.checkout_api(
                    self._api_url, account.secret_key, self._timeout
                )
            return self._apis[account.secret_key]

    def amount_problem(self, amount: Money) -> str | None:
        """Why Adyen cannot be asked for exactly this amount; no network is used."""
        return adyen_money.problem(amount)

    def script_amount(self, amount: Money) -> int:
        """The amount in the units of Adyen's wire."""
        return int(adyen_money.to_wire(amount)["value"])

    def holds_secret(self, token: str) -> bool:
        """The fields that a browser sealed are a card, to whoever can open them."""
        return token.startswith(params.SEALED)

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """One try, on its own: an earlier one's object is never touched."""
        try:
            said = params.payment_params(account, request)
        except (NotOnTheWire, params.NotOffered) as error:
            # Raised before anything was asked.
            return Declined(DeclineReason.UNSUPPORTED, str(error))
        about = words.Asked(
            request.payment_id, request.amount, request.capture_now, request.created_at
        )
        api, key = self._api(account), request.idempotency_key
        return _paid(asked(lambda: api.payments_api.payments(said, key)), account, about)

    def finish(self, account: ProcessorAccount, request: FinishRequest) -> Outcome:
        """Take the bank's answer from the browser to Adyen."""
        try:
            said = params.details_params(request)
        except params.NotOffered as error:
            return Declined(DeclineReason.AUTHENTICATE, str(error))
        # Only the browser says that these details are of this payment: the answer has to say it too.
        about = words.Asked(
            request.payment_id, request.amount, request.capture_now, request.created_at,
            is_named=False,
        )  # fmt: skip
        api, key = self._api(account), request.idempotency_key
        return _paid(asked(lambda: api.payments_api.payments_details(said, key)), account, about)

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Received; whether it was taken will be told."""
        if problem := self.amount_problem(request.amount):
            return Declined(DeclineReason.UNSUPPORTED, problem)
        said = params.capture_params(account, request)
        api, names = self._api(account), (request.reference, request.idempotency_key)
        answer = asked(lambda: api.modifications_api.capture_authorised_payment(said, *names))
        return _received(answer, request.reference, request.amount)

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Received; whether it was let go will be told."""
        said = params.cancel_params(account, request)
        api, names = self._api(account), (request.reference, request.idempotency_key)
        answer = asked(
            lambda: api.modifications_api.cancel_authorised_payment_by_psp_reference(said, *names)
        )
        return _received(answer, request.reference, None)

    def abandon(self, account: ProcessorAccount, request: AbandonRequest) -> Unknown:
        """Cancel by our own reference: TECHNICAL_CANCEL tells whether there was something to cancel."""
        said = params.abandon_params(account, request)
        api, key = self._api(account), request.idempotency_key
        answer = asked(lambda: api.modifications_api.cancel_authorised_payment(said, key))
        if isinstance(answer, Unknown):
            return answer
        return Unknown(answer.code if isinstance(answer, Declined) else "asked to let it go")

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """What was told; nothing is asked."""
        return adyen_told.outcome(account, query)

    def refund(self, account: ProcessorAccount, request: RefundRequest) -> RefundOutcome:
        """Received; whether it left will be told."""
        if self.amount_problem(request.amount):
            return RefundRefused("invalid_amount", refund_id=request.refund_id)
        said = params.refund_params(account, request)
        api, names = self._api(account), (request.reference, request.idempotency_key)
        answer = asked(lambda: api.modifications_api.refund_captured_payment(said, *names))
        if isinstance(answer, Declined):
            return _refused_refund(answer, request.refund_id)
        return answer if isinstance(answer, Unknown) else _refund_of(answer, request.refund_id)

    def query_refund(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - what was told is the account's own
        payment_reference: str,
        refund_id: str,
        reference: str | None = None,
        heard: tuple[bytes, ...] = (),
    ) -> RefundOutcome:
        """What was told of it."""
        return adyen_told.refund(heard, payment_reference, refund_id, reference)

    def refunds_of(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - what was told is the account's own
        payment_reference: str,
        heard: tuple[bytes, ...] = (),
    ) -> list[RefundAccepted | RefundRefused] | Unknown:
        """All that was told of refunds, whoever made them."""
        return adyen_told.refunds(heard, payment_reference)

    def bank_money(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - not offered
        payer_reference: str,  # noqa: ARG002
        after: str | None,  # noqa: ARG002
    ) -> BankMoney | Unknown:
        """There are no payers' balances here."""
        return Unknown(NOT_OFFERED)

    def return_bank_money(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - not offered
        request: ReturnRequest,
    ) -> RefundOutcome:
        """There are no payers' balances here."""
        return RefundRefused(NOT_OFFERED, refund_id=request.return_id)

    def query_return(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - not offered
        return_id: str,  # noqa: ARG002
        reference: str | None,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
    ) -> RefundOutcome:
        """There are no payers' balances here."""
        return Absent()

    def open_customer(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - nothing is asked
        request: CustomerRequest,
    ) -> CustomerKnown | Unknown:
        """Our own id is their name there."""
        return adyen_kept.open_customer(request)

    def keep_method(self, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
        """Store a card for a customer."""
        return adyen_kept.keep_method(self._api(account), account, request)

    def drop_method(
        self,
        account: ProcessorAccount,
        token: str,
        idempotency_key: str,  # noqa: ARG002 - a deletion is the same however often it is asked for
        customer_reference: str | None = None,
    ) -> Dropped | Unknown:
        """Delete a customer's stored card."""
        return adyen_kept.drop_method(self._api(account), account, token, customer_reference)

    def news_since(
        self,
        account: ProcessorAccount,  # noqa: ARG002 - it cannot be asked
        since: datetime,  # noqa: ARG002
    ) -> list[News] | Unknown:
        """Adyen lists nothing: it tells again by itself, for thirty days."""
        return []

    def read_news(
        self,
        account: ProcessorAccount,
        body: bytes,
        headers: Mapping[str, str],  # noqa: ARG002 - the signature is in the items
        now: datetime,  # noqa: ARG002 - nor is it dated
    ) -> list[News]:
        """Verify each item's signature, then read what it is about."""
        return adyen_news.read(account, body)


def _paid(
    answer: dict[str, Any] | Declined | Unknown, account: ProcessorAccount, about: words.Asked
) -> Outcome:
    if isinstance(answer, Declined | Unknown):
        return answer
    return words.outcome_of(answer, account, about)


def _received(
    answer: dict[str, Any] | Declined | Unknown, reference: str, amount: Money | None
) -> Outcome:
    """A modification that was received is under way, and no more."""
    if isinstance(answer, Declined | Unknown):
        return answer
    try:
        told = None if amount is None else from_wire(answer["amount"])
        is_ours = answer["paymentPspReference"] == reference and told == amount
        if answer["status"] != "received" or not is_ours:
            return Unknown(f"modification {str(answer['status'])[:40]} of another kind")
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"answer not understood: {type(error).__name__}: {error}")
    return Pending(None)


def _refund_of(answer: dict[str, Any], refund_id: str) -> RefundOutcome:
    try:
        if answer["status"] != "received":
            return Unknown(f"refund {str(answer['status'])[:40]}")
        return RefundAccepted(
            reference=answer["pspReference"],
            amount=from_wire(answer["amount"]),
            is_settled=False,
            payment_reference=answer["paymentPspReference"],
            refund_id=refund_id,
        )
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"refund not understood: {type(error).__name__}: {error}")


def _refused_refund(refused: Declined, refund_id: str) -> RefundOutcome:
    """A refusal at the door says nothing of an earlier call with the same key."""
    if refused.is_unheard:
        return Unknown(refused.code)
    return RefundRefused(refused.code, refund_id=refund_id)
