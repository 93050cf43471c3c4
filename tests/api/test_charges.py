"""Charges: what is told of the tries that reached a bank, and of no other."""

import pytest

from app.services import payments, resolver
from app.services.deps import Deps
from tests.api.client import Api, error_of
from tests.contracts.schema import check
from tests.factories import DECLINED, VISA, FakeQueue, Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank

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


def charges_of(api: Api, queue: FakeQueue) -> tuple[list[str], set[str]]:
    """The charges that are listed, found and named, which must be the same, and all events."""
    queue.drain()
    listed = [one["id"] for one in check(api.get("/v1/charges").json)["data"]]
    found = check(api.get("/v1/charges/search?query=amount>0").json)["data"]
    assert [one["id"] for one in found] == listed
    for intent in check(api.get("/v1/payment_intents?expand[]=data.latest_charge").json)["data"]:
        named = intent["latest_charge"]
        assert (named and named["id"]) == (listed[0] if listed else None)
    return listed, {event["type"] for event in check(api.get("/v1/events").json)["data"]}


def test_a_try_that_the_processor_never_processed_is_no_charge(
    api: Api, shop: Shop, sandbox: SandboxServer, queue: FakeQueue
) -> None:
    sandbox.fault("error_before", account=shop.sandbox_account, route="POST /v1/payment_intents")
    assert api.pay("k").status_code == 202
    error = error_of(api.pay("k"))

    listed, events = charges_of(api, queue)
    assert error["code"] == "processing_error"
    assert "charge" not in error
    assert "charge" not in error["payment_intent"]["last_payment_error"]
    assert listed == []
    assert "charge.failed" not in events
    assert "payment_intent.payment_failed" in events


def test_a_card_that_failed_its_check_before_the_bank_was_asked_is_no_charge(
    api: Api, queue: FakeQueue
) -> None:
    error = error_of(api.pay("k", payment_method="pm_card_threeDSecureRequiredProcessingError"))

    listed, events = charges_of(api, queue)
    assert error["decline_code"] == "generic_decline"
    assert "charge" not in error
    assert listed == []
    assert "charge.failed" not in events


def test_what_the_bank_declined_after_its_question_is_a_charge(
    api: Api, deps: Deps, shop: Shop, sandbox: SandboxServer, queue: FakeQueue
) -> None:
    token = "pm_card_threeDSecureRequiredChargeDeclined"
    made = check(api.pay("k", payment_method=token).json)
    assert (made["status"], made["latest_charge"]) == ("requires_action", None)
    payment = payments.load(shop.merchant_id, made["id"])
    Bank(sandbox, shop).answer_challenge(payment)
    resolver.refresh(deps, payment)

    listed, events = charges_of(api, queue)
    assert listed == ["ch_" + str(payment.attempt_id).removeprefix("op_")]
    assert "charge.failed" in events
    confirm = f"/v1/payment_intents/{made['id']}/confirm"
    paid = check(api.post(confirm, {"payment_method": VISA}).json)
    # A later try's charge does not hide the earlier one.
    assert charges_of(api, queue)[0] == [paid["latest_charge"], *listed]


def test_a_try_that_reached_no_bank_hides_no_earlier_charge(
    api: Api, shop: Shop, sandbox: SandboxServer, queue: FakeQueue
) -> None:
    declined = error_of(api.pay("k", payment_method=DECLINED))
    where = f"/v1/payment_intents/{declined['payment_intent']['id']}"
    sandbox.fault("error_before", account=shop.sandbox_account, route="POST */confirm")
    api.post(f"{where}/confirm", {"payment_method": VISA}, key="again")
    error = error_of(api.post(f"{where}/confirm", {"payment_method": VISA}, key="again"))

    assert error["code"] == "processing_error"
    assert "charge" not in error
    assert "charge" not in check(api.get(where).json)["last_payment_error"]
    assert charges_of(api, queue)[0] == [declined["charge"]]
