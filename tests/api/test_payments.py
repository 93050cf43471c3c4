from urllib.parse import parse_qs, urlsplit

from app.services.deps import Deps
from tests.api.client import Api, charges, error_of
from tests.contracts.schema import check
from tests.factories import (
    DECLINED,
    NEEDS_3DS,
    NO_FUNDS,
    VISA,
    Shop,
    open_checkout,
    pay_checkout,
)
from tests.sandbox.server import SandboxServer


def test_a_payment_is_created_and_confirmed_in_one_step(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    answer = api.pay("k", description="Tray", receipt_email="ada@example.com")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert "Idempotent-Replayed" not in answer.headers
    intent = check(answer.json)
    assert (intent["status"], intent["amount"], intent["amount_received"]) == (
        *("succeeded", 4999, 4999),
    )
    assert (intent["currency"], intent["livemode"]) == ("usd", False)
    assert (intent["description"], intent["receipt_email"]) == ("Tray", "ada@example.com")
    assert sandbox.record(shop.sandbox_account)["totals"]["usd"]["captured"] == 4999
    assert check(api.get(f"/payments/{intent['id']}").json) == intent


def test_a_hold_is_not_taken(api: Api, shop: Shop, sandbox: SandboxServer) -> None:
    intent = check(api.pay("k", capture_method="manual").json)
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 4999)
    assert intent["amount_received"] == 0
    assert sandbox.record(shop.sandbox_account)["totals"]["usd"]["captured"] == 0


def test_a_decline_is_402_with_words_for_the_customer(api: Api) -> None:
    for token, code, decline_code in (
        (DECLINED, "card_declined", "generic_decline"),
        (NO_FUNDS, "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedFraudulent", "card_declined", "generic_decline"),
    ):
        answer = api.pay(f"k-{token}", payment_method=token)
        assert answer.status_code == 402, token
        error = error_of(answer)
        found = (error["type"], error["code"], error["decline_code"])
        assert found == ("card_error", code, decline_code), token
        for thief in ("stolen", "lost", "fraud"):
            assert thief not in answer.text, token
        intent = check(error["payment_intent"])
        assert (intent["status"], intent["amount_received"]) == ("requires_payment_method", 0)
        assert intent["last_payment_error"]["message"] == error["message"]


def test_a_payment_that_needs_the_customer_says_what_to_do(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    back = "https://shop.example/back?order=7"
    intent = check(api.pay("k", payment_method=NEEDS_3DS, return_url=back).json)
    assert intent["status"] == "requires_action"
    assert intent["next_action"]["type"] == "redirect_to_url"
    to = intent["next_action"]["redirect_to_url"]
    page = urlsplit(to["url"])
    assert (page.path, to["return_url"]) == (f"/pay/authenticate/{intent['id']}", back)
    assert parse_qs(page.query)["client_secret"] == [intent["client_secret"]]
    assert charges(sandbox, shop) == 0
    # However it is asked for later, the answer is the same.
    listed = check(api.get("/v1/payment_intents").json)["data"]
    kept = check(api.get(f"/v1/payment_intents/{intent['id']}").json)
    assert kept["next_action"] == listed[0]["next_action"] == intent["next_action"]


def test_each_try_has_its_own_way_back(api: Api) -> None:
    made = check(api.pay("k", payment_method=NEEDS_3DS, return_url="https://shop.example/1").json)
    confirm = f"/v1/payment_intents/{made['id']}/confirm"
    again = check(api.post(confirm, {"payment_method": NEEDS_3DS}).json)
    assert again["next_action"]["redirect_to_url"]["return_url"] is None
    paid = check(api.post(confirm, {"payment_method": VISA}).json)
    assert (paid["status"], paid["next_action"]) == ("succeeded", None)


def test_a_checkouts_payment_leads_to_its_checkout(api: Api, deps: Deps, shop: Shop) -> None:
    session_id = open_checkout(deps, shop)
    view = pay_checkout(deps, session_id, NEEDS_3DS)
    intent = check(api.get(f"/v1/payment_intents/{view.payment_id}").json)
    url = f"http://localhost/pay/{session_id}"
    assert intent["next_action"]["redirect_to_url"] == {"url": url, "return_url": url}


def test_an_unknown_outcome_is_202_and_the_same_key_learns_the_answer(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    for fault in ("drop_before", "drop_after", "error_before", "error_after"):
        sandbox.fault(fault, account=shop.sandbox_account, route="POST /v1/payment_intents")
        first = api.pay(fault)
        assert first.status_code == 202, fault
        pending = check(first.json)
        assert (pending["status"], pending["amount_received"]) == ("processing", 0)
        later = api.pay(fault)
        if fault == "error_before":
            # The processor keeps the error under the key: nothing was taken, definitely.
            assert later.status_code == 402
        else:
            assert (later.status_code, check(later.json)["status"]) == (200, "succeeded"), fault
        again = api.pay(fault)
        assert (again.status_code, again.data) == (later.status_code, later.data)
        assert again.headers["Idempotent-Replayed"] == "true"
    assert charges(sandbox, shop) == 3


def test_while_the_processor_is_away_the_key_stays_unanswered_and_nothing_is_lost(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    armed = sandbox.fault("drop_before", account=shop.sandbox_account, route="*", count=None)
    assert [api.pay("k").status_code for _ in range(3)] == [202, 202, 202]
    sandbox.call("DELETE", f"/control/api/faults/{armed['id']}")
    assert api.pay("k").status_code == 200
    assert charges(sandbox, shop) == 1
