"""`expand`: ids become objects, four deep, in answers and in lists."""

import pytest
import stripe

PAID = {"amount": 4999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}


def test_an_object_is_expanded_four_deep(sdk: stripe.StripeClient) -> None:
    paid = sdk.v1.payment_intents.create({**PAID, "expand": ["latest_charge", "payment_method"]})
    assert (paid.latest_charge.object, paid.payment_method.object) == ("charge", "payment_method")
    assert paid.latest_charge.payment_intent == paid.id
    refund = sdk.v1.refunds.create({"payment_intent": paid.id, "amount": 100})
    deep = "payment_intent.latest_charge.balance_transaction.source"
    found = sdk.v1.refunds.retrieve(refund.id, {"expand": [deep, "charge"]})
    charge = found.payment_intent.latest_charge
    assert charge.balance_transaction.amount == 4999
    assert charge.balance_transaction.source.id == found.charge.id == charge.id


def test_rows_of_a_list_are_expanded(sdk: stripe.StripeClient) -> None:
    made = [sdk.v1.payment_intents.create(PAID).id for _ in range(3)][::-1]
    page = sdk.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction"]})
    assert [one.id for one in page.data] == made
    for one in page.data:
        charge = one.latest_charge
        assert (charge.object, charge.payment_intent) == ("charge", one.id)
        transaction = charge.balance_transaction
        assert (transaction.object, transaction.amount, transaction.source) == (
            *("balance_transaction", 4999, charge.id),
        )
        assert transaction.net == transaction.amount - transaction.fee


def test_an_id_without_an_object_stays_null(sdk: stripe.StripeClient) -> None:
    made = sdk.v1.payment_intents.create(
        {"amount": 4999, "currency": "usd", "expand": ["customer", "latest_charge", "review"]}
    )
    assert (made.customer, made.latest_charge, made.review) == (None, None, None)


@pytest.mark.parametrize(
    "path",
    [
        "amount",
        "nonsense",
        "latest_charge.nonsense",
        "data.latest_charge",
        "latest_charge.balance_transaction.source.payment_intent.latest_charge",
        "..",
        "latest_charge.",
    ],
)
def test_a_path_that_leads_nowhere_is_refused(sdk: stripe.StripeClient, path: str) -> None:
    made = sdk.v1.payment_intents.create(PAID)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.payment_intents.retrieve(made.id, {"expand": [path]})
    assert refused.value.http_status == 400
    assert "expand" in str(refused.value)


def test_a_bad_path_is_refused_before_money_moves(sdk: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.payment_intents.create({**PAID, "expand": ["nonsense"]})
    assert sdk.v1.payment_intents.list().data == []
