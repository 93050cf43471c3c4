"""Stripe's side in the sandbox."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import stripe

from app.domain.declines import DeclineReason
from app.domain.processor import ActionRequired, Captured, ProcessorAccount
from app.services.deps import Deps
from app.settings import Settings
from tests.factories import Shop, open_shop
from tests.processors.driver import Driver, Fate, Letter, Refusal, new_tail

R = DeclineReason
SECRET = "whsec_test"


def short(digits: str) -> str:
    return f"40000000000{digits}"


TAKEN = (
    "4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222",
    "5200828282828210", "5105105105105100", "378282246310005", "371449635398431",
    "6011111111111117", "3566002020360505", "3056930009020004", "6200000000000005",
    short("00101"), short("00036"), short("00028"), short("00010"), short("00044"),
    "4000000000004954", "4000000000009235",
    short("00259"), short("02685"), short("01976"), short("05423"),
    "4000000404000079", "4000000404000038", "4000008400000779", "5105008400000002",
    "4000000404004816", "4000000404005649", "5105000300000018",
    short("07726"), short("05126"), short("00077"), "4000003720000278",
    "4000000000003055", "4000000000003097",
)  # fmt: skip
ASKING = (
    "4000002500003155", "4000002760003184", "4000003800000446", "4000008260003178",
    "4000000000003220", "4000008400001629",
)  # fmt: skip
REFUSED: tuple[tuple[str, DeclineReason], ...] = (
    (short("00002"), R.GENERIC),
    (short("09995"), R.FUNDS),
    (short("09987"), R.GENERIC),
    (short("09979"), R.GENERIC),
    (short("00069"), R.EXPIRED),
    (short("00127"), R.CVC),
    (short("00119"), R.TECHNICAL),
    (short("06975"), R.GENERIC),
    (short("00341"), R.GENERIC),
    ("4100000000000019", R.GENERIC),
    ("4000008400001280", R.GENERIC),
)


class StripeDriver(Driver):
    """Stripe: test tokens by name, and an intent that can be asked about."""

    name = "stripe"
    good = "pm_card_visa"
    asks = "pm_card_threeDSecure2Required"
    broke = "pm_card_chargeDeclinedInsufficientFunds"
    declined = "pm_card_chargeDeclined"
    asks_when_kept = "pm_card_authenticationRequired"
    good_number = "4242424242424242"
    good_last4 = "4242"
    declined_last4 = "0002"
    refusals = (
        Refusal("pm_card_chargeDeclinedInsufficientFunds", R.FUNDS, reached_bank=True),
        Refusal("pm_card_threeDSecureRequiredProcessingError", R.GENERIC, reached_bank=False),
        Refusal("pm_1QdoesNotExist", R.ABSENT, reached_bank=False),
    )
    cards: ClassVar[tuple[tuple[str, Fate], ...]] = (
        *((number, Captured) for number in TAKEN),
        *((number, ActionRequired) for number in ASKING),
        *REFUSED,
    )
    slow_refunds = (("pm_card_pendingRefund", False), ("pm_card_refundFail", True))
    tells_costs = True
    answers_at_once = True
    is_token_a_card = True
    routes: ClassVar[Mapping[str, str]] = {
        "authorize": "POST /v1/payment_intents",
        "further": "POST /v1/payment_intents/*/confirm",
        "capture": "POST /v1/payment_intents/*/capture",
        "cancel": "POST /v1/payment_intents/*/cancel",
        "refund": "POST /v1/refunds",
        "customer": "POST /v1/customers",
        "keep": "POST /v1/payment_methods/{id}/attach",
        "drop": "POST /v1/payment_methods/{id}/detach",
        "any": "*",
    }
    bound_faults = frozenset({"error_before"})

    def account(self) -> ProcessorAccount:
        tail = new_tail()
        return ProcessorAccount(
            f"pac_{tail}", f"acct_{tail}", self.name, False, f"pk_test_{tail}", f"sk_test_{tail}"
        )

    def open_shop(self, deps: Deps) -> Shop:
        return open_shop(deps)

    def settings(
        self, settings: Settings, *, url: str | None = None, read_seconds: float | None = None
    ) -> Settings:
        return replace(
            settings,
            stripe_api_url=url or settings.stripe_api_url,
            stripe_read_seconds=read_seconds or settings.stripe_read_seconds,
        )

    def client(self, account: ProcessorAccount) -> stripe.StripeClient:
        """The official SDK with the account's key."""
        return stripe.StripeClient(
            account.secret_key,
            base_addresses={"api": self.sandbox.url},
            http_client=stripe.RequestsClient(timeout=10),
        )

    def token(self, account: ProcessorAccount, number: str) -> str:
        is_amex = number.startswith("3") and len(number) == 15
        made = self.client(account).v1.payment_methods.create(
            {
                "type": "card",
                "card": {
                    "number": number,
                    "exp_month": 12,
                    "exp_year": 2040,
                    "cvc": "1234" if is_amex else "123",
                },
                "billing_details": {"address": {"line1": "1 Main Street", "postal_code": "12345"}},
            }
        )
        return str(made.id)

    def answer(
        self, account: ProcessorAccount, asked: ActionRequired, *, is_passed: bool
    ) -> dict[str, Any]:
        body = {
            "payment_intent": asked.facts.reference,
            "client_secret": asked.client_secret,
            "answer": "complete" if is_passed else "fail",
        }
        self.sandbox.call("POST", "/3ds/answer", body)
        return {}

    def known_as(self, account: ProcessorAccount) -> str:
        return f"acct_sbx_{account.secret_key.removeprefix('sk_test_')}"

    def letters(self, account: ProcessorAccount, now: datetime) -> list[Letter]:
        listed = self.client(account).v1.events.list({"limit": 100}).auto_paging_iter()
        bodies = [json.dumps(event.to_dict(), indent=2).encode() for event in listed]
        return [Letter(body, {"Stripe-Signature": _sign(body, now)}) for body in reversed(bodies)]

    def forgeries(
        self, account: ProcessorAccount, letter: Letter, now: datetime
    ) -> dict[str, Letter]:
        body, headers = letter.body, letter.headers
        return {
            "another amount": Letter(body.replace(b"5000", b"5001"), headers),
            "cut": Letter(body[:-1], headers),
            "nothing": Letter(b"", headers),
            "another event's signature": Letter(b"[]", headers),
            "no signature": Letter(body, {}),
            "another secret": Letter(body, {"Stripe-Signature": _sign(body, now, "whsec_other")}),
        }


def _sign(body: bytes, at: datetime, secret: str = SECRET) -> str:
    stamp = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"
