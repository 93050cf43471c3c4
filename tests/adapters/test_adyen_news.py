"""Adyen's notifications: what proves them, and what each code means to us."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.processors.adyen import AdyenProcessor
from app.adapters.processors.adyen_facts import IGNORED, MEANT
from app.adapters.processors.adyen_news import signature_of
from app.domain.errors import SignatureInvalid
from app.domain.processor import News, ProcessorAccount
from tests.adapters.adyen_items import ACCOUNT, KEY, PAYMENT, PSP, item, message

NOW = datetime(2026, 3, 5, tzinfo=UTC)
PROCESSOR = AdyenProcessor("https://checkout-test.adyen.com", "https://js.example/adyen.js", 1, 1)
CODES = [
    "AUTHORISATION", "AUTHORISATION_ADJUSTMENT", "CAPTURE", "CAPTURE_FAILED", "CANCELLATION",
    "CANCEL_OR_REFUND", "TECHNICAL_CANCEL", "EXPIRE", "REFUND", "REFUND_FAILED",
    "REFUNDED_REVERSED", "REFUND_WITH_DATA", "VOID_PENDING_REFUND", "POSTPONED_REFUND",
    "ORDER_OPENED", "ORDER_CLOSED", "OFFER_CLOSED", "REPORT_AVAILABLE", "MANUAL_REVIEW_ACCEPT",
    "MANUAL_REVIEW_REJECT", "RECURRING_CONTRACT", "AUTORESCUE", "PAIDOUT_REVERSED",
    "REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK",
    "INFORMATION_SUPPLIED", "CHARGEBACK_REVERSED", "SECOND_CHARGEBACK", "PREARBITRATION_OPEN",
    "PREARBITRATION_WON", "PREARBITRATION_LOST", "PREARBITRATION_ACCEPTED",
    "SCHEME_ARBITRATION_WON", "SCHEME_ARBITRATION_LOST", "NOTIFICATION_OF_FRAUD",
    "ISSUER_COMMENTS", "DISPUTE_DEFENSE_PERIOD_ENDED", "ISSUER_RESPONSE_TIMEFRAME_EXPIRED",
    "DISPUTE_OPENED_WITH_CHARGEBACK",
]  # fmt: skip


def read(body: bytes, account: ProcessorAccount = ACCOUNT) -> list[News]:
    return PROCESSOR.read_news(account, body, {}, NOW)


def test_the_documented_signature_is_made() -> None:
    documented = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }

    assert signature_of(documented, KEY) == "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="


def test_nothing_is_escaped_in_what_is_signed() -> None:
    account = replace(ACCOUNT, external_account="Corner:\\Shop")
    body = message(
        item("AUTHORISATION", merchantAccountCode="Corner:\\Shop", merchantReference="a\\:b")
    )

    assert read(body, account)[0].told_payment_id is None


def test_each_item_of_a_batch_is_a_fact_of_its_own() -> None:
    batch = message(
        item("AUTHORISATION"),
        item("CAPTURE", merchantReference=f"{PAYMENT}.op_capture"),
        item("REFUND", success=False, merchantReference=f"{PAYMENT}.re_one"),
    )

    found = read(batch)

    assert [one.external_id for one in found] == [
        f"{PSP}:AUTHORISATION:true", "PSPCAPTURE:CAPTURE:true", "PSPREFUND:REFUND:false",
    ]  # fmt: skip
    assert {one.payment_reference for one in found} == {PSP}
    assert {one.told_payment_id for one in found} == {PAYMENT}
    assert [one.refund_reference for one in found] == [None, None, "PSPREFUND"]
    assert json.loads(found[1].body)["eventCode"] == "CAPTURE"


def test_the_same_fact_is_stored_in_the_same_words_however_it_was_written() -> None:
    one = item("AUTHORISATION")
    turned = dict(reversed(list(one.items())))

    assert read(message(one))[0].body == read(message(turned))[0].body


def test_two_keys_are_good_while_they_are_rotated() -> None:
    body = message(item("CAPTURE"), key="AB" * 32)

    with pytest.raises(SignatureInvalid):
        read(body)
    assert read(body, replace(ACCOUNT, webhook_secrets=(KEY, "AB" * 32)))


def _changed(**more: Any) -> bytes:
    body = json.loads(message(item("AUTHORISATION"), item("CAPTURE")))
    body["notificationItems"][1]["NotificationRequestItem"] |= more
    return json.dumps(body).encode()


def _overridden() -> bytes:
    """A good signature, whose words were moved into `amount`, beside other ones in the item itself."""
    good = json.loads(message(item("AUTHORISATION", success=False)))
    one = good["notificationItems"][0]["NotificationRequestItem"]
    one["amount"] |= {"success": "false", "merchantReference": one["merchantReference"]}
    one |= {"success": "true", "merchantReference": "pi_dear.op_1"}
    return json.dumps(good).encode()


GOOD = message(item("AUTHORISATION"))


@pytest.mark.parametrize(
    "body",
    [
        _changed(amount={"currency": "USD", "value": 5001}),
        _overridden(),
        _changed(success="false"),
        _changed(eventCode="REFUND"),
        _changed(merchantReference="pi_other.op_1"),
        _changed(originalReference="PSPOTHER"),
        _changed(additionalData={}),
        _changed(additionalData={"hmacSignature": "ü"}),
        message(item("AUTHORISATION"), item("CAPTURE", merchantAccountCode="Another")),
        message(item("AUTHORISATION", success="maybe")),
        message(item("AUTHORISATION", pspReference=None)),
        message(),
        message(*[item("AUTHORISATION")] * 101),
        message(item("AUTHORISATION"), live="perhaps"),
        GOOD.replace(b'"live"', b'"live": "false", "live"'),
        b"", b"[]", b"{}", b'{"live":"false"}', b"\xff", b"[" * 5000,
        b'{"live":"false","notificationItems":[1]}',
    ],
)  # fmt: skip
def test_a_message_that_is_not_good_as_a_whole_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        read(body)


def test_without_a_usable_key_nothing_is_believed() -> None:
    for secrets in ((), ("no hex",)):
        with pytest.raises(SignatureInvalid):
            read(GOOD, replace(ACCOUNT, webhook_secrets=secrets))


@pytest.mark.parametrize("code", CODES)
def test_every_event_code_is_meant_or_ignored_for_a_reason(code: str) -> None:
    assert (code in MEANT) != (code in IGNORED)
    assert bool(read(message(item(code)))[0].why_ignored) is (code in IGNORED)


def test_an_unknown_code_is_kept_and_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    found = read(message(item("MOON_LANDING")))[0]

    assert found.why_ignored is not None
    assert "processor.event_unknown" in caplog.messages
