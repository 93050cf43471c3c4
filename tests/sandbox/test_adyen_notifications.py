"""Notifications: signed item by item, in batches, on Adyen's schedule, and as unreliable as one likes."""

from Adyen.util import is_valid_hmac_notification

from app.sandbox.adyen.notifications import sign
from tests.contracts import adyen as contract
from tests.sandbox.adyen import AdyenMerchant, Listener
from tests.sandbox.server import wait_until


def states(shop: AdyenMerchant) -> list[tuple[str, str, int]]:
    rows = shop.sandbox.call("GET", f"/control/api/webhooks?account={shop.account}")["deliveries"]
    return [(row["type"], row["state"], row["attempts"]) for row in reversed(rows)]


def test_adyens_own_example_is_signed_as_published() -> None:
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }
    key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    assert sign(item, key) == "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="


def test_batches_fit_the_contract_and_every_item_is_signed(
    shop: AdyenMerchant, listener: Listener
) -> None:
    shop.fault("mute_webhooks", count=None)
    psp = shop.pay(storePaymentMethod=True, shopperReference="cus_1", metadata={"k": "v"})[
        "pspReference"
    ]
    shop.pay(holder="DECLINED", reference="pi_2.op_1")
    for amount in range(1, 6):
        shop.modify("refunds", psp, amount, reference=f"re:\\{amount}")
    shop.pass_time()
    wait_until(lambda: len(states(shop)) == 8)
    assert {state for _, state, _ in states(shop)} == {"muted"}
    assert listener.bodies == []
    shop.sandbox.clear_faults()
    shop.sandbox.control("webhooks/redeliver", account=shop.account)
    wait_until(lambda: len(listener.items()) == 8)
    assert sorted(len(body["notificationItems"]) for body in listener.bodies) == [2, 6]
    for body in listener.bodies:
        contract.check(body, "Notification")
        for item in body["notificationItems"]:
            assert is_valid_hmac_notification({"notificationItems": [item]}, listener.hmac_key)
    paid, declined = (listener.wait("AUTHORISATION", word) for word in ("true", "false"))
    assert (paid["pspReference"], paid["merchantReference"]) == (psp, "pi_1.op_1")
    assert paid["additionalData"]["metadata.k"] == "v"
    assert paid["operations"] == ["CANCEL", "CAPTURE", "REFUND"]
    assert (declined["reason"], declined["merchantReference"]) == ("Refused", "pi_2.op_1")
    assert listener.wait("RECURRING_CONTRACT")["originalReference"] == psp


def test_what_is_not_accepted_is_tried_again_on_adyens_schedule(
    shop: AdyenMerchant, listener: Listener
) -> None:
    listener.answers = [(500, b""), (200, b"thank you"), (302, b"[accepted]"), (202, b"")]
    shop.pay()
    for attempts, pause in ((1, 9), (2, 18), (3, 27)):
        wait_until(lambda done=attempts: states(shop) == [("AUTHORISATION", "pending", done)])
        shop.pass_time(pause - 2)
        assert len(listener.bodies) == attempts
        shop.pass_time(2)
    wait_until(lambda: states(shop) == [("AUTHORISATION", "delivered", 4)])
    assert len({item["pspReference"] for item in listener.items()}) == 1


def test_duplicates_shuffles_and_lies(shop: AdyenMerchant, listener: Listener) -> None:
    shop.fault("duplicate_webhooks", copies=3)
    shop.pay()
    wait_until(lambda: listener.heard() == [("AUTHORISATION", "true")] * 3)
    shop.fault("shuffle_webhooks", window_seconds=1, count=None)
    psp = shop.pay(storePaymentMethod=True, shopperReference="cus_1")["pspReference"]
    wait_until(lambda: len(listener.heard()) == 5)
    assert listener.heard()[3:] == [("RECURRING_CONTRACT", "true"), ("AUTHORISATION", "true")]
    shop.sandbox.clear_faults()
    shop.fault("lying_event", events=["AUTHORISATION"])
    shop.pay(holder="DECLINED")
    wait_until(lambda: listener.heard()[5:] == [("AUTHORISATION", "true")])
    made_up = {"event_code": "CHARGEBACK", "psp_reference": psp, "changes": {"reason": "10.4"}}
    shop.sandbox.control("adyen/notifications", merchant_account=shop.account, **made_up)
    item = listener.wait("CHARGEBACK")
    assert (item["originalReference"], item["reason"]) == (psp, "10.4")
    assert is_valid_hmac_notification(
        {"notificationItems": [{"NotificationRequestItem": item}]}, listener.hmac_key
    )
    query = f"merchant_account={shop.account}&hmac_key={listener.hmac_key}"
    told = shop.sandbox.call("GET", f"/control/api/adyen/notifications?{query}")["deliveries"]
    assert item in [one["notificationItems"][0]["NotificationRequestItem"] for one in told]
    assert shop.totals()["charges"] == 2
