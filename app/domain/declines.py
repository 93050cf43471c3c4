"""Why a try was refused, and what to tell the customer.

A processor's own codes end in its adapter; here are the reasons that lead to different advice.
Nothing tells a thief what was found out: lost, stolen, fraudulent and blocked cards all get the
generic words. Not every refusal is a bank's: whether one was asked is told beside the reason.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.methods import Flow, method_of


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
    ACCOUNT = "account"
    LIMIT = "limit"
    VERIFY = "verify"
    # Of a provider's own page: the customer turned back, or the provider said no.
    UNFINISHED = "unfinished"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class CustomerText:
    """A heading and what to do next, in the customer's words."""

    title: str
    text: str


_SAFE = "You have not been charged."

_CARD: dict[DeclineReason, CustomerText] = {
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
    DeclineReason.ACCOUNT: CustomerText(
        "This card cannot be used",
        f"Use another card. {_SAFE}",
    ),
    DeclineReason.LIMIT: CustomerText(
        "This is more than the card allows",
        f"Use another card, or ask your bank. {_SAFE}",
    ),
    DeclineReason.VERIFY: CustomerText(
        "This card could not be verified",
        f"Use another card. {_SAFE}",
    ),
    DeclineReason.UNFINISHED: CustomerText(
        "The payment was not confirmed",
        f"Try again, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.PROVIDER: CustomerText(
        "The payment was declined",
        f"Use another way to pay. {_SAFE}",
    ),
}

# Of a bank account that was to be debited.
_ACCOUNT: dict[DeclineReason, CustomerText] = {
    DeclineReason.GENERIC: CustomerText(
        "Your bank did not make this payment",
        f"Contact your bank, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.FUNDS: CustomerText(
        "There was not enough money in the account",
        f"Use another account or another way to pay. {_SAFE}",
    ),
    DeclineReason.NUMBER: CustomerText(
        "The account number is not right",
        f"Check the number and try again. {_SAFE}",
    ),
    DeclineReason.ACCOUNT: CustomerText(
        "This bank account cannot be debited",
        f"It may be closed, or not take debits. Use another account. {_SAFE}",
    ),
    DeclineReason.LIMIT: CustomerText(
        "This is more than may be debited from this account",
        f"Use another way to pay. {_SAFE}",
    ),
    DeclineReason.VERIFY: CustomerText(
        "The bank account could not be verified",
        f"Use another account or another way to pay. {_SAFE}",
    ),
    DeclineReason.UNSUPPORTED: CustomerText(
        "This way to pay does not work for this purchase",
        f"Use another way to pay. {_SAFE}",
    ),
}


# Of a payment on a provider's own page; every reason that is not here is told as the first.
_PROVIDER: dict[DeclineReason, CustomerText] = {
    DeclineReason.PROVIDER: CustomerText(
        "{method} did not make this payment",
        f"Ask {{method}} why, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.UNFINISHED: CustomerText(
        "The payment was not confirmed at {method}",
        f"Try again, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.TECHNICAL: CustomerText(
        "We could not reach {method}",
        f"Try again in a minute, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.UNSUPPORTED: CustomerText(
        "{method} does not work for this purchase",
        f"Use another way to pay. {_SAFE}",
    ),
}

# Of a bank transfer that nobody could say where to send; every other reason is told as the first.
_TRANSFER: dict[DeclineReason, CustomerText] = {
    DeclineReason.GENERIC: CustomerText(
        "We could not arrange a bank transfer",
        f"Use another way to pay. {_SAFE}",
    ),
    DeclineReason.TECHNICAL: CustomerText(
        "We could not get the bank details",
        f"Try again in a minute, or use another way to pay. {_SAFE}",
    ),
    DeclineReason.UNSUPPORTED: CustomerText(
        "A bank transfer does not work for this purchase",
        f"Use another way to pay. {_SAFE}",
    ),
}


def customer_text(reason: DeclineReason | None, method: str = "card") -> CustomerText:
    """What to tell a customer whose payment by this method was refused."""
    why, known = reason or DeclineReason.GENERIC, method_of(method)
    if known.flow is Flow.REDIRECT:
        words = _PROVIDER.get(why, _PROVIDER[DeclineReason.PROVIDER])
        title, text = (one.format(method=known.title) for one in (words.title, words.text))
        return CustomerText(title, text)
    if known.flow is Flow.TRANSFER:
        return _TRANSFER.get(why, _TRANSFER[DeclineReason.GENERIC])
    return _ACCOUNT.get(why, _CARD[why]) if known.flow is Flow.DEBIT else _CARD[why]
