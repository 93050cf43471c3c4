"""The product as it is served, with a processor in its own process that answers at once.

The bench measures us, not a processor: everything else is the application's own wiring, guard included.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NoReturn

from flask import Flask

from app import create_app
from app.adapters.processors.guard import Guarded
from app.domain.errors import SignatureInvalid
from app.domain.money import Money
from app.domain.ports import Queue
from app.domain.processor import (
    Absent,
    AuthorizeRequest,
    Canceled,
    CancelRequest,
    Captured,
    CaptureRequest,
    CardFacts,
    Facts,
    Outcome,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from app.settings import Settings
from app.wiring import refuse_open_unit

CARD = CardFacts(
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2034,
    country="US",
    funding="credit",
    fingerprint="Xt5EWLLDS7FJjR1c",
    cvc_check="pass",
    authorization_code="123456",
)


class InstantProcessor:
    """Takes every payment at once and tells all that a processor ever tells of it."""

    name = "stripe"
    js_url = ""
    js_origins: tuple[str, ...] = ()
    methods = frozenset({"card"})
    is_told = False
    key_life = timedelta(hours=23)
    news_answer = None

    def amount_problem(self, amount: Money) -> str | None:
        """Every amount can be said here."""
        return None

    def script_amount(self, amount: Money) -> int:
        """No page is shown here."""
        return amount.amount_minor

    def holds_secret(self, token: str) -> bool:
        """No token is worth anything here."""
        return False

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """Take the money."""
        return captured(
            request.payment_id,
            request.amount,
            on=request.created_at.date(),
            is_live=account.is_live,
        )

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Nothing is ever held here."""
        return Unknown("nothing is held")

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Nothing is ever held here."""
        return Canceled(None)

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """Nothing is ever in doubt here."""
        return Absent()

    def refund(self, account: ProcessorAccount, request: RefundRequest) -> RefundOutcome:
        """Send the money back."""
        return RefundAccepted(
            reference=f"re_{request.refund_id}",
            amount=request.amount,
            is_settled=True,
            payment_reference=request.reference,
            refund_id=request.refund_id,
        )

    def query_refund(
        self,
        account: ProcessorAccount,
        payment_reference: str,
        refund_id: str,
        reference: str | None = None,
        heard: tuple[bytes, ...] = (),
    ) -> RefundOutcome:
        """Nothing is ever in doubt here."""
        return Absent()

    def refunds_of(
        self, account: ProcessorAccount, payment_reference: str, heard: tuple[bytes, ...] = ()
    ) -> list[RefundAccepted | RefundRefused] | Unknown:
        """Nobody refunds behind our back."""
        return []

    def read_news(
        self, account: ProcessorAccount, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> NoReturn:
        """No webhook is ours."""
        raise SignatureInvalid("No webhooks here.")


def captured(payment_id: str, amount: Money, *, on: date, is_live: bool = False) -> Captured:
    """What the processor says of a payment that it took."""
    fee = Money(amount.amount_minor * 15 // 1000 + 25, amount.currency)
    return Captured(
        facts=Facts(
            reference=f"pi_{payment_id}", amount=amount, is_live=is_live, payment_id=payment_id
        ),
        amount=amount,
        card=CARD,
        charge_reference=f"ch_{payment_id}",
        processor_fee=fee,
        fee_reference=f"txn_{payment_id}",
        available_on=on,
    )


def build(settings: Settings, queue: Queue | None = None) -> Flask:
    """Make the application for a bench or its test."""
    app = create_app(settings, queue=queue)
    processors = {"stripe": Guarded(InstantProcessor(), refuse_open_unit)}
    app.extensions["farthing"] = replace(app.extensions["farthing"], processors=processors)
    return app


def create() -> Flask:
    """What granian calls: settings come from the environment, as in service."""
    return build(Settings.read())
