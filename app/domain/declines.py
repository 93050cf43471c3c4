"""Why a try was refused, and what to tell the customer.

A processor's own codes end in its adapter; here are the ten reasons that lead to different advice.
Nothing tells a thief what was found out: lost, stolen, fraudulent and blocked cards all get the
generic words. Not every refusal is a bank's: whether one was asked is told beside the reason.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeclineReason(StrEnum):
    """The classes of refusal that a customer can act on differently."""

    GENERIC = "generic"
    FUNDS = "funds"
    EXPIRED = "expired"
    NUMBER = "number"
    CVC = "cvc"
    POSTCODE = "postcode"
    AUTHENTICATE = "authenticate"
    TECHNICAL = "technical"
    UNSUPPORTED = "unsupported"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class CustomerText:
    """A heading and what to do next, in the customer's words."""

    title: str
    text: str


_SAFE = "You have not been charged."

CUSTOMER_TEXT: dict[DeclineReason, CustomerText] = {
    DeclineReason.GENERIC: CustomerText(
        "Your card was declined",
        f"Contact your bank, or use another card. {_SAFE}",
    ),
    DeclineReason.FUNDS: CustomerText(
        "There is not enough money on this card",
        f"Use another card. {_SAFE}",
    ),
    DeclineReason.EXPIRED: CustomerText(
        "This card has expired",
        f"Check the expiry date, or use another card. {_SAFE}",
    ),
    DeclineReason.NUMBER: CustomerText(
        "The card number is not right",
        f"Check the number and try again. {_SAFE}",
    ),
    DeclineReason.CVC: CustomerText(
        "The security code is not right",
        f"Check the three or four digits and try again. {_SAFE}",
    ),
    DeclineReason.POSTCODE: CustomerText(
        "The postcode does not match this card",
        f"Check the billing postcode and try again. {_SAFE}",
    ),
    DeclineReason.AUTHENTICATE: CustomerText(
        "Your bank could not confirm that it is you",
        f"Try again and finish the confirmation, or use another card. {_SAFE}",
    ),
    DeclineReason.TECHNICAL: CustomerText(
        "We could not reach your bank",
        f"Try again in a minute. {_SAFE}",
    ),
    DeclineReason.UNSUPPORTED: CustomerText(
        "This card does not work for this purchase",
        f"Use another card. {_SAFE}",
    ),
    DeclineReason.ABSENT: CustomerText(
        "Your card details did not arrive",
        f"Enter the card again, or use another one. {_SAFE}",
    ),
}
