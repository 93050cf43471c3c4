"""What only the processor can read passes through us in its form and in no other."""

import json
from typing import Any

import pytest
from flask import Flask

from app.web.checkout_sealed import (
    is_back_from_elsewhere,
    is_sealed_card,
    proof_in_address,
    proof_of,
)
from app.web.security import checkout_csp

CARD: dict[str, Any] = {
    "type": "scheme",
    "encryptedCardNumber": "adyenjs_0_1_25$dGhpcyBpcyBub3QgYSBjYXJk",
    "encryptedExpiryMonth": "adyenjs_0_1_25$bm9yIHRoaXM",
    "encryptedExpiryYear": "adyenjs_0_1_25$bm9yIHRoYXQ",
    "encryptedSecurityCode": "adyenjs_0_1_25$bm9yIHRoaXMgb25l",
    "holderName": "Zoë Lovelace",
    "browserInfo": {"userAgent": "Mozilla/5.0", "colorDepth": 24},
}


def sealed(**more: Any) -> str:
    return f"scheme:{json.dumps(CARD | more)}"


def test_a_sealed_card_is_one() -> None:
    assert is_sealed_card(sealed())
    assert is_sealed_card(sealed(brand="visa"))


@pytest.mark.parametrize(
    "text",
    [
        sealed(encryptedCardNumber="test_4111111111111111"),
        sealed(encryptedCardNumber="4111111111111111"),
        sealed(encryptedCardNumber="4111 1111 1111 1111".replace(" ", "")),
        sealed(number="4111"),
        sealed(cvc="737"),
        sealed(encryptedCardNumber={"x": "y"}),
        sealed(browserInfo="Mozilla"),
        sealed(sdkData="x" * 50_000),
        "scheme:{}",
        "scheme:[]",
        "scheme:",
        "scheme:{" * 9_000,
        f"scheme:{json.dumps({k: v for k, v in CARD.items() if k != 'encryptedExpiryYear'})}",
        json.dumps(CARD),
        "",
    ],
    ids=range(15),
)
def test_what_is_not_a_sealed_card_is_not_taken_for_one(text: str) -> None:
    assert not is_sealed_card(text)


def test_a_proof_has_the_details_that_a_script_gives() -> None:
    good = '{"details":{"threeDSResult":"eyJ0cmFuc1N0YXR1cyI6IlkifQ=="}}'
    assert proof_of(good) == good
    for text in (None, "", "{}", "[]", '{"details":"x"}', "no", "[" * 50_000, good + " " * 200_000):
        assert proof_of(text) is None
    for address, proof in (
        ("/?redirectResult=a%22b", '{"details": {"redirectResult": "a\\"b"}}'),
        ("/?redirectResult=", None),
        ("/?redirect_status=succeeded", None),
    ):
        with Flask("somewhere").test_request_context(address):
            assert is_back_from_elsewhere()
            assert proof_in_address() == proof


def test_only_the_document_of_the_banks_question_may_frame_any_bank() -> None:
    live = "https://checkoutshopper-live.cdn.adyen.com/checkoutshopper/sdk/6.5.1/adyen.js"
    fields, question = (checkout_csp(live, frames_any=is_asked) for is_asked in (False, True))

    for policy in (fields, question):
        assert "script-src 'self' https://checkoutshopper-live.cdn.adyen.com;" in policy
        assert "connect-src 'self' https://*.adyen.com;" in f"{policy};"
        assert "unsafe" not in policy
    assert "frame-src https://*.adyen.com" in fields
    assert "form-action 'self';" in fields
    assert " https:;" in question
    assert "form-action 'self' https://checkoutshopper-live.cdn.adyen.com https:;" in question
    assert " https:;" not in fields
