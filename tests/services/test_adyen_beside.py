"""Money at Adyen beside what a payment's row holds: in suspense, as much of it as is there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidRequest
from app.services import accounts, inbound, payments
from app.services.deps import Deps
from app.services.payments import CapturePayment
from tests.adapters.adyen_items import item, message
from tests.factories import HMAC_KEY, Shop, TestClock, make_payment, open_shop, usd
from tests.sandbox.server import SandboxServer
from tests.services.adyen_side import AdyenSide, adyen_side
from tests.services.bank import rows


@pytest.fixture
def shop(deps: Deps) -> Shop:
    return open_shop(deps, processor="adyen")


@pytest.fixture
def adyen(sandbox: SandboxServer, shop: Shop) -> Iterator[AdyenSide]:
    with adyen_side(sandbox, shop) as side:
        yield side


def tell(deps: Deps, shop: Shop, code: str, minor: int, **more: Any) -> str:
    """An item that the sandbox would never tell, signed as Adyen would, arrives twice and is handled."""
    amount = {"currency": "USD", "value": minor}
    one = item(code, amount=amount, merchantAccountCode=shop.tail, **more)
    body = message(one, key=HMAC_KEY)
    for _ in range(2):
        inbound.receive(deps, inbound.ReceiveNews(shop.account_id, body, {}))
        inbound.handle_due(deps)
    found: str = rows("SELECT status FROM inbox ORDER BY id DESC LIMIT 1")[0]["status"]
    return found


def balance(account: str) -> int:
    found: int = rows(
        "SELECT coalesce(sum(signed_minor), 0)::bigint AS total FROM ledger_entries"
        " WHERE account = :account",
        account=account,
    )[0]["total"]
    return found


def owed() -> tuple[int, int]:
    """What Adyen owes us, and how much of it is in suspense."""
    return balance("processor_receivable:adyen"), -balance("suspense")


def test_captures_by_hand_beside_ours_are_in_suspense_while_they_stand(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    held = make_payment(deps, shop, capture_method="manual")
    take = CapturePayment(shop.merchant_id, held.id, "user:1", usd("30.00"))
    payments.capture_payment(deps, take)
    adyen.hear(deps, "AUTHORISATION", "CAPTURE")
    of = {"originalReference": held.processor_reference, "merchantReference": "by hand"}
    more = {**of, "pspReference": "PSPMORE"}

    assert tell(deps, shop, "CAPTURE", 1000, **more) == "handled"
    assert owed() == (4000, 1000)
    tell(deps, shop, "CAPTURE", 500, **{**of, "pspReference": "PSPTHIRD"})
    assert owed() == (4500, 1500)
    tell(deps, shop, "CAPTURE_FAILED", 1000, **more)
    assert owed() == (3500, 500)
    assert payments.load(shop.merchant_id, held.id).captured_minor == 3000

    lost = make_payment(deps, shop, capture_method="manual")
    adyen.fault("capture_outcome", outcome="succeeded_then_failed")
    payments.capture_payment(deps, replace(take, payment_id=lost.id))
    adyen.hear(deps, "CAPTURE", "CAPTURE_FAILED")
    assert owed() == (3500, 500)
    again = {**of, "originalReference": lost.processor_reference, "pspReference": "PSPAGAIN"}
    assert tell(deps, shop, "CAPTURE", 3000, **again) == "handled"
    assert owed() == (6500, 3500)


def test_a_second_object_of_a_payment_is_in_suspense_as_far_as_it_was_taken(
    deps: Deps, shop: Shop, adyen: AdyenSide
) -> None:
    paid = make_payment(deps, shop)
    ours = {"merchantReference": f"{paid.id}.{paid.attempt_id}"}
    second = {"originalReference": "PSPSECOND", "merchantReference": "by hand"}
    assert owed() == (5000, 0)

    assert tell(deps, shop, "AUTHORISATION", 5000, pspReference="PSPSECOND", **ours) == "failed"
    assert owed() == (10000, 5000)
    tell(deps, shop, "REFUND", 1000, pspReference="PSPBACK", **{**second, **ours})
    assert owed() == (9000, 4000)
    tell(deps, shop, "REFUND_FAILED", 1000, pspReference="PSPBACK", **{**second, **ours})
    assert owed() == (10000, 5000)

    # What is let go is not taken any more.
    for number, code in enumerate(("CANCELLATION", "EXPIRE", "CAPTURE_FAILED")):
        psp = f"PSPTHIRD{number}"
        tell(deps, shop, "AUTHORISATION", 5000, pspReference=psp, **ours)
        assert owed() == (15000, 10000)
        more = {"originalReference": psp, "pspReference": f"PSPGONE{number}"}
        tell(deps, shop, code, 5000, **ours, **more)
        assert owed() == (10000, 5000)
    found = payments.load(shop.merchant_id, paid.id)
    assert (found.status, found.captured_minor, found.refunded_minor) == ("captured", 5000, 0)


def test_a_refund_that_came_back_without_its_name_is_in_suspense_once(
    deps: Deps, shop: Shop, adyen: AdyenSide, caplog: pytest.LogCaptureFixture
) -> None:
    both = [make_payment(deps, shop), make_payment(deps, shop)]
    for number, paid in enumerate(both):
        of = {"originalReference": paid.processor_reference, "merchantReference": "by hand"}
        back = {**of, "pspReference": f"PSPBACK{number}"}
        tell(deps, shop, "REFUND", 1000, pspReference=f"PSPA{number}", **of)
        if number:
            # It is this one's, as long as there is no other; that there is one later changes nothing.
            tell(deps, shop, "REFUNDED_REVERSED", 1000, **back)
        tell(deps, shop, "REFUND", 1000, pspReference=f"PSPB{number}", **of)
        if not number:
            tell(deps, shop, "REFUNDED_REVERSED", 1000, **back)
            assert owed() == (9000, 1000)
            assert "refund.came_back_unnamed" in caplog.messages
    assert owed() == (8000, 1000)


def test_of_a_payment_without_a_row_only_what_was_surely_taken_is_booked(
    deps: Deps, shop: Shop, adyen: AdyenSide, clock: TestClock
) -> None:
    held = {"pspReference": "PSPHELD", "merchantReference": "pi_gone.op_1"}
    taken = {"originalReference": "PSPTAKEN", "merchantReference": "pi_lost.op_1"}
    tell(deps, shop, "AUTHORISATION", 5000, **held)
    tell(deps, shop, "CAPTURE", 3000, **taken)
    for _ in range(len(inbound.BACKOFF)):
        clock.advance(timedelta(hours=1))
        inbound.handle_due(deps)

    assert owed() == (3000, 3000)
    found = rows("SELECT status, error FROM inbox ORDER BY id")
    assert [row["status"] for row in found] == ["failed", "failed"]
    assert "not known" in found[0]["error"]
    assert "suspense" in found[1]["error"]


def test_one_account_there_is_one_merchants_here(deps: Deps, shop: Shop) -> None:
    other = open_shop(deps, processor="adyen")
    again = accounts.ConnectAccount(other.merchant_id, "adyen", shop.tail, "key", "secret")

    with pytest.raises(InvalidRequest):
        accounts.connect_account(deps, again)
    # The merchant itself may connect it with other keys.
    assert accounts.connect_account(deps, replace(again, merchant_id=shop.merchant_id))
