"""Google Pay: a card out of the wallet of an Android device, or one that Google keeps for its owner.

A card on a device has a number that only this device has, and the device makes sure of its owner: fraud is
the bank's loss. A card that Google merely keeps is like a typed one: its bank may ask for 3-D Secure.
"""

from dataclasses import replace

from app.domain.methods import card
from app.domain.methods.contract import Flow

METHOD = replace(
    card.METHOD,
    name="google_pay",
    title="Google Pay",
    flow=Flow.EXPRESS,
    fee_class="wallet",
    base=card.METHOD.name,
    dispute=(
        "As with any card; but where a device made sure of its owner, what turns out to be fraud is the"
        " bank's loss."
    ),
)
