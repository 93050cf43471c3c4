"""What the world does by itself: delayed captures, authorisations that expire, second thoughts."""

from collections.abc import Callable
from dataclasses import replace

from app.sandbox.adyen import bank, details, modifications, payments
from app.sandbox.adyen.notifications import Notice, tell
from app.sandbox.adyen.references import psp_reference
from app.sandbox.call import Call
from app.sandbox.errors import Json


def _notice(code: str, psp: str, payment: Json, amount: Json, reason: str = "") -> Notice:
    return Notice(
        code,
        psp,
        payment["reference"],
        amount,
        reason=reason,
        original=payment["id"],
        method=payment["card"]["brand"],
    )


def capture_by_itself(call: Call, psp: str) -> None:
    """The delay that the payment was made with is over; no notification tells of it."""
    payment = call.load("adyen_payment", psp)
    if payment["state"] == "authorised":
        bank.take(call, payment, payment["authorised"])
        call.save(payment)


def expire(call: Call, psp: str) -> None:
    """What is held is let go."""
    payment = call.load("adyen_payment", psp)
    if payment["state"] != "authorised":
        return
    bank.let_go(call, payment)
    call.save(payment)
    amount = {**payment["amount"], "value": payment["authorised"]}
    tell(call, _notice("EXPIRE", psp_reference(), payment, amount, "Authorisation expired"))


def fail_capture(call: Call, psp: str) -> None:
    """The scheme turned the capture down after all."""
    payment = call.load("adyen_payment", psp)
    if payment["state"] != "captured" or payment["refunded"]:
        return
    bank.lose(call, payment)
    call.save(payment)
    amount = {**payment["amount"], "value": payment["captured"]}
    wish = payment.get("capture")
    reference = call.load(modifications.KIND, wish)["reference"] if wish else ""
    notice = _notice("CAPTURE_FAILED", wish or psp_reference(), payment, amount, "Capture Failed")
    tell(call, _referring(notice, reference))


def _referring(notice: Notice, reference: str) -> Notice:
    """The notice under the merchant's reference of the modification, where it gave one."""
    return replace(notice, reference=reference) if reference else notice


def _undo_refund(call: Call, wish_id: str, code: str, reason: str) -> None:
    wish = call.load(modifications.KIND, wish_id)
    payment = call.load("adyen_payment", wish["payment"])
    if wish["state"] != "done":
        return
    wish["state"] = "failed"
    bank.get_back(call, payment, wish["amount"]["value"], wish)
    call.save(payment)
    call.save(wish)
    notice = _notice(code, wish["id"], payment, wish["amount"], reason)
    tell(call, _referring(notice, wish["reference"]))


def fail_refund(call: Call, wish_id: str) -> None:
    """The refund was turned down after it had been confirmed."""
    _undo_refund(call, wish_id, "REFUND_FAILED", "Refund failed")


def reverse_refund(call: Call, wish_id: str) -> None:
    """The refunded money came back: the shopper's account is closed."""
    _undo_refund(call, wish_id, "REFUNDED_REVERSED", "Account closed")


CHORES: dict[str, Callable[[Call, str], None]] = {
    "adyen_abandoned": details.abandon,
    "adyen_capture_fails": fail_capture,
    "adyen_captures": capture_by_itself,
    "adyen_decides": payments.decide,
    "adyen_expires": expire,
    "adyen_modifies": modifications.modify,
    "adyen_refund_fails": fail_refund,
    "adyen_refund_reversed": reverse_refund,
}
