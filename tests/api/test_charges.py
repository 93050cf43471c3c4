"""Charges: what is told of the tries that reached a bank, and of no other."""

import pytest

from tests.api.client import Api, error_of
from tests.contracts.schema import check

HIDDEN = (
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedLostCard",
    "pm_card_chargeDeclinedStolenCard",
    "pm_card_chargeDeclinedFraudulent",
)


@pytest.mark.parametrize("token", HIDDEN)
def test_a_decline_that_hides_its_reason_gives_no_advice(api: Api, token: str) -> None:
    answer = api.pay("k", payment_method=token)

    error = error_of(answer)
    assert check(answer.json)
    charge = check(api.get(f"/v1/charges/{error['charge']}").json)
    assert "advice_code" not in error
    assert "advice_code" not in error["payment_intent"]["last_payment_error"]
    assert charge["outcome"]["advice_code"] is None


@pytest.mark.parametrize(
    "kind, advice",
    [
        ("InsufficientFunds", "try_again_later"),
        ("ProcessingError", "try_again_later"),
        ("IncorrectCvc", "confirm_card_data"),
        ("ExpiredCard", "do_not_try_again"),
    ],
)
def test_the_same_advice_is_given_wherever_a_decline_is_told(
    api: Api, kind: str, advice: str
) -> None:
    answer = api.pay("k", payment_method=f"pm_card_chargeDeclined{kind}")

    error = error_of(answer)
    assert check(answer.json)
    intent = check(api.get(f"/v1/payment_intents/{error['payment_intent']['id']}").json)
    charge = check(api.get(f"/v1/charges/{error['charge']}").json)
    assert error["advice_code"] == advice
    assert intent["last_payment_error"]["advice_code"] == advice
    assert charge["outcome"]["advice_code"] == advice
