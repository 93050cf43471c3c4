"""Bank debits: sent with a mandate, answered by the bank later, and sometimes taken back after that.

The payment is `processing` until the bank answers. What a bank takes back is told as a dispute that is
lost when it opens, as it is for debits: nothing can be said against it.
"""

from app.sandbox import charges, faults, record
from app.sandbox.balance import book
from app.sandbox.banks import MESSAGES, SOON_SECONDS, Account
from app.sandbox.call import Call, public
from app.sandbox.confirmation import fail, settle
from app.sandbox.errors import DOCS, Json, StripeError, missing
from app.sandbox.events import emit
from app.sandbox.ids import new_id
from app.sandbox.other_methods import account_of

MOST_FEE = 500


def prepare(call: Call, intent: Json, method: Json) -> None:
    """Whether the account may be debited at all, and the customer's mandate for it; raises."""
    if intent["capture_method"] == "manual":
        raise _invalid("capture_method", f"{method['type']} does not support manual capture.")
    account = account_of(method)
    intent["_mandate"] = intent.get("_mandate") or _mandate(call, method)
    if account.refused:
        raise StripeError(MESSAGES[account.refused], code=account.refused)


def _invalid(param: str, message: str) -> StripeError:
    return StripeError(message, code="payment_intent_invalid_parameter", param=param)


def _mandate(call: Call, method: Json) -> str:
    given = (call.param("mandate_data") or {}).get("customer_acceptance") or {}
    online = given.get("online") or {}
    if given.get("type") != "online" or not (online.get("ip_address") and online.get("user_agent")):
        raise missing("mandate_data")
    accepted = str(given.get("accepted_at") or call.now)
    mandate = call.insert(
        {
            "id": new_id("mandate"),
            "object": "mandate",
            "created": call.now,
            "customer_acceptance": {
                "accepted_at": int(accepted),
                "online": {name: online[name] for name in ("ip_address", "user_agent")},
                "type": "online",
            },
            "livemode": False,
            "payment_method": method["id"],
            "status": "active",
            "type": "single_use",
        }
    )
    return str(mandate["id"])


def submit(call: Call, intent: Json, method: Json) -> None:
    """Send the debit to the bank."""
    account, kind = account_of(method), method["type"]
    details = {
        name: value
        for name, value in method[kind].items()
        if name
        not in ("generated_from", "networks", "status_details", "financial_connections_account")
    }
    charge = charges.blank(call, intent, method) | {
        "captured": True,
        "outcome": None,
        "paid": False,
        "payment_method_details": {kind: {**details, "mandate": intent["_mandate"]}, "type": kind},
        "status": "pending",
    }
    call.insert(charge, owner=intent["id"])
    if method["customer"] is None:
        method["_used"] = True
        call.save(method)
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = intent["next_action"] = None
    intent["status"] = "processing"
    call.save(intent)
    if account.answers_after is not None:
        due = call.clock.exact() + account.answers_after
        call.unit.chore(call.account, "debit_answers", charge["id"], due)
    emit(call, "charge.pending", charge)
    emit(call, "payment_intent.processing", intent)


def answer(call: Call, charge_id: str) -> None:
    """The bank's word about a debit that waits for it."""
    charge = call.load("charge", charge_id)
    method = call.load("payment_method", charge["payment_method"])
    account = account_of(method)
    forced = faults.take(call.unit, "decline", call.account)
    failure = str(forced.get("decline_code")) if forced else account.failure
    if failure:
        refuse(call, charge, failure, account.code)
    else:
        accept(call, charge, account)


def _waits(call: Call, charge: Json) -> Json | None:
    """The intent, if the charge is still the one that is waited for."""
    intent = call.load("payment_intent", charge["payment_intent"])
    is_open = charge["status"] == "pending" and intent["status"] == "processing"
    return intent if is_open else None


def accept(call: Call, charge: Json, account: Account) -> None:
    """The bank paid."""
    intent = _waits(call, charge)
    if intent is None:
        return
    amount = charge["amount"]
    fee = min(amount * 8 // 1000, MOST_FEE)
    charge |= {"amount_captured": amount, "paid": True, "status": "succeeded"}
    record.write(call, "authorised", amount, charge)
    record.write(call, "captured", amount, charge, fee=fee)
    charge["balance_transaction"] = book(call, "payment", amount, charge, fee=fee)["id"]
    call.save(charge)
    emit(call, "charge.succeeded", charge)
    settle(call, intent, amount)
    if account.returned:
        due = call.clock.exact() + SOON_SECONDS
        call.unit.chore(call.account, "debit_returns", charge["id"], due)


def refuse(call: Call, charge: Json, failure: str, code: str | None) -> None:
    """The bank did not pay."""
    intent = _waits(call, charge)
    if intent is None:
        return
    message = MESSAGES.get(failure, "The bank refused this payment.")
    charge |= {"captured": False, "status": "failed", "failure_code": failure}
    charge["failure_message"] = message
    call.save(charge)
    emit(call, "charge.failed", charge)
    method = call.load("payment_method", charge["payment_method"])
    error = {
        "charge": charge["id"],
        "code": failure,
        "doc_url": f"{DOCS}/{failure.replace('_', '-')}",
        "message": message,
        "network_decline_code": code,
        "payment_method": public(method, call.now),
        "type": "card_error",
    }
    fail(call, intent, {name: value for name, value in error.items() if value is not None})


def give_back(call: Call, charge_id: str, code: str | None = None) -> None:
    """The bank takes back what it paid."""
    charge = call.load("charge", charge_id)
    if charge["status"] != "succeeded" or charge["disputed"]:
        return
    method = call.load("payment_method", charge["payment_method"])
    code = code or account_of(method).returned or "MD06"
    dispute: Json = {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": 0,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"type": method["type"]},
        "reason": "insufficient_funds" if code in ("R01", "AM04") else "debit_not_authorized",
        "status": "lost",
    }
    row = book(call, "adjustment", -charge["amount_captured"], dispute, bypasses_pending=True)
    dispute["balance_transactions"] = [row]
    call.insert(dispute, owner=charge["payment_intent"])
    charge["disputed"] = True
    call.save(charge)
    record.write(call, "returned", charge["amount_captured"], charge)
    for kind in ("created", "funds_withdrawn", "closed"):
        emit(call, f"charge.dispute.{kind}", dispute)
