"""Payment methods and tokens: a card's behaviour behind an identifier.

The number is looked at once, to find the row of the card table; what is stored is that row's last
four digits and its fingerprint, never the number or the security code.
"""

import time
from typing import Any

from app.sandbox import cards, other_methods, wallets
from app.sandbox.call import Call, public
from app.sandbox.cards import Card
from app.sandbox.errors import Json, StripeError, invalid, missing, no_such
from app.sandbox.ids import new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import (
    BILLING_DETAILS,
    EXPAND,
    PAGE,
    Spec,
    anything,
    hash_of,
    list_of,
    merge_metadata,
    metadata,
    one_of,
    string,
)

_NUMBER = {
    "number": string(40),
    "exp_month": string(4),
    "exp_year": string(6),
    "cvc": string(8),
    "networks": anything,
}
_ADDRESS_OF_TOKEN = {
    name: string()
    for name in ("name", "address_line1", "address_line2", "address_city", "address_state",
                 "address_zip", "address_country", "currency")
}  # fmt: skip
METHOD_DATA: Spec = {
    "type": one_of("card", *other_methods.TYPES),
    "card": hash_of({**_NUMBER, "token": string(255)}),
    **other_methods.DATA,
    "billing_details": BILLING_DETAILS,
    "allow_redisplay": one_of("always", "limited", "unspecified"),
    "metadata": metadata,
    "radar_options": anything,
}
# Stripe.js sends these beside a payment method; they change nothing here.
_FROM_BROWSER: Spec = dict.fromkeys(
    (
        "_stripe_version", "client_attribution_metadata", "guid", "key", "muid", "pasted_fields",
        "payment_user_agent", "referrer", "sid", "time_on_page",
    ),
    anything,
)  # fmt: skip
CREATE: Spec = {**METHOD_DATA, **_FROM_BROWSER, "expand": EXPAND}
UPDATE: Spec = {
    "billing_details": BILLING_DETAILS,
    "metadata": metadata,
    "allow_redisplay": one_of("always", "limited", "unspecified"),
    "card": hash_of({"exp_month": string(4), "exp_year": string(6)}),
    "expand": EXPAND,
}
CREATE_TOKEN: Spec = {
    "card": hash_of({**_NUMBER, **_ADDRESS_OF_TOKEN}),
    "expand": EXPAND,
    **_FROM_BROWSER,
}
LIST: Spec = {**PAGE, "customer": string(255), "type": one_of("card", *other_methods.TYPES)}
RETRIEVE: Spec = {"expand": EXPAND, "payment_methods": list_of(string())}


def _card_error(code: str, message: str, param: str) -> StripeError:
    return StripeError(
        message, status=402, kind="card_error", code=code, param=param, is_validation=True
    )


def read_card(call: Call, given: Json) -> tuple[Card, int, int, str]:
    """The row of a number, its expiry, and the check of its code, "" if none; raises errors."""
    for name in ("number", "exp_month", "exp_year"):
        if not given.get(name):
            raise missing(f"card[{name}]")
    number = given["number"].replace(" ", "").replace("-", "")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        raise _card_error(
            "invalid_number", "The card number is not a valid credit card number.", "number"
        )
    if not cards.passes_luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    # A real card: well formed, so accepted here, and declined when it is used.
    card = cards.BY_NUMBER.get(number) or Card(number[-4:], decline="test_mode_live_card")
    month, year = _expiry(call, given)
    cvc = given.get("cvc") or ""
    wanted = 4 if card.brand == "amex" else 3
    if cvc and not (cvc.isascii() and cvc.isdigit() and len(cvc) == wanted):
        raise _card_error("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return card, month, year, card.checks.get("cvc", "pass") if cvc else ""


def _expiry(call: Call, given: Json) -> tuple[int, int]:
    month_text, year_text = given["exp_month"], given["exp_year"]
    month = int(month_text) if month_text.isdigit() else 0
    if not 1 <= month <= 12:
        raise _card_error(
            "invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month"
        )
    year = int(year_text) if year_text.isdigit() else 0
    year += 2000 if year < 100 else 0
    this_year, this_month = _today(call.now)
    if not this_year <= year <= this_year + 50:
        raise _card_error(
            "invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year"
        )
    if (year, month) < (this_year, this_month):
        raise _card_error(
            "invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month"
        )
    return month, year


def _today(now: int) -> tuple[int, int]:
    moment = time.gmtime(now)
    return moment.tm_year, moment.tm_mon


def _checks(card: Card, cvc: str, address: Json) -> Json:
    def check(name: str, given: Any) -> str | None:
        return card.checks.get(name, "pass") if given else None

    return {
        "address_line1_check": check("line1", address.get("line1")),
        "address_postal_code_check": check("postal", address.get("postal_code")),
        "cvc_check": cvc or None,
    }


def _billing(given: Json) -> Json:
    address = given.get("address") or {}
    return {
        "address": {
            name: address.get(name) or None
            for name in ("city", "country", "line1", "line2", "postal_code", "state")
        },
        **{name: given.get(name) or None for name in ("email", "name", "phone", "tax_id")},
    }


def build(call: Call, card: Card, month: int, year: int, cvc: str, given: Json) -> Json:
    """A new payment method of a card, stored."""
    address = _billing(given.get("billing_details") or {})["address"]
    details = {
        "brand": card.brand,
        "checks": _checks(card, cvc, address),
        "country": card.country,
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d != "unsupported"},
        "wallet": None,
    }
    return _stored(call, "card", details, given)


def _stored(call: Call, kind: str, details: Json, given: Json) -> Json:
    return call.insert(
        {
            "id": new_id("pm"),
            "object": "payment_method",
            "allow_redisplay": given.get("allow_redisplay", "unspecified"),
            "billing_details": _billing(given.get("billing_details") or {}),
            kind: details,
            "created": call.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": merge_metadata({}, given.get("metadata")),
            "type": kind,
            # A login at the bank proves whose the account is.
            "_verified": bool(details.get("financial_connections_account")),
        }
    )


def _from_token(call: Call, token: str) -> tuple[Card, int, int, str]:
    plain, form = wallets.split(token)
    card = cards.named(plain) if token.startswith("tok_") else None
    if card is not None:
        return card, 12, _today(call.now)[0] + 4, _cvc_of(card, form)
    stored = call.unit.find(call.account, "token", token)
    if stored is None:
        raise no_such("token", token, param="card[token]", status=400)
    if stored["used"]:
        raise StripeError(
            f"You cannot use a Stripe token more than once: {token}.",
            code="token_already_used",
        )
    stored["used"] = True
    call.save(stored)
    return card_of(stored), stored["card"]["exp_month"], stored["card"]["exp_year"], stored["_cvc"]


def _cvc_of(card: Card, form: wallets.Form | None) -> str:
    """What came of the security code; a wallet sends none."""
    return "" if form else card.checks.get("cvc", "pass")


def from_data(call: Call, given: Json) -> Json:
    """A payment method from `card[number]` or `card[token]`."""
    if "type" not in given:
        raise missing("type")
    if given["type"] != "card":
        return _stored(call, given["type"], other_methods.details(given), given)
    if not given.get("card"):
        raise missing("card")
    token = given["card"].get("token")
    card, month, year, cvc = _from_token(call, token) if token else read_card(call, given["card"])
    made = build(call, card, month, year, cvc, given)
    return wallets.put(call, made, wallets.split(token or "")[1])


def resolve(call: Call, object_id: str, *, param: str = "payment_method") -> Json:
    """The payment method of an id; a documented name (`pm_card_visa`) makes a new one."""
    plain, form = wallets.split(object_id)
    card = cards.named(plain) if object_id.startswith("pm_card_") else None
    other = other_methods.named(object_id)
    if other is not None:
        billing = {"billing_details": {"email": "jenny@example.com", "name": "Jenny Rosen"}}
        made = from_data(call, {**other, **billing})
        return call.save({**made, "_verified": other["_verified"]})
    if card is None:
        found = call.unit.find(call.account, "payment_method", object_id)
        if found is None:
            status = 404 if param == "id" else 400
            raise no_such("PaymentMethod", object_id, param=param, status=status)
        return found
    year = _today(call.now)[0] + 4
    return wallets.put(call, build(call, card, 12, year, _cvc_of(card, form), {}), form)


def card_of(body: Json) -> Card:
    """The row of the card table behind a payment method or token."""
    kept = body["card"]
    # What is not in the table is a real card, of which only the last digits were kept.
    unlisted = Card(kept["last4"], decline="test_mode_live_card")
    return cards.BY_FINGERPRINT.get(kept["fingerprint"], unlisted)


def create(call: Call) -> Json:
    """POST /v1/payment_methods."""
    return public(from_data(call, call.params), call.now)


def retrieve(call: Call) -> Json:
    """GET /v1/payment_methods/{id}."""
    return public(resolve(call, call.path["id"], param="id"), call.now)


def update(call: Call) -> Json:
    """POST /v1/payment_methods/{id}."""
    body = call.load("payment_method", call.path["id"])
    body["metadata"] = merge_metadata(body["metadata"], call.param("metadata"))
    if "billing_details" in call.params:
        body["billing_details"] = _billing(call.params["billing_details"])
    if "allow_redisplay" in call.params:
        body["allow_redisplay"] = call.params["allow_redisplay"]
    for name, value in (call.param("card") or {}).items():
        if not value.isdigit():
            raise invalid(f"Invalid integer: {value[:20]}", param=f"card[{name}]")
        body["card"][name] = int(value)
    return public(call.save(body), call.now)


def list_methods(call: Call) -> Json:
    """GET /v1/payment_methods."""
    where: Where = []
    if "customer" in call.params:
        where.append(("json_extract(body, '$.customer') = ?", call.params["customer"]))
    return page(call, "payment_method", "/v1/payment_methods", where)


def create_token(call: Call) -> Json:
    """POST /v1/tokens."""
    given = call.param("card")
    if not given:
        raise missing("card")
    card, month, year, cvc = read_card(call, given)
    token_card: Json = {
        "id": new_id("card"),
        "object": "card",
        **{name: given.get(name) or None for name in _ADDRESS_OF_TOKEN if name != "currency"},
        "address_line1_check": None,
        "address_zip_check": None,
        "brand": {"visa": "Visa", "mastercard": "MasterCard", "amex": "American Express"}.get(
            card.brand, card.brand.title()
        ),
        "country": card.country,
        "cvc_check": "unchecked" if cvc else None,
        "dynamic_last4": None,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "last4": card.last4,
        "metadata": {},
        "tokenization_method": None,
    }
    body = {
        "id": new_id("tok"),
        "object": "token",
        "card": token_card,
        "client_ip": "127.0.0.1",
        "created": call.now,
        "livemode": False,
        "type": "card",
        "used": False,
        "_cvc": cvc,
    }
    return public(call.insert(body), call.now)


def retrieve_token(call: Call) -> Json:
    """GET /v1/tokens/{id}."""
    return public(call.load("token", call.path["id"]), call.now)
