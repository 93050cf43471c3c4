"""Secure fields: what a shopper types becomes a blob that only the sandbox can open.

A blob stands for one field and is good for a day. Behind it are never the digits of a card: of a
number only a fingerprint, the last four digits and the brand, of a security code only which one it
was. `test_4111111111111111` and its like are blobs that need no making, as in Adyen's own tests.
"""

import orjson

from app.sandbox.adyen import cards
from app.sandbox.adyen.errors import invalid, not_allowed
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.ids import token
from app.sandbox.store import Transaction

GOOD_SECONDS = 24 * 3600
MARK = "adyenjs_0_1_25$"
NUMBER, MONTH, YEAR, CODE = (
    "encryptedCardNumber", "encryptedExpiryMonth", "encryptedExpiryYear", "encryptedSecurityCode",
)  # fmt: skip
FIELDS = (NUMBER, MONTH, YEAR, CODE)


def keep(field: str, value: str) -> Json:
    """What is kept of one field; raises when it cannot be what the field is for."""
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        raise invalid("174", "Unable to decrypt data")
    if field == NUMBER:
        if len(digits) < 12 or not cards.passes_luhn(digits):
            raise invalid("101", "Invalid card number")
        return {
            "fingerprint": cards.fingerprint(digits),
            "last4": digits[-4:],
            "brand": cards.brand_of(digits),
        }
    if field == CODE:
        known = {cards.code_of(brand) for brand in ("visa", "amex")}
        return {"code": digits if digits in known else "other", "length": len(digits)}
    return {"value": digits}


def seal(unit: Transaction, field: str, value: str, now: int) -> str:
    """A blob for what was typed into a field."""
    blob = MARK + token(64)
    unit.run(
        "INSERT INTO adyen_fields (blob, field, kept, created) VALUES (?,?,?,?)",
        (blob, field, orjson.dumps(keep(field, value)).decode(), now),
    )
    return blob


def _open(call: Call, field: str, blob: str) -> Json:
    if blob.startswith("test_"):
        return keep(field, blob.removeprefix("test_"))
    row = call.unit.run(
        "SELECT kept, created FROM adyen_fields WHERE blob = ? AND field = ?", (blob, field)
    ).fetchone()
    if row is None:
        raise invalid("174", "Unable to decrypt data")
    if row[1] < call.now - GOOD_SECONDS:
        raise invalid("172", "Encrypted data used outside of valid time period")
    found: Json = orjson.loads(row[0])
    return found


def read_card(call: Call, given: Json) -> Json:
    """The card of a request's encrypted fields: what is kept of it, and whether its code is right."""
    if any(name in given for name in ("number", "cvc", "expiryMonth", "expiryYear")):
        raise not_allowed("Not allowed: raw card data is not taken from this account")
    if not given.get(NUMBER):
        raise invalid("101", "Invalid card number")
    if not given.get(MONTH) or not given.get(YEAR):
        raise invalid("129", "Expiry Date Invalid")
    card = _open(call, NUMBER, given[NUMBER])
    month, year = (_open(call, name, given[name])["value"] for name in (MONTH, YEAR))
    if not 1 <= int(month) <= 12 or len(year) not in (2, 4):
        raise invalid("129", "Expiry Date Invalid")
    return card | {
        "expiryMonth": month.zfill(2),
        "expiryYear": year if len(year) == 4 else f"20{year}",
        "code": read_code(call, given, card["brand"]),
    }


def read_code(call: Call, given: Json, brand: str) -> str:
    """`right`, `wrong` or `absent`; raises when its length is no card's."""
    if not given.get(CODE):
        return "absent"
    kept = _open(call, CODE, given[CODE])
    if kept["length"] != len(cards.code_of(brand)):
        raise invalid("103", "CVC is not the right length")
    return "right" if kept["code"] == cards.code_of(brand) else "wrong"
