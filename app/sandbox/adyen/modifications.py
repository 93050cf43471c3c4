"""Captures, cancels, refunds and reversals: each is `received` at once, and decided a moment later.

What a call promises is only that it was heard. Whether there was money for it is settled by a chore,
in the order in which the calls came, and told by a notification.
"""

from app.sandbox import faults
from app.sandbox.adyen import bank
from app.sandbox.adyen.errors import invalid
from app.sandbox.adyen.notifications import Notice, tell
from app.sandbox.adyen.references import psp_reference
from app.sandbox.call import Call
from app.sandbox.errors import Json

KIND = "adyen_modification"
HANDLING_SECONDS = 0.2
SECOND_THOUGHTS_SECONDS = 1.0
NOT_AUTHORISED = "Transaction hasn't been Authorised"
TOO_MUCH = "Insufficient balance on payment"
# What the faults `capture_outcome`, `cancel_outcome` and `refund_outcome` may say.
REFUSED = ("refused", "pending_then_failed")


def _payment(call: Call) -> Json:
    payment = call.unit.find(call.account, "adyen_payment", call.path["id"])
    if payment is None:
        raise invalid("167", "Original pspReference required for this operation")
    return payment


def _receive(call: Call, action: str, payment: Json | None) -> Json:
    """Note the wish; it will be decided by itself."""
    amount = call.param("amount")
    if amount and payment and amount["currency"] != payment["amount"]["currency"]:
        raise invalid("137", "Invalid amount specified: the payment has another currency")
    modification = call.insert(
        {
            "id": psp_reference(),
            "object": KIND,
            "created": call.now,
            "action": action,
            "payment": payment and payment["id"],
            "about": call.param("paymentReference", ""),
            "amount": amount,
            "reference": call.param("reference", ""),
            "state": "received",
        },
        owner=payment["id"] if payment else "",
    )
    due = call.clock.exact() + HANDLING_SECONDS
    call.unit.chore(call.account, "adyen_modifies", modification["id"], due)
    given = ("amount", "reference", "merchantRefundReason", "capturePspReference", "store",
             "paymentReference", "lineItems", "splits", "subMerchants")  # fmt: skip
    return {
        "merchantAccount": call.account,
        **({"paymentPspReference": payment["id"]} if payment else {}),
        "pspReference": modification["id"],
        "status": "received",
        **{name: call.params[name] for name in given if name in call.params},
    }


def capture(call: Call) -> Json:
    """POST /payments/{id}/captures."""
    return _receive(call, "capture", _payment(call))


def cancel(call: Call) -> Json:
    """POST /payments/{id}/cancels."""
    return _receive(call, "cancel", _payment(call))


def refund(call: Call) -> Json:
    """POST /payments/{id}/refunds."""
    return _receive(call, "refund", _payment(call))


def reverse(call: Call) -> Json:
    """POST /payments/{id}/reversals: cancels what is held, refunds what was taken."""
    return _receive(call, "reversal", _payment(call))


def cancel_by_reference(call: Call) -> Json:
    """POST /cancels: of a payment whose pspReference was never learnt."""
    return _receive(call, "technical_cancel", None)


def modify(call: Call, modification_id: str) -> None:
    """Decide what was received."""
    wish = call.load(KIND, modification_id)
    if wish["payment"] is None:
        found = call.unit.owned(call.account, "adyen_payment", wish["about"])
        held = [row for row in found if row["state"] == "authorised"]
        wish["payment"] = (held or found or [{"id": None}])[-1]["id"]
    payment = wish["payment"] and call.load("adyen_payment", wish["payment"])
    if not payment:
        _told(call, "TECHNICAL_CANCEL", wish, None, problem="Transaction not found")
        return
    DECIDE[wish["action"]](call, wish, payment)
    call.save(payment)


def _told(
    call: Call,
    code: str,
    wish: Json,
    payment: Json | None,
    *,
    problem: str = "",
    more: dict[str, str] | None = None,
) -> None:
    """Tell the outcome: a problem is `success: false` with that reason."""
    wish["state"] = "refused" if problem else "done"
    call.save(wish)
    amount = wish["amount"] or (payment and payment["amount"]) or {"currency": "EUR", "value": 0}
    tell(
        call,
        Notice(
            code,
            wish["id"],
            wish["reference"] or (payment["reference"] if payment else wish["about"]),
            amount,
            is_success=not problem,
            reason=problem,
            original=payment["id"] if payment else "",
            method=payment["card"]["brand"] if payment else "",
            more=more or {},
        ),
    )


def _outcome(call: Call, payment: Json, action: str) -> str:
    armed = faults.take(call.unit, f"{action}_outcome", call.account)
    if armed is not None:
        return str(armed.get("outcome", "refused"))
    return str(payment["later"].get(action, "now"))


def _capture(call: Call, wish: Json, payment: Json) -> None:
    problem = ""
    if payment["state"] != "authorised":
        problem = NOT_AUTHORISED
    elif wish["amount"]["value"] > payment["authorised"]:
        problem = TOO_MUCH
    outcome = "" if problem else _outcome(call, payment, "capture")
    if outcome in REFUSED:
        problem = "Capture refused by the acquirer"
    if not problem:
        bank.take(call, payment, wish["amount"]["value"])
        payment["capture"] = wish["id"]
        if outcome == "succeeded_then_failed":
            due = call.clock.exact() + SECOND_THOUGHTS_SECONDS
            call.unit.chore(call.account, "adyen_capture_fails", payment["id"], due)
    _told(call, "CAPTURE", wish, payment, problem=problem)


def _why_not_cancelled(call: Call, payment: Json) -> str:
    if payment["state"] != "authorised":
        return NOT_AUTHORISED
    if _outcome(call, payment, "cancel") in REFUSED:
        return "Cancellation refused by the acquirer"
    return ""


def _cancel(call: Call, wish: Json, payment: Json) -> None:
    problem = _why_not_cancelled(call, payment)
    if not problem:
        bank.let_go(call, payment)
    code = "TECHNICAL_CANCEL" if wish["action"] == "technical_cancel" else "CANCELLATION"
    _told(call, code, wish, payment, problem=problem)


def _give_back(call: Call, wish: Json, payment: Json, value: int) -> str:
    """Give the money back now, and perhaps take it back later; why not, if not."""
    if payment["state"] != "captured":
        return "Transaction hasn't been captured, refund not possible"
    if not 0 < value <= payment["captured"] - payment["refunded"]:
        return TOO_MUCH
    outcome = _outcome(call, payment, "refund")
    if outcome in REFUSED:
        return "Refund refused by the acquirer"
    bank.give_back(call, payment, value, wish)
    later = {
        "succeeded_then_failed": "adyen_refund_fails",
        "succeeded_then_reversed": "adyen_refund_reversed",
    }
    if outcome in later:
        due = call.clock.exact() + SECOND_THOUGHTS_SECONDS
        call.unit.chore(call.account, later[outcome], wish["id"], due)
    return ""


def _refund(call: Call, wish: Json, payment: Json) -> None:
    problem = _give_back(call, wish, payment, wish["amount"]["value"])
    _told(call, "REFUND", wish, payment, problem=problem)


def _reverse(call: Call, wish: Json, payment: Json) -> None:
    if payment["state"] == "captured":
        left = payment["captured"] - payment["refunded"]
        wish["amount"] = {**payment["amount"], "value": left}
        problem = _give_back(call, wish, payment, left)
        done = "refund"
    else:
        problem, done = _why_not_cancelled(call, payment), "cancel"
        if not problem:
            bank.let_go(call, payment)
    more = {} if problem else {"modification.action": done}
    _told(call, "CANCEL_OR_REFUND", wish, payment, problem=problem, more=more)


DECIDE = {
    "capture": _capture,
    "cancel": _cancel,
    "technical_cancel": _cancel,
    "refund": _refund,
    "reversal": _reverse,
}
