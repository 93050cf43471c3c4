"""Apple Pay: a card out of the wallet of an Apple device, which makes sure of its owner before it pays.

What is sent is a number that only this device has. Such a payment is not asked for 3-D Secure, and where it
turns out to be fraud, the loss is the bank's.
"""

from dataclasses import replace

from app.domain.methods import card
from app.domain.methods.contract import Flow

METHOD = replace(
    card.METHOD,
    name="apple_pay",
    title="Apple Pay",
    flow=Flow.EXPRESS,
    fee_class="wallet",
    base=card.METHOD.name,
    dispute=(
        "As with any card; but the device made sure of its owner, so what turns out to be fraud is the bank's"
        " loss."
    ),
)
