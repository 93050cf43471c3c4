"""A platform's software with the official SDK: hold, transfer, list, take back."""

from typing import Any

import stripe

from tests.faults.world import Merchant


def test_held_money_is_transferred_listed_and_taken_back(
    sdk: stripe.StripeClient, shop: Merchant
) -> None:
    seller = shop.seller()
    body: Any = {
        "amount": 5000,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "confirm": True,
        "escrow": {"enabled": True},
        "transfer_data": {"destination": seller},
        "transfer_group": "ORDER_1",
    }
    payment = sdk.v1.payment_intents.create(body)
    asked: Any = {
        "amount": 2000,
        "currency": "usd",
        "destination": seller,
        "source_transaction": str(payment.latest_charge),
        "metadata": {"parcel": "1"},
    }
    transfer = sdk.v1.transfers.create(asked, {"idempotency_key": "first"})
    again = sdk.v1.transfers.create(asked, {"idempotency_key": "first"})
    assert (again.id, transfer.amount, transfer.destination) == (transfer.id, 2000, seller)

    for _ in range(2):
        sdk.v1.transfers.create({**asked, "amount": 100})
    listed = [one.id for one in sdk.v1.transfers.list({"limit": 2}).auto_paging_iter()]
    assert (len(listed), listed[-1]) == (3, transfer.id)

    back = sdk.v1.transfers.reversals.create(transfer.id, {"amount": 500})
    assert (back.amount, back.transfer) == (500, transfer.id)
    changed = sdk.v1.transfers.update(transfer.id, {"metadata": {"parcel": "2"}})
    assert (changed.amount_reversed, changed.reversed) == (500, False)
    assert [one.id for one in changed.reversals.data] == [back.id]
    assert sdk.v1.transfers.reversals.list(transfer.id).data[0].id == back.id
    assert sdk.v1.transfers.retrieve(transfer.id).to_dict()["metadata"] == {"parcel": "2"}
    shop.settled(charges=1)
