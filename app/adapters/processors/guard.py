"""Around every processor: no call while a unit of work is open, and no exception instead of an
outcome.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from app.domain.bank_facts import BankMoney, ReturnRequest
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest
from app.domain.money import Money
from app.domain.processor import (
    AbandonRequest,
    AuthorizeRequest,
    CancelRequest,
    CaptureRequest,
    FinishRequest,
    KeepOutcome,
    News,
    Outcome,
    Processor,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)

log = logging.getLogger(__name__)


class Guarded:
    """A processor that cannot be called wrongly. A crash of the adapter is an unknown outcome."""

    def __init__(self, inner: Processor, before_call: Callable[[], None]) -> None:
        self._inner = inner
        self._before_call = before_call
        self.name = inner.name
        self.js_url = inner.js_url
        self.js_origins = inner.js_origins
        self.methods = inner.methods
        self.is_told = inner.is_told
        self.key_life = inner.key_life
        self.news_answer = inner.news_answer

    def amount_problem(self, amount: Money) -> str | None:
        """Why it cannot be asked for exactly this amount; no network is used."""
        return self._inner.amount_problem(amount)

    def script_amount(self, amount: Money) -> int:
        """No network: passed through."""
        return self._inner.script_amount(amount)

    def holds_secret(self, token: str) -> bool:
        """No network: passed through."""
        return self._inner.holds_secret(token)

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """Hold or take the money."""
        return self._outcome("authorize", lambda: self._inner.authorize(account, request))

    def finish(self, account: ProcessorAccount, request: FinishRequest) -> Outcome:
        """What came of the customer's answer to the bank."""
        return self._outcome("finish", lambda: self._inner.finish(account, request))

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Take what is held."""
        return self._outcome("capture", lambda: self._inner.capture(account, request))

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Let go."""
        return self._outcome("cancel", lambda: self._inner.cancel(account, request))

    def abandon(self, account: ProcessorAccount, request: AbandonRequest) -> Unknown:
        """Have a try let go that may or may not have been made."""
        self._before_call()
        try:
            return self._inner.abandon(account, request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("abandon", error)

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """Ask what became of a payment."""
        return self._outcome("query", lambda: self._inner.query(account, query))

    def refund(self, account: ProcessorAccount, request: RefundRequest) -> RefundOutcome:
        """Send money back."""
        self._before_call()
        try:
            return self._inner.refund(account, request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("refund", error)

    def query_refund(
        self,
        account: ProcessorAccount,
        payment_reference: str,
        refund_id: str,
        reference: str | None = None,
        heard: tuple[bytes, ...] = (),
    ) -> RefundOutcome:
        """Ask what became of a refund of ours."""
        self._before_call()
        try:
            return self._inner.query_refund(account, payment_reference, refund_id, reference, heard)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("query_refund", error)

    def refunds_of(
        self, account: ProcessorAccount, payment_reference: str, heard: tuple[bytes, ...] = ()
    ) -> list[RefundAccepted | RefundRefused] | Unknown:
        """Every refund the processor knows of for a payment."""
        self._before_call()
        try:
            return self._inner.refunds_of(account, payment_reference, heard)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("refunds_of", error)

    def bank_money(
        self, account: ProcessorAccount, payer_reference: str, after: str | None
    ) -> BankMoney | Unknown:
        """What happened to a payer's balance."""
        self._before_call()
        try:
            return self._inner.bank_money(account, payer_reference, after)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("bank_money", error)

    def return_bank_money(self, account: ProcessorAccount, request: ReturnRequest) -> RefundOutcome:
        """Send money of a payer's balance to their bank."""
        self._before_call()
        try:
            return self._inner.return_bank_money(account, request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("return_bank_money", error)

    def query_return(
        self, account: ProcessorAccount, return_id: str, reference: str | None, since: datetime
    ) -> RefundOutcome:
        """Ask what became of such a return."""
        self._before_call()
        try:
            return self._inner.query_return(account, return_id, reference, since)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("query_return", error)

    def open_customer(
        self, account: ProcessorAccount, request: CustomerRequest
    ) -> CustomerKnown | Unknown:
        """Make a customer known."""
        self._before_call()
        try:
            return self._inner.open_customer(account, request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("open_customer", error)

    def keep_method(self, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
        """Keep a card for a customer."""
        self._before_call()
        try:
            return self._inner.keep_method(account, request)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("keep_method", error)

    def drop_method(
        self,
        account: ProcessorAccount,
        token: str,
        idempotency_key: str,
        customer_reference: str | None = None,
    ) -> Dropped | Unknown:
        """Forget a kept card."""
        self._before_call()
        try:
            return self._inner.drop_method(account, token, idempotency_key, customer_reference)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("drop_method", error)

    def news_since(self, account: ProcessorAccount, since: datetime) -> list[News] | Unknown:
        """What the processor would have told us by webhooks since then."""
        self._before_call()
        try:
            return self._inner.news_since(account, since)
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed("news_since", error)

    def read_news(
        self, account: ProcessorAccount, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[News]:
        """Verify a webhook; no network is used."""
        return self._inner.read_news(account, body, headers, now)

    def _outcome(self, operation: str, call: Callable[[], Outcome]) -> Outcome:
        self._before_call()
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it was, the outcome is unknown
            return self._crashed(operation, error)

    def _crashed(self, operation: str, error: Exception) -> Unknown:
        log.error("processor.adapter_crashed", extra={"operation": operation}, exc_info=error)
        return Unknown(f"{operation}: {type(error).__name__}")
