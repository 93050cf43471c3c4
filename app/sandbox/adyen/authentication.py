"""3-D Secure: whether a card's bank asks, what the browser is given to do, and what it proves.

Natively (the shop asked for it and told about the browser) the bank looks at the device first, and
may then ask for a password on a page in a frame; otherwise the shopper is sent to a page and back.
What waits is a row that the `paymentData` names; what came of it is a row that `threeDSResult` or
`redirectResult` names. Neither means anything to who holds it.
"""

import base64

import orjson

from app.sandbox.adyen import cards
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.ids import token

REDIRECT, FINGERPRINT, CHALLENGE = "redirect", "fingerprint", "challenge"
RESULT_CODES = {
    REDIRECT: "RedirectShopper",
    FINGERPRINT: "IdentifyShopper",
    CHALLENGE: "ChallengeShopper",
}
PENDING, RESULT = "adyen_pending", "adyen_result"
# Who has not answered by then never will; the shop is told that nobody authenticated.
PATIENCE_SECONDS = 3600
PASSWORD = "password"  # noqa: S105 - The published password of every test card.
TRIES = 3
YES, NO, CANCEL = "Y", "N", "cancel"


def step(call: Call, payment: Json) -> str:
    """What comes before the issuer is asked: "" when nothing does."""
    card = cards.BY_FINGERPRINT.get(payment["card"]["fingerprint"])
    if card is None or card.three_d == "none":
        return ""
    if call.param("shopperInteraction", "Ecommerce") != "Ecommerce":
        return ""
    wanted = call.param("authenticationData", {})
    if wanted.get("attemptAuthentication") == "never":
        # The bank insists, and says so instead of paying.
        payment["is_refused_early"] = card.three_d != "frictionless"
        return ""
    is_native = wanted.get("threeDSRequestData", {}).get("nativeThreeDS") == "preferred"
    if not is_native or not call.param("browserInfo") or not call.param("origin"):
        return REDIRECT
    return CHALLENGE if card.three_d == "challenge" else FINGERPRINT


def ask(call: Call, payment: Json, stage: str) -> Json:
    """The payment waits for the shopper; answers what the browser has to do."""
    pending = call.insert(
        {
            "id": token(48),
            "object": PENDING,
            "created": call.now,
            "payment": payment["id"],
            "stage": stage,
            "tries": 0,
            "answer": None,
        },
        owner=payment["id"],
    )
    if not payment.get("is_asked"):
        due = call.clock.exact() + PATIENCE_SECONDS
        call.unit.chore(call.account, "adyen_abandoned", payment["id"], due)
    payment["is_asked"] = True
    payment["result"] = {
        "pspReference": payment["id"],
        "amount": payment["amount"],
        "merchantReference": payment["reference"],
        "paymentMethod": {"type": "scheme", "brand": payment["card"]["brand"]},
        "resultCode": RESULT_CODES[stage],
        "action": _action(call, pending),
    }
    call.save(payment)
    answer: Json = payment["result"]
    return answer


def _action(call: Call, pending: Json) -> Json:
    stage = pending["stage"]
    if stage == REDIRECT:
        url = f"{call.base_url}/adyen/3ds/redirect?pending={pending['id']}"
        return {"type": "redirect", "paymentMethodType": "scheme", "method": "GET", "url": url}
    page = "fingerprint" if stage == FINGERPRINT else "challenge"
    contents = {
        "threeDSServerTransID": pending["id"][:36],
        "messageVersion": "2.2.0",
        "threeDSMethodURL" if stage == FINGERPRINT else "acsURL": (
            f"{call.base_url}/adyen/3ds/{page}"
        ),
    }
    return {
        "type": "threeDS2",
        "subtype": stage,
        "paymentMethodType": "scheme",
        "paymentData": pending["id"],
        "authorisationToken": pending["id"],
        "token": base64.b64encode(orjson.dumps(contents)).decode(),
    }


def press(call: Call, pending: Json, answer: str) -> str:
    """The shopper answered; the result that the browser takes back to the shop."""
    if pending["answer"] is None:
        pending["answer"] = answer
        call.save(pending)
    result = call.insert(
        {
            "id": token(64),
            "object": RESULT,
            "created": call.now,
            "payment": pending["payment"],
            "pending": pending["id"],
        },
        owner=pending["payment"],
    )
    return str(result["id"])


def try_password(call: Call, pending: Json, password: str) -> str | None:
    """The result once the password is right, or was wrong too often; None: try again."""
    if password == PASSWORD:
        return press(call, pending, YES)
    pending["tries"] += 1
    call.save(pending)
    return press(call, pending, NO) if pending["tries"] >= TRIES else None


def is_frictionless(payment: Json) -> bool:
    """Whether the bank is content with a look at the device."""
    card = cards.BY_FINGERPRINT.get(payment["card"]["fingerprint"])
    return card is not None and card.three_d == "frictionless"


def authenticated(payment: Json) -> None:
    """The bank knows its customer."""
    is_mastercard = payment["card"]["brand"] in ("mc", "maestro")
    payment["three_d"] = {"eci": "02" if is_mastercard else "05", "transStatus": YES}


def proof(payment: Json) -> Json:
    """What an authentication without a payment hands over."""
    if payment["three_d"] is None:
        return {}
    return {
        "threeDS2Result": {
            "authenticationValue": base64.b64encode(payment["id"].encode()).decode(),
            "dsTransID": payment["id"],
            "messageVersion": "2.2.0",
            "threeDSServerTransID": payment["id"],
            **payment["three_d"],
        }
    }
