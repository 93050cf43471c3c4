"""Stripe, spoken in our words. Its vocabulary ends in this file and its tables in `stripe_words`.

One client per account, so two merchants' keys can never cross. The SDK does not retry: repeating is
the resolver's decision, with the same idempotency key. The API version is pinned here, not in the
dashboard.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import stripe

from app.adapters.processors import stripe_cash, stripe_kept, stripe_money, stripe_signature
from app.adapters.processors import stripe_words as words
from app.adapters.processors.origins import origins
from app.adapters.processors.stripe_errors import MOVED_ON, asked, detail, is_replay
from app.adapters.processors.stripe_methods import TAKEN, NotOffered
from app.adapters.processors.stripe_news import ABOUT_PAYMENTS, news_of, no_duplicates
from app.adapters.processors.stripe_params import (
    EXPAND,
    confirm_params,
    create_params,
    refund_params,
)
from app.adapters.processors.stripe_returns import seen_back
from app.domain.bank_facts import BankMoney, ReturnRequest
from app.domain.declines import DeclineReason
from app.domain.errors import SignatureInvalid
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest
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
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)

log = logging.getLogger(__name__)

API_VERSION = "2026-10-28.endive"

# What Stripe's own script opens besides.
WIDER = ("https://*.js.stripe.com", "https://hooks.stripe.com")


class StripeProcessor:
    """Cards through Stripe's payment intents."""

    name = "stripe"
    methods = TAKEN
    is_told = False
    # Stripe forgets keys after 24 hours; a repetition after that would be a new charge.
    key_life = timedelta(hours=23)
    news_answer: str | None = None

    def __init__(
        self, api_url: str, js_url: str, connect_seconds: float, read_seconds: float
    ) -> None:
        self.js_url = js_url
        self.js_origins = origins(js_url, api_url, {"js.stripe.com": WIDER})
        self._api_url = api_url
        self._timeout = (connect_seconds, read_seconds)
        self._clients: dict[str, stripe.StripeClient] = {}
        self._lock = threading.Lock()

    def _client(self, account: ProcessorAccount) -> stripe.StripeClient:
        with self._lock:
            client = self._clients.get(account.secret_key)
            if client is None:
                client = stripe.StripeClient(
                    account.secret_key,
                    stripe_version=API_VERSION,
                    base_addresses={"api": self._api_url},
                    max_network_retries=0,
                    http_client=stripe.RequestsClient(timeout=self._timeout),
                )
                self._clients[account.secret_key] = client
            return client

    def amount_problem(self, amount: Money) -> str | None:
        """Why Stripe cannot be asked for exactly this amount; no network is used."""
        return stripe_money.problem(amount)

    def script_amount(self, amount: Money) -> int:
        """The amount in the units of Stripe's wire: Stripe.js shows it to the customer."""
        return stripe_money.to_wire(amount)

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """Create and confirm an intent, or confirm the one that an earlier try left."""
        client = self._client(account)
        options: Any = {"idempotency_key": request.idempotency_key}

        def call() -> Any:
            asked = stripe_cash.with_payer(client, request)
            params, intents = confirm_params(asked), client.v1.payment_intents
            if asked.reference is None:
                params |= create_params(asked)
                return intents.create(params, options)  # type: ignore[arg-type]
            if asked.customer_reference is not None:
                # Confirming takes no customer; the intent may have been made before there was one.
                theirs: Any = {"customer": asked.customer_reference}
                key: Any = {"idempotency_key": f"{request.idempotency_key}:customer"}
                intents.update(asked.reference, theirs, key)
            return intents.confirm(asked.reference, params, options)  # type: ignore[arg-type]

        try:
            return _outcome(call)
        except (stripe_money.NotOnTheWire, NotOffered) as error:
            # Raised before anything was asked.
            return Declined(DeclineReason.UNSUPPORTED, str(error))

    def holds_secret(self, token: str) -> bool:  # noqa: ARG002 - the port's word
        """A token of Stripe's opens nothing without the account's key."""
        return False

    def finish(self, account: ProcessorAccount, request: FinishRequest) -> Outcome:
        """What the browser brought says nothing: the intent is asked for."""
        asked = (request.merchant_id, request.payment_id, request.reference, request.created_at)
        return self.query(account, Query(*asked))

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Capture once; what is not taken is let go."""
        if problem := self.amount_problem(request.amount):
            return Declined(DeclineReason.UNSUPPORTED, problem)
        taken = stripe_money.to_wire(request.amount)
        params: Any = {"amount_to_capture": taken, "expand": EXPAND}
        options: Any = {"idempotency_key": request.idempotency_key}
        intents = self._client(account).v1.payment_intents
        return _outcome(lambda: intents.capture(request.reference, params, options))

    def cancel(self, account: ProcessorAccount, request: CancelRequest) -> Outcome:
        """Cancel an intent that is not captured."""
        reason = words.CANCEL_REASON.get(request.reason, "abandoned")
        params: Any = {"cancellation_reason": reason}
        options: Any = {"idempotency_key": request.idempotency_key}
        intents = self._client(account).v1.payment_intents
        return _outcome(lambda: intents.cancel(request.reference, params, options))

    def abandon(self, account: ProcessorAccount, request: AbandonRequest) -> Unknown:  # noqa: ARG002
        """Stripe says what became of a try when it is asked."""
        return Unknown("it can be asked")

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """Retrieve the intent; without its id, look through those of the time for our reference.

        Listing is consistent where searching is not: Stripe's search may lag by an hour.
        """
        intents = self._client(account).v1.payment_intents

        def retrieve(reference: str) -> Outcome:
            seen: dict[str, Any] = {}

            def ask() -> Any:
                intent = intents.retrieve(reference, {"expand": [*EXPAND, "payment_method"]})
                seen.update(intent.to_dict())
                return intent

            return seen_back(self._client(account), _heard(_outcome(ask)), seen)

        if query.reference is not None:
            return retrieve(query.reference)
        since = int((query.created_at - timedelta(minutes=5)).timestamp())
        until = int((query.created_at + timedelta(hours=25)).timestamp())
        params: Any = {"created": {"gte": since, "lte": until}, "limit": 100}

        def find() -> Outcome:
            for intent in intents.list(params).auto_paging_iter():
                data = intent.to_dict()
                metadata = data.get("metadata") or {}
                ours = metadata.get("farthing_merchant"), metadata.get("farthing_payment")
                if ours == (query.merchant_id, query.payment_id):
                    return retrieve(data["id"])
            return Absent()

        return asked(find)

    def refund(self, account: ProcessorAccount, request: RefundRequest) -> RefundOutcome:
        """Refund part or all of a captured intent."""
        if self.amount_problem(request.amount):
            return RefundRefused("invalid_amount", refund_id=request.refund_id)
        params: Any = refund_params(request)
        options: Any = {"idempotency_key": request.idempotency_key}
        refunds = self._client(account).v1.refunds
        try:
            return words.refund_of(refunds.create(params, options).to_dict())
        except stripe.InvalidRequestError as error:
            if error.code in MOVED_ON and error.code != "charge_already_refunded":
                return Unknown(detail(error), is_replay(error))
            return RefundRefused(error.code or "invalid_request", refund_id=request.refund_id)
        except stripe.CardError as error:
            return RefundRefused(error.code or "declined", refund_id=request.refund_id)
        except stripe.StripeError as error:
            return Unknown(detail(error), is_replay(error))

    def query_refund(
        self,
        account: ProcessorAccount,
        payment_reference: str,
        refund_id: str,
        reference: str | None = None,
        heard: tuple[bytes, ...] = (),
    ) -> RefundOutcome:
        """Find our refund among those of the intent."""
        known = self.refunds_of(account, payment_reference, heard)
        if isinstance(known, Unknown):
            return known
        for item in known:
            if item.refund_id == refund_id or (reference and item.reference == reference):
                return item
        return Absent()

    def refunds_of(
        self,
        account: ProcessorAccount,
        payment_reference: str,
        heard: tuple[bytes, ...] = (),  # noqa: ARG002 - it is asked
    ) -> list[RefundAccepted | RefundRefused] | Unknown:
        """Every refund of the intent, whoever made it."""
        params: Any = {"payment_intent": payment_reference, "limit": 100}
        refunds = self._client(account).v1.refunds
        try:
            found = [
                words.refund_of(item.to_dict()) for item in refunds.list(params).auto_paging_iter()
            ]
        except stripe.StripeError as error:
            return Unknown(detail(error))
        for item in found:
            if isinstance(item, Unknown):
                return item
        return [item for item in found if isinstance(item, RefundAccepted | RefundRefused)]

    def bank_money(
        self, account: ProcessorAccount, payer_reference: str, after: str | None
    ) -> BankMoney | Unknown:
        """The entries of a customer's cash balance."""
        return stripe_cash.bank_money(self._client(account), payer_reference, after)

    def return_bank_money(self, account: ProcessorAccount, request: ReturnRequest) -> RefundOutcome:
        """Refund out of a cash balance."""
        return stripe_cash.return_money(self._client(account), request)

    def query_return(
        self, account: ProcessorAccount, return_id: str, reference: str | None, since: datetime
    ) -> RefundOutcome:
        """Find such a refund."""
        return stripe_cash.query_return(self._client(account), return_id, reference, since)

    def open_customer(
        self, account: ProcessorAccount, request: CustomerRequest
    ) -> CustomerKnown | Unknown:
        """Create a customer."""
        return stripe_kept.open_customer(self._client(account), request)

    def keep_method(self, account: ProcessorAccount, request: KeepRequest) -> KeepOutcome:
        """Attach a payment method to a customer."""
        return stripe_kept.keep_method(self._client(account), request)

    def drop_method(
        self,
        account: ProcessorAccount,
        token: str,
        idempotency_key: str,
        customer_reference: str | None = None,  # noqa: ARG002 - the token says whose it is
    ) -> Dropped | Unknown:
        """Detach a payment method."""
        return stripe_kept.drop_method(self._client(account), token, idempotency_key)

    def news_since(self, account: ProcessorAccount, since: datetime) -> list[News] | Unknown:
        """Stripe keeps its events for thirty days and lists them, delivered or not."""
        params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        events = self._client(account).v1.events
        try:
            listed = [item.to_dict() for item in events.list(params).auto_paging_iter()]
            return [news_of(event) for event in listed if event["type"].startswith(ABOUT_PAYMENTS)]
        except stripe.StripeError as error:
            return Unknown(detail(error))

    def read_news(
        self, account: ProcessorAccount, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[News]:
        """Verify the signature on the raw bytes, then read what the event is about."""
        stripe_signature.verify(
            body, headers.get("Stripe-Signature", ""), account.webhook_secrets, now
        )
        try:
            event = news_of(json.loads(body, object_pairs_hook=no_duplicates))
            return [replace(event, body=body)]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SignatureInvalid("The body is not an event.") from error


def _outcome(call: Callable[[], Any]) -> Outcome:
    """Run one call on an intent; total: every error class of the SDK becomes an outcome."""
    try:
        return words.outcome_of(call().to_dict())
    except stripe.CardError as error:
        body = error.json_body if isinstance(error.json_body, dict) else {}
        try:
            return words.declined_by_error(body.get("error") or {}, error.code or "card_declined")
        except (KeyError, TypeError, ValueError) as problem:
            return Unknown(f"decline not understood: {problem}", is_replay(error))
    except stripe.InvalidRequestError as error:
        return _refused(error)
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # Refused at the door: nothing was executed. A human has to mend the key.
        log.error("processor.credentials_refused", extra={"detail": detail(error)})  # noqa: TRY400 - the traceback tells nothing
        return Declined(DeclineReason.TECHNICAL, "processor_credentials", is_unheard=True)
    except stripe.StripeError as error:
        # Connection, rate limit, server and idempotency errors: the money may have moved.
        return Unknown(detail(error), is_replay(error))


def _refused(error: stripe.InvalidRequestError) -> Outcome:
    """A request that was not taken as it stood: no bank was asked."""
    code = error.code or ""
    if code in MOVED_ON or code.startswith(("payment_intent_", "charge_")):
        return Unknown(detail(error), is_replay(error))
    if error.http_status == 404 and error.param == "intent":
        return Absent()
    if code == "resource_missing" and error.param == "payment_method":
        return Declined(DeclineReason.ABSENT, code)
    reason = words.REFUSED_REQUEST.get(code, DeclineReason.TECHNICAL)
    return Declined(reason, code or "invalid_request")


def _heard(outcome: Outcome) -> Outcome:
    """A question that was refused has no answer; only an object tells that its payment was declined."""
    if isinstance(outcome, Declined) and outcome.facts is None:
        return Absent() if outcome.code == "resource_missing" else Unknown(outcome.code)
    return outcome
