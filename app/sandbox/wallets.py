"""Apple Pay and Google Pay: cards out of a wallet, and what its sheet offers to pay with.

A wallet on a device sends a number that only this device has: its last digits are told as `dynamic_last4`,
and such a card is not asked for 3-D Secure. A card that Google merely keeps has none: it is like a typed one.

Stripe publishes no test cards for wallets. Here every published name has a wallet's form as well:
`pm_card_visa_applePay`, `tok_visa_chargeDeclined_googlePay`, `pm_card_threeDSecure2Required_googlePayOnFile`.
"""

from dataclasses import dataclass
from hashlib import sha256

from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.store import Transaction

TITLES = {"apple_pay": "Apple Pay", "google_pay": "Google Pay"}
SETTING = "wallets"


@dataclass(frozen=True, slots=True)
class Form:
    """How a card is in a wallet: on the device, or merely kept by the wallet's owner."""

    wallet: str
    is_on_device: bool = True


FORMS = {
    "_applePay": Form("apple_pay"),
    "_googlePay": Form("google_pay"),
    "_googlePayOnFile": Form("google_pay", is_on_device=False),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One card of the sheet. `card` is a published name; `wallets` are those that have it."""

    card: str
    text: str
    wallets: tuple[str, ...] = tuple(TITLES)
    is_on_device: bool = True

    def token(self, wallet: str) -> str:
        """What the wallet makes of it."""
        suffix = next(
            name for name, form in FORMS.items() if form == Form(wallet, self.is_on_device)
        )
        return f"tok_{self.card}{suffix}"


CHOICES = (
    Choice("visa", "Visa •••• 4242: pays"),
    Choice("mastercard_debit", "Mastercard •••• 8210: pays"),
    Choice("visa_chargeDeclinedInsufficientFunds", "Visa •••• 9995: not enough money"),
    Choice(
        "threeDSecure2Required",
        "Visa •••• 3220: kept by Google, so its bank asks",
        ("google_pay",),
        is_on_device=False,
    ),
    Choice("broken", "A card that the wallet fails to send"),
)


def split(name: str) -> tuple[str, Form | None]:
    """A published name without its wallet, and the wallet's form of it, if it names one."""
    for suffix, form in FORMS.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), form
    return name, None


def put(call: Call, method: Json, form: Form | None) -> Json:
    """The payment method of a card, stored as one out of the wallet, if it is."""
    if form is None:
        return method
    seed = f"{form.wallet}:{method['card']['fingerprint']}"
    digits = f"{int(sha256(seed.encode()).hexdigest()[:8], 16) % 10_000:04d}"
    method["card"]["wallet"] = {
        form.wallet: {},
        "dynamic_last4": digits if form.is_on_device else None,
        "type": form.wallet,
    }
    return call.save(method)


def is_on_device(method: Json) -> bool:
    """Whether a device made sure of its owner: then nobody is asked for 3-D Secure."""
    wallet = method["card"]["wallet"]
    return bool(wallet and wallet["dynamic_last4"])


def choices(wallet: str) -> list[tuple[str, str]]:
    """What the sheet of a wallet offers: tokens, and what comes of them."""
    return [(one.token(wallet), one.text) for one in CHOICES if wallet in one.wallets]


def offered(unit: Transaction) -> list[str]:
    """The wallets that browsers have; both, until somebody says otherwise."""
    found: list[str] | None = unit.setting(SETTING)
    return list(TITLES) if found is None else found


def offer(unit: Transaction, names: list[str]) -> list[str]:
    """Let browsers have these wallets and no others; names that are none are left out."""
    known = [name for name in TITLES if name in names]
    unit.set_setting(SETTING, known)
    return known
