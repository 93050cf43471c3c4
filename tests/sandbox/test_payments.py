import pytest
import stripe

from tests.sandbox.driver import Merchant
from tests.sandbox.server import wait_until


def test_a_card_is_charged_and_its_fee_is_known_at_once(merchant: Merchant) -> None:
    intent = merchant.pay(expand=["latest_charge.balance_transaction"], metadata={"order": "7"})
    assert intent.status == "succeeded"
    assert intent.amount_received == 4999
    assert intent.metadata["order"] == "7"
    charge = intent.latest_charge
    assert (charge.paid, charge.captured, charge.status) == (True, True, "succeeded")
    assert charge.payment_method_details.card.last4 == "4242"
    assert (charge.balance_transaction.fee, charge.balance_transaction.net) == (175, 4824)
    assert merchant.totals() == {
        "authorised": 4999, "captured": 4999, "released": 0, "refunded": 0, "refund_failed": 0, "returned": 0,
        "received": 0, "sent_back": 0, "came_back": 0,
        "fees": 175, "net": 4824, "charges": 1,
    }  # fmt: skip


def test_an_intent_is_created_then_confirmed(merchant: Merchant) -> None:
    intents = merchant.v1.payment_intents
    intent = intents.create(
        {"amount": 1000, "currency": "eur", "allowed_payment_method_types": ["card"]}
    )
    assert intent.status == "requires_payment_method"
    assert intent.capture_method == "automatic_async"
    intent = intents.update(intent.id, {"payment_method": "pm_card_visa", "amount": 1200})
    assert intent.status == "requires_confirmation"
    intent = intents.confirm(intent.id)
    assert (intent.status, intent.amount_received) == ("succeeded", 1200)


def test_asynchronous_capture_brings_the_balance_row_later(merchant: Merchant) -> None:
    intent = merchant.pay(
        capture_method="automatic_async", expand=["latest_charge.balance_transaction"]
    )
    assert intent.status == "succeeded"
    assert intent.latest_charge.balance_transaction is None
    charge = intent.latest_charge.id
    row = wait_until(lambda: merchant.v1.charges.retrieve(charge).balance_transaction)
    assert merchant.v1.balance_transactions.retrieve(row).net == 4824


def test_a_part_is_captured_and_the_rest_released_without_a_refund(merchant: Merchant) -> None:
    intent = merchant.pay(capture_method="manual", expand=["latest_charge"])
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 4999)
    card = intent.latest_charge.payment_method_details.card
    assert card.capture_before > intent.created
    assert intent.latest_charge.balance_transaction is None
    with pytest.raises(stripe.InvalidRequestError) as too_much:
        merchant.v1.payment_intents.capture(intent.id, {"amount_to_capture": 5000})
    assert too_much.value.code == "amount_too_large"
    intent = merchant.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": 3000, "expand": ["latest_charge.balance_transaction"]}
    )
    assert (intent.status, intent.amount_received) == ("succeeded", 3000)
    charge = intent.latest_charge
    assert (charge.amount_captured, charge.amount_refunded, charge.refunded) == (3000, 0, False)
    assert (charge.balance_transaction.amount, charge.balance_transaction.fee) == (3000, 117)
    assert merchant.v1.refunds.list({"payment_intent": intent.id}).data == []
    totals = merchant.totals()
    assert (totals["captured"], totals["released"]) == (3000, 1999)
    with pytest.raises(stripe.InvalidRequestError) as again:
        merchant.v1.payment_intents.capture(intent.id)
    assert again.value.code == "payment_intent_unexpected_state"


def test_a_held_payment_is_let_go_without_a_refund(merchant: Merchant) -> None:
    held = merchant.pay(capture_method="manual")
    canceled = merchant.v1.payment_intents.cancel(
        held.id, {"cancellation_reason": "requested_by_customer", "expand": ["latest_charge"]}
    )
    assert (canceled.status, canceled.amount_capturable) == ("canceled", 0)
    assert canceled.cancellation_reason == "requested_by_customer"
    charge = canceled.latest_charge
    assert (charge.captured, charge.refunded, charge.amount_refunded) == (False, False, 0)
    assert merchant.totals()["released"] == 4999
    with pytest.raises(stripe.InvalidRequestError) as again:
        merchant.v1.payment_intents.cancel(held.id)
    assert again.value.code == "payment_intent_unexpected_state"
    assert again.value.error.payment_intent.status == "canceled"


def test_a_paid_payment_cannot_be_canceled_or_confirmed_again(merchant: Merchant) -> None:
    intent = merchant.pay()
    for act in (merchant.v1.payment_intents.cancel, merchant.v1.payment_intents.confirm):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            act(intent.id)
        assert refused.value.code == "payment_intent_unexpected_state"
    assert merchant.totals()["charges"] == 1


def test_the_same_intent_is_confirmed_again_after_a_decline(merchant: Merchant) -> None:
    error = merchant.decline("pm_card_visa_chargeDeclinedInsufficientFunds")
    refused = error.error.payment_intent
    assert (refused.status, refused.payment_method) == ("requires_payment_method", None)
    assert refused.last_payment_error.decline_code == "insufficient_funds"
    paid = merchant.v1.payment_intents.confirm(refused.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    assert paid.last_payment_error is None
    charges = merchant.v1.charges.list({"payment_intent": paid.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert merchant.totals()["captured"] == 4999


def test_reuse_of_a_token_and_of_card_details(merchant: Merchant) -> None:
    method = merchant.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert method.card.last4 == "4242"
    card = {"number": "5555555555554444", "exp_month": 9, "exp_year": 2034, "cvc": "123"}
    token = merchant.v1.tokens.create({"card": card})
    method = merchant.v1.payment_methods.create({"type": "card", "card": {"token": token.id}})
    assert (method.card.brand, method.card.checks.cvc_check) == ("mastercard", "pass")
    assert merchant.pay(method.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as again:
        merchant.v1.payment_methods.create({"type": "card", "card": {"token": token.id}})
    assert again.value.code == "token_already_used"


@pytest.mark.parametrize(
    "amount,currency,code",
    [
        (49, "usd", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (50, "jpy", None),
        (999, "jpy", None),
        (12340, "tnd", None),
        (12346, "kwd", "invalid_amount"),
        (1050, "isk", "invalid_amount"),
        (10500, "isk", None),
        (777, "mga", None),
        (999_999_999_999, "usd", None),
        (1_000_000_000_000, "usd", "amount_too_large"),
        (0, "usd", "parameter_invalid_integer"),
        (-5, "usd", "parameter_invalid_integer"),
        ("4_999", "usd", "parameter_invalid_integer"),
        ("1e3", "usd", "parameter_invalid_integer"),
        ("49.99", "usd", "parameter_invalid_integer"),
        ("\uff14\uff19\uff19\uff19", "usd", "parameter_invalid_integer"),
        ("true", "usd", "parameter_invalid_integer"),
    ],
)
def test_amounts_are_whole_numbers_within_the_limits(
    merchant: Merchant, amount: object, currency: str, code: str | None
) -> None:
    if code is None:
        assert merchant.pay(amount=amount, currency=currency).amount_received == amount
        return
    with pytest.raises(stripe.InvalidRequestError) as refused:
        merchant.pay(amount=amount, currency=currency)
    assert (refused.value.code, refused.value.param) == (code, "amount")
    assert merchant.record()["facts"] == []


def test_the_record_speaks_iso_minor_units_too(merchant: Merchant) -> None:
    merchant.pay(amount=10500, currency="isk")
    merchant.pay(amount=777, currency="mga")
    facts = [fact for fact in merchant.record()["facts"] if fact["fact"] == "captured"]
    assert [(f["amount"], f["amount_minor"]) for f in facts] == [(10500, 105), (777, 77700)]
    assert [(f["fee"], f["fee_minor"]) for f in facts] == [(3300, 33), (53, 5300)]


def test_lists_page_by_cursor_and_by_date(merchant: Merchant) -> None:
    made = [merchant.pay(amount=1000 + n).id for n in range(5)]
    intents = merchant.v1.payment_intents
    page = intents.list({"limit": 2})
    assert ([row.id for row in page.data], page.has_more) == (made[:2:-1], True)
    assert [row.id for row in page.auto_paging_iter()] == made[::-1]
    older = intents.list({"limit": 2, "starting_after": made[3]})
    assert [row.id for row in older.data] == [made[2], made[1]]
    newer = intents.list({"limit": 2, "ending_before": made[1]})
    assert [row.id for row in newer.data] == [made[3], made[2]]
    created = intents.retrieve(made[0]).created
    assert len(intents.list({"created": {"gte": created}}).data) == 5
    assert intents.list({"created": {"gt": created + 60}}).data == []
    found = intents.search({"query": "amount:'1003' AND status:'succeeded'"})
    assert [row.id for row in found.data] == [made[3]]


def test_expansion_reaches_four_levels_and_no_further(merchant: Merchant) -> None:
    intent = merchant.pay()
    deep = merchant.v1.payment_intents.retrieve(
        intent.id, {"expand": ["latest_charge.balance_transaction.source.payment_intent"]}
    )
    assert deep.latest_charge.balance_transaction.source.payment_intent.id == intent.id
    listed = merchant.v1.charges.list({"expand": ["data.balance_transaction"]})
    assert listed.data[0].balance_transaction.fee == 175
    for path in ("amount", "latest_charge.nothing", "a.b.c.d.e"):
        with pytest.raises(stripe.InvalidRequestError):
            merchant.v1.payment_intents.retrieve(intent.id, {"expand": [path]})


def test_time_lets_an_authorisation_expire(merchant: Merchant) -> None:
    held = merchant.pay(capture_method="manual")
    merchant.sandbox.control("clock", advance_seconds=7 * 24 * 3600 + 5)
    expired = merchant.v1.payment_intents.retrieve(held.id)
    assert (expired.status, expired.cancellation_reason) == ("canceled", "expired")
    kinds = [event.type for event in merchant.v1.events.list().data]
    assert kinds[:2] == ["payment_intent.canceled", "charge.expired"]
    assert merchant.totals()["released"] == 4999
