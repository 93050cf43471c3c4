"""Stored payment methods: a shopper's card that may be charged again."""

from app.sandbox.adyen import cards
from app.sandbox.adyen.errors import invalid
from app.sandbox.adyen.fields import read_card, read_code
from app.sandbox.adyen.notifications import Notice, tell
from app.sandbox.adyen.references import psp_reference
from app.sandbox.call import Call
from app.sandbox.errors import Json

KIND = "adyen_stored"


def _keep(call: Call, card: Json, shopper: str, model: str) -> tuple[Json, bool]:
    """The shopper's row for this card, and whether it is new."""
    for row in call.unit.owned(call.account, KIND, shopper):
        if row["card"]["fingerprint"] == card["fingerprint"]:
            row["card"] = {**card, "code": "absent"}
            row["models"] = sorted({*row["models"], model})
            return call.save(row), False
    row = {
        "id": psp_reference(),
        "object": KIND,
        "created": call.now,
        "shopper": shopper,
        "card": {**card, "code": "absent"},
        "models": [model],
    }
    return call.insert(row, owner=shopper), True


def keep_after_payment(call: Call, payment: Json) -> dict[str, str]:
    """Keep the card of a payment that asked for it; what its answer says of the token."""
    if not payment["stores"]:
        return {}
    row, is_new = _keep(call, payment["card"], payment["shopper"], payment["stores"])
    tell(
        call,
        Notice(
            "RECURRING_CONTRACT",
            row["id"],
            payment["reference"],
            {**payment["amount"], "value": 0},
            original=payment["id"],
            method=payment["card"]["brand"],
            more={
                "recurring.recurringDetailReference": row["id"],
                "recurring.shopperReference": payment["shopper"],
            },
        ),
    )
    return {
        "recurring.recurringDetailReference": row["id"],
        "recurring.shopperReference": payment["shopper"],
        "recurringProcessingModel": payment["stores"],
        "tokenization.shopperReference": payment["shopper"],
        "tokenization.store.operationType": "created" if is_new else "alreadyStored",
        "tokenization.storedPaymentMethodId": row["id"],
    }


def use(call: Call, given: Json) -> Json:
    """The card behind a token; raises unless it is this shopper's."""
    shopper = call.param("shopperReference")
    if not shopper:
        raise invalid("180", "Invalid shopperReference")
    row = call.unit.find(call.account, KIND, given["storedPaymentMethodId"])
    if row is None or row["shopper"] != shopper:
        raise invalid("803", "PaymentDetail not found")
    card: Json = row["card"]
    return card | {"code": read_code(call, given, card["brand"])}


def _resource(row: Json) -> Json:
    card = row["card"]
    return {
        "id": row["id"],
        "alias": cards.alias(card["fingerprint"]),
        "aliasType": "Default",
        "brand": card["brand"],
        "expiryMonth": card["expiryMonth"],
        "expiryYear": card["expiryYear"],
        "lastFour": card["last4"],
        "shopperReference": row["shopper"],
        "supportedRecurringProcessingModels": row["models"],
        "type": "scheme",
    }


def store(call: Call) -> Json:
    """POST /storedPaymentMethods: keep a card without a payment."""
    card = read_card(call, call.params["paymentMethod"])
    if card["fingerprint"] not in cards.BY_FINGERPRINT:
        raise invalid("101", "Invalid card number")
    row, _ = _keep(
        call, card, call.params["shopperReference"], call.params["recurringProcessingModel"]
    )
    return _resource(row)


def stored(call: Call) -> Json:
    """GET /storedPaymentMethods."""
    shopper = call.params["shopperReference"]
    rows = call.unit.owned(call.account, KIND, shopper)
    return {
        "merchantAccount": call.account,
        "shopperReference": shopper,
        "storedPaymentMethods": [_resource(row) for row in rows],
    }


def forget(call: Call) -> Json:
    """DELETE /storedPaymentMethods/{id}."""
    row = call.unit.find(call.account, KIND, call.path["id"])
    if row is None or row["shopper"] != call.params["shopperReference"]:
        raise invalid("803", "PaymentDetail not found")
    call.unit.delete(call.account, row["id"])
    return {}


def methods(call: Call) -> Json:
    """POST /paymentMethods: what a shopper may pay with."""
    rows = call.unit.owned(call.account, KIND, call.param("shopperReference") or "\0")
    brands = list(dict.fromkeys(card.brand for card in cards.CARDS))
    return {
        "paymentMethods": [{"type": "scheme", "name": "Cards", "brands": brands}],
        "storedPaymentMethods": [_offer(row) for row in rows],
    }


def _offer(row: Json) -> Json:
    shown = _resource(row)
    for name in ("alias", "aliasType", "shopperReference"):
        del shown[name]
    return shown | {
        "name": row["card"]["brand"].title(),
        "supportedShopperInteractions": ["Ecommerce", "ContAuth"],
    }
