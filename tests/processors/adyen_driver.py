"""Adyen's side in the sandbox."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from app.domain.declines import DeclineReason
from app.domain.processor import ActionRequired, Captured, ProcessorAccount
from app.services.deps import Deps
from app.settings import Settings
from tests.factories import HMAC_KEY, Shop, open_shop
from tests.processors.driver import Driver, Fate, Letter, Refusal, new_tail
from tests.services.adyen_side import sealed_card

R = DeclineReason
OTHER_KEY = HMAC_KEY[::-1]
GOOD, ASKS, FRICTIONLESS = "4111111111111111", "4212345678910006", "5201281505129736"
TAKEN = (
    GOOD, "4988438843884305", "4166676667666746", "5555555555554444", "5555444433331111",
    "2222400070000005", "370000000000002", "6011601160116611", "3569990010095841", "36006666333344",
)  # fmt: skip
# What a test card's holder is called so that its bank refuses, and why.
REFUSED: tuple[tuple[str, DeclineReason], ...] = (
    *(
        (name, R.GENERIC)
        for name in (
            "DECLINED", "REFERRAL", "BLOCK_CARD", "ACQUIRER_FRAUD", "FRAUD", "FRAUD_CANCELLED",
            "TRANSACTION_NOT_PERMITTED", "RESTRICTED_CARD", "REVOCATION_OF_AUTH",
            "DECLINED_NON_GENERIC", "ISSUER_SUSPECTED_FRAUD", "PENALTY_BOX", "CLOSED_ACCOUNT",
            "TOKEN_REVOKED",
        )
    ),
    ("NOT_ENOUGH_BALANCE", R.FUNDS),
    ("WITHDRAWAL_AMOUNT_EXCEEDED", R.FUNDS),
    ("WITHDRAWAL_COUNT_EXCEEDED", R.FUNDS),
    ("CARD_EXPIRED", R.EXPIRED),
    ("INVALID_CARD", R.NUMBER),
    ("CVC_DECLINED", R.CVC),
    ("AVS_DECLINED", R.POSTCODE),
    ("NOT_3D_AUTHENTICATED", R.AUTHENTICATE),
    ("AUTHENTICATION_REQUIRED", R.AUTHENTICATE),
    ("ERROR", R.TECHNICAL),
    ("ISSUER_UNAVAILABLE", R.TECHNICAL),
    ("NOT_SUPPORTED", R.UNSUPPORTED),
    ("INVALID_AMOUNT", R.UNSUPPORTED),
)  # fmt: skip


class AdyenDriver(Driver):
    """Adyen: encrypted fields instead of names, and notifications instead of questions."""

    name = "adyen"
    good = sealed_card()
    asks = sealed_card(ASKS)
    broke = sealed_card(holder="NOT_ENOUGH_BALANCE")
    declined = sealed_card(holder="DECLINED")
    asks_when_kept = sealed_card(ASKS)
    good_number = GOOD
    good_last4 = "1111"
    declined_last4 = "1111"
    refusals = (
        Refusal(broke, R.FUNDS, reached_bank=True),
        Refusal(sealed_card(holder="FRAUD"), R.GENERIC, reached_bank=False),
        Refusal("STORED000000ABSENT", R.ABSENT, reached_bank=False),
    )
    cards: ClassVar[tuple[tuple[str, Fate], ...]] = (
        *((number, Captured) for number in TAKEN),
        *((number, ActionRequired) for number in (ASKS, FRICTIONLESS, "5000550000000029")),
        *REFUSED,
    )
    slow_refunds = ((good, False),)
    tells_costs = False
    answers_at_once = False
    is_token_a_card = False
    routes: ClassVar[Mapping[str, str]] = {
        "authorize": "POST /adyen/v71/payments",
        "further": "POST /adyen/v71/payments",
        "finish": "POST /adyen/v71/payments/details",
        "capture": "POST /adyen/v71/payments/*/captures",
        "cancel": "POST /adyen/v71/payments/*/cancels",
        "refund": "POST /adyen/v71/payments/*/refunds",
        "keep": "POST /adyen/v71/storedPaymentMethods",
        "drop": "DELETE /adyen/v71/storedPaymentMethods/*",
        "any": "*",
    }
    sure_faults = ("no_connection",)
    unsure_faults = ("transient_error",)
    told_faults = ("ioexception",)
    bound_faults = frozenset()

    def account(self) -> ProcessorAccount:
        tail = new_tail()
        return ProcessorAccount(
            f"pac_{tail}",
            f"acct_{tail}",
            self.name,
            False,
            f"test_{tail}",
            f"adyen_test_{tail}",
            (HMAC_KEY,),
            tail,
        )

    def open_shop(self, deps: Deps) -> Shop:
        return open_shop(deps, processor=self.name)

    def settings(
        self, settings: Settings, *, url: str | None = None, read_seconds: float | None = None
    ) -> Settings:
        return replace(
            settings,
            adyen_api_url=url or settings.adyen_api_url,
            adyen_read_seconds=read_seconds or settings.adyen_read_seconds,
        )

    def token(self, account: ProcessorAccount, number: str) -> str:
        return sealed_card(number) if number.isdigit() else sealed_card(holder=number)

    def answer(
        self, account: ProcessorAccount, asked: ActionRequired, *, is_passed: bool
    ) -> dict[str, Any]:
        said = {"password": "password"} if is_passed else {"answer": "cancel"}
        pending = asked.details["action"]["paymentData"]
        brought = self.sandbox.call("POST", "/adyen/3ds/challenge", {"pending": pending, **said})
        return {"details": brought}

    def known_as(self, account: ProcessorAccount) -> str:
        return account.external_account

    def letters(self, account: ProcessorAccount, now: datetime) -> list[Letter]:
        query = f"merchant_account={account.external_account}&hmac_key={HMAC_KEY}"
        told = self.sandbox.call("GET", f"/control/api/adyen/notifications?{query}")
        return [Letter(json.dumps(body).encode(), {}) for body in told["deliveries"]]

    def forgeries(
        self, account: ProcessorAccount, letter: Letter, now: datetime
    ) -> dict[str, Letter]:
        def changed(**more: Any) -> Letter:
            body = json.loads(letter.body)
            body["notificationItems"][0]["NotificationRequestItem"] |= more
            return Letter(json.dumps(body).encode(), {})

        whole = json.loads(letter.body)
        item = whole["notificationItems"][0]["NotificationRequestItem"]
        theirs = {**item, "merchantAccountCode": "SomebodyElse"}
        mixed = {**whole, "notificationItems": [*whole["notificationItems"], {"x": 1}]}
        return {
            "another amount": changed(amount={**item["amount"], "value": 5001}),
            "no signature": changed(additionalData={}),
            "another key": changed(additionalData={"hmacSignature": _sign(item, OTHER_KEY)}),
            "another account": changed(
                merchantAccountCode="SomebodyElse",
                additionalData={"hmacSignature": _sign(theirs, HMAC_KEY)},
            ),
            "one that is none beside one that is good": Letter(json.dumps(mixed).encode(), {}),
            "a success that was none": changed(
                success="false" if item["success"] == "true" else "true"
            ),
            "nothing": Letter(b"", {}),
            "a list": Letter(b"[]", {}),
        }


def _sign(item: dict[str, Any], key: str) -> str:
    names = (
        "pspReference", "originalReference", "merchantAccountCode", "merchantReference", "value",
        "currency", "eventCode", "success",
    )  # fmt: skip
    values = {**item, **item["amount"]}
    text = ":".join(str(values.get(name, "")) for name in names)
    return base64.b64encode(hmac.digest(bytes.fromhex(key), text.encode(), "sha256")).decode()
