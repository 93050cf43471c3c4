"""The test cards: one row each, number first. The numbers are the ones Adyen publishes for testing.

Only a fingerprint and the last four digits are ever stored. A card expires in March 2030, and its
security code is 737 (7373 for American Express); with anything else its bank refuses. A number that
is well formed and not in the table is somebody's real card: it is refused.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

EXPIRY = ("03", "2030")


@dataclass(frozen=True, slots=True)
class Card:
    """A kind of plastic. `three_d` is how its bank authenticates: none, frictionless, full, challenge."""

    number: str
    brand: str = "visa"
    funding: str = "CREDIT"
    country: str = "NL"
    three_d: str = "none"

    @property
    def last4(self) -> str:
        """The only digits that are kept."""
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for every use of one number; the key by which a stored card finds its row."""
        return fingerprint(self.number)


def fingerprint(number: str) -> str:
    """What stands for a number once it is forgotten."""
    return sha256(f"sandbox-adyen:{number}".encode()).hexdigest()[:16]


def alias(mark: str) -> str:
    """What a shop is told instead of the number: the same in every payment with it."""
    return f"H{int(mark, 16) % 10**15:015}"


CARDS: tuple[Card, ...] = (
    Card("4111111111111111"),
    Card("4988438843884305", country="ES"),
    Card("4166676667666746", country="NL"),
    Card("5555555555554444", brand="mc"),
    Card("5555444433331111", brand="mc"),
    Card("2222400070000005", brand="mc"),
    Card("370000000000002", brand="amex"),
    Card("6011601160116611", brand="discover", country="US"),
    Card("3569990010095841", brand="jcb", country="JP"),
    Card("36006666333344", brand="diners", country="US"),
    Card("5201281505129736", brand="mc", three_d="frictionless"),
    Card("5000550000000029", brand="maestro", funding="DEBIT", three_d="full"),
    Card("4212345678910006", three_d="challenge", country="GB"),
)
BY_FINGERPRINT = {card.fingerprint: card for card in CARDS}

_BRANDS = (
    ("amex", r"3[47]"),
    ("diners", r"36|38|39|30[0-5]"),
    ("jcb", r"35"),
    ("discover", r"6011|64[4-9]|65"),
    ("maestro", r"50|5[6-9]|6[3479]"),
    ("mc", r"5[1-5]|2[2-7]"),
    ("visa", r"4"),
)


def brand_of(number: str) -> str:
    """The brand that a number begins like."""
    return next((name for name, start in _BRANDS if re.match(start, number)), "unknown")


def code_of(brand: str) -> str:
    """The security code that the bank knows."""
    return "7373" if brand == "amex" else "737"


def passes_luhn(number: str) -> bool:
    """Whether the check digit fits."""
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    plain = [int(digit) for digit in number[-1::-2]]
    return (sum(d - 9 if d > 9 else d for d in doubled) + sum(plain)) % 10 == 0
