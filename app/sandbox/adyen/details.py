"""`/payments/details`: what the browser brought back, and what becomes of the payment by it.

The call names no merchant account: whose payment it is follows from what was brought. Details that
were answered before are told the same again.
"""

import orjson

from app.sandbox.adyen import authentication, payments
from app.sandbox.adyen.errors import AdyenError, invalid
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.store import Transaction

RESULTS = ("threeDSResult", "redirectResult")
DATA = ("threeds2.fingerprint", "threeds2.challengeResult")


def _unknown() -> AdyenError:
    return invalid("902", "Invalid or empty request data: the details name no payment")


def locate(unit: Transaction, body: Json) -> tuple[str, Json]:
    """The account and the row that the details name; raises when they name none."""
    given = body.get("details")
    if not isinstance(given, dict):
        raise invalid("702", "Required field 'details' is not provided.")
    brought = [given[name] for name in RESULTS if isinstance(given.get(name), str)]
    if brought:
        return find(unit, authentication.RESULT, brought[0])
    if any(given.get(name) for name in DATA):
        return find(unit, authentication.PENDING, str(body.get("paymentData")))
    raise _unknown()


def find(unit: Transaction, kind: str, row_id: str) -> tuple[str, Json]:
    """A row by its unguessable id, whosever it is."""
    row = unit.run(
        "SELECT account, body FROM objects WHERE id = ? AND kind = ?", (row_id, kind)
    ).fetchone()
    if row is None:
        raise _unknown()
    return row[0], orjson.loads(row[1])


def submit(call: Call) -> Json:
    """POST /payments/details."""
    _, row = locate(call.unit, call.params)
    if row["object"] == authentication.RESULT:
        row = call.load(authentication.PENDING, row["pending"])
    payment = call.load("adyen_payment", row["payment"])
    if payment["state"] != "waiting":
        answer: Json = payment["result"]
        return answer
    return go_on(call, payment, row)


def go_on(call: Call, payment: Json, pending: Json) -> Json:
    """The next step of a payment that waits: a page, the issuer, or the end."""
    stage, answer = pending["stage"], pending["answer"]
    if stage == authentication.FINGERPRINT and answer is None:
        if not authentication.is_frictionless(payment):
            return authentication.ask(call, payment, authentication.CHALLENGE)
        answer = authentication.YES
    if answer == authentication.YES:
        authentication.authenticated(payment)
        return payments.authorise(call, payment)
    # Nobody answered the bank, or not as it wished.
    return payments.refuse(call, payment, "11")


def abandon(call: Call, psp: str) -> None:
    """Nobody came back: the payment is over, and its shop is told."""
    payment = call.load("adyen_payment", psp)
    if payment["state"] == "waiting":
        payments.refuse(call, payment, "11")
