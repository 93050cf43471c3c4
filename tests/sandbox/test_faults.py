import time
from urllib.error import HTTPError

import pytest
import stripe

from tests.sandbox.driver import Merchant
from tests.sandbox.server import SandboxServer, start_sandbox


def key(name: str) -> dict[str, str]:
    return {"idempotency_key": name}


def test_the_line_is_cut_before_the_charge(merchant: Merchant) -> None:
    merchant.fault("drop_before")
    with pytest.raises(stripe.APIConnectionError) as cut:
        merchant.pay(options=key("k"))
    assert cut.value.should_retry
    assert merchant.record()["facts"] == []
    assert merchant.pay(options=key("k")).status == "succeeded"
    assert merchant.totals()["charges"] == 1


def test_the_line_is_cut_after_the_charge(merchant: Merchant) -> None:
    merchant.fault("drop_after")
    with pytest.raises(stripe.APIConnectionError) as cut:
        merchant.pay(options=key("k"))
    assert cut.value.should_retry
    assert merchant.totals()["captured"] == 4999
    replay = merchant.pay(options=key("k"))
    assert replay.last_response.headers["Idempotent-Replayed"] == "true"
    assert merchant.totals()["charges"] == 1


@pytest.mark.parametrize("kind,charges", [("error_before", 0), ("error_after", 1)])
def test_a_server_error_is_stored_under_its_key(
    merchant: Merchant, kind: str, charges: int
) -> None:
    merchant.fault(kind)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            merchant.pay(options=key("k"))
        assert broken.value.http_status == 500
        assert broken.value.headers is not None
        assert broken.value.headers["Stripe-Should-Retry"] == "false"
    assert merchant.totals().get("charges", 0) == charges
    found = merchant.v1.payment_intents.list().data
    assert [intent.status for intent in found] == ["succeeded"] * charges


@pytest.mark.parametrize(
    "kind,status,error",
    [("rate_limit", 429, stripe.RateLimitError), ("unavailable", 503, stripe.APIError)],
)
def test_busy_answers_execute_and_store_nothing(
    merchant: Merchant, kind: str, status: int, error: type[stripe.StripeError]
) -> None:
    merchant.fault(kind, retry_after=3)
    with pytest.raises(error) as busy:
        merchant.pay(options=key("k"))
    assert busy.value.http_status == status
    assert busy.value.headers is not None
    assert busy.value.headers["Retry-After"] == "3"
    assert merchant.record()["facts"] == []
    assert merchant.pay(options=key("k")).status == "succeeded"


@pytest.mark.parametrize(
    "kind,error",
    [("malformed_body", stripe.APIError), ("truncated_body", stripe.APIConnectionError)],
)
def test_a_broken_reply_hides_a_true_charge(
    merchant: Merchant, kind: str, error: type[stripe.StripeError]
) -> None:
    merchant.fault(kind)
    with pytest.raises(error):
        merchant.pay(options=key("k"))
    assert merchant.totals()["charges"] == 1
    assert merchant.pay(options=key("k")).status == "succeeded"
    assert merchant.totals()["charges"] == 1


def test_replies_lie_while_the_object_stays_true(merchant: Merchant) -> None:
    merchant.fault("wrong_amount", delta=100)
    merchant.fault("wrong_currency", currency="eur")
    merchant.fault("unknown_status", status="levitating")
    lie = merchant.pay()
    assert (lie.amount, lie.currency, lie.status) == (5099, "eur", "levitating")
    truth = merchant.v1.payment_intents.retrieve(lie.id)
    assert (truth.amount, truth.currency, truth.status) == (4999, "usd", "succeeded")


def test_delays_come_before_or_after_the_charge(merchant: Merchant) -> None:
    for kind in ("delay_before", "delay_after"):
        merchant.fault(kind, seconds=0.3)
        began = time.monotonic()
        merchant.pay()
        assert time.monotonic() - began >= 0.3


def test_a_decline_can_be_forced(merchant: Merchant) -> None:
    merchant.fault("decline", decline_code="do_not_honor", count=2)
    for _ in range(2):
        assert merchant.decline("pm_card_visa").error.decline_code == "do_not_honor"
    assert merchant.pay().status == "succeeded"


def test_faults_match_route_account_and_count(merchant: Merchant) -> None:
    other = Merchant(merchant.sandbox)
    merchant.fault("error_before", route="POST /v1/refunds", count=1)
    intent = merchant.pay()
    assert other.pay().status == "succeeded"
    with pytest.raises(stripe.APIError):
        merchant.v1.refunds.create({"payment_intent": intent.id})
    assert merchant.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"
    merchant.fault("rate_limit", route="GET /v1/payment_intents/{id}", count=None)
    for _ in range(3):
        with pytest.raises(stripe.RateLimitError):
            merchant.v1.payment_intents.retrieve(intent.id)
    assert merchant.v1.payment_intents.list().data[0].id == intent.id
    merchant.sandbox.clear_faults()
    assert merchant.v1.payment_intents.retrieve(intent.id).id == intent.id
    other.close()


def test_nonsense_is_refused_when_it_is_armed(sandbox: SandboxServer) -> None:
    for body in ({"kind": "earthquake"}, {"kind": "drop_after", "seconds": 3},
                 {"kind": "decline", "count": 0}):  # fmt: skip
        with pytest.raises(HTTPError):
            sandbox.control("faults", **body)


def test_state_survives_a_crash_of_the_sandbox(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("crash")
    server = start_sandbox(directory)
    merchant = Merchant(server)
    intent = merchant.pay(options=key("k"))
    merchant.fault("drop_after", count=3)
    server.kill()
    merchant.close()
    with start_sandbox(directory) as again:
        revived = Merchant(again)
        revived.client = stripe.StripeClient(
            merchant.key, base_addresses={"api": again.url}, max_network_retries=0
        )
        found = revived.client.v1.payment_intents.retrieve(intent.id)
        assert found.status == "succeeded"
        assert again.record(merchant.account)["totals"]["usd"]["captured"] == 4999
        assert again.call("GET", "/control/api/faults")["faults"][0]["count"] == 3
        revived.close()


def test_one_account_can_be_reset(merchant: Merchant) -> None:
    other = Merchant(merchant.sandbox)
    merchant.pay()
    other.pay()
    merchant.sandbox.control("reset", account=merchant.account)
    assert merchant.v1.payment_intents.list().data == []
    assert merchant.record()["facts"] == []
    assert len(other.record()["facts"]) == 2
    other.close()
