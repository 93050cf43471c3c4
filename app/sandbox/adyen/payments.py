"""`/payments`: one try at a card, from the request to the issuer's word."""

from app.sandbox import faults
from app.sandbox.adyen import authentication, bank, cards, results, tokens
from app.sandbox.adyen.errors import invalid, lost_on_the_way, no_connection
from app.sandbox.adyen.fields import read_card
from app.sandbox.adyen.notifications import Notice, tell
from app.sandbox.adyen.references import psp_reference
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.ids import token

DECISION_SECONDS = 2.0
LONGEST_DELAY_HOURS = 672
METHOD = "scheme"


def create(call: Call) -> Json:
    """POST /payments."""
    asked = call.param("additionalData", {}).get("RequestedTestErrorResponseCode")
    if asked == "NO_CONNECTION_AVAILABLE":
        raise no_connection()
    payment = _blank(call, _card(call))
    call.insert(payment, owner=payment["reference"])
    step = authentication.step(call, payment)
    if step:
        return authentication.ask(call, payment, step)
    answer = authorise(call, payment)
    if asked == "IOEXCEPTION_RECEIVED":
        # The bank has heard of it; the shop learns what became of it by the notification alone.
        raise lost_on_the_way()
    return answer


def _card(call: Call) -> Json:
    given = call.params["paymentMethod"]
    if given.get("type", METHOD) not in (METHOD, "card"):
        raise invalid("905", "Payment details are not supported")
    if given.get("storedPaymentMethodId"):
        return tokens.use(call, given)
    return read_card(call, given)


def _delay(call: Call) -> int | None:
    """After how many hours Adyen captures by itself; None: when it is told to."""
    if call.param("additionalData", {}).get("manualCapture") == "true":
        return None
    hours: int = call.param("captureDelayHours", 0)
    if not 0 <= hours <= LONGEST_DELAY_HOURS:
        raise invalid("702", "Field 'captureDelayHours' is not valid: it is 0 to 672.")
    return hours


def _later(call: Call) -> Json:
    holder = str(call.params["paymentMethod"].get("holderName", "")).strip().upper()
    return dict([results.LATER[holder]]) if holder in results.LATER else {}


def _blank(call: Call, card: Json) -> Json:
    """A payment before anybody was asked."""
    wanted = call.param("authenticationData", {})
    stores = call.param("storePaymentMethod", False)
    if stores and not call.param("shopperReference"):
        raise invalid("180", "Invalid shopperReference")
    return {
        "id": psp_reference(),
        "object": "adyen_payment",
        "created": call.now,
        "amount": call.params["amount"],
        "reference": call.params["reference"],
        "order": call.param("merchantOrderReference", ""),
        "metadata": call.param("metadata", {}),
        "card": card,
        "state": "waiting",
        "authorised": 0,
        "captured": 0,
        "refunded": 0,
        "delay": _delay(call),
        "return_url": call.params["returnUrl"],
        "forced": results.forced(call.params),
        "later": _later(call),
        "three_d": None,
        "is_refused_early": False,
        "is_authentication_only": wanted.get("authenticationOnly", False),
        "stores": stores and call.param("recurringProcessingModel", "CardOnFile"),
        "shopper": call.param("shopperReference", ""),
        "result": None,
    }


def verdict(call: Call, payment: Json) -> str:
    """What the issuer says, as a code or a name. An armed decline comes first, the card's own last."""
    armed = faults.take(call.unit, "decline", call.account)
    if armed is not None:
        return results.refusal_of(str(armed.get("decline_code", "2"))).code
    if payment["is_refused_early"]:
        return "38"
    if payment["forced"] is not None:
        return str(payment["forced"])
    card = payment["card"]
    if card["fingerprint"] not in cards.BY_FINGERPRINT:
        return "2"
    if (card["expiryMonth"], card["expiryYear"]) != cards.EXPIRY:
        return "6"
    return "24" if card["code"] == "wrong" else results.APPROVED


def authorise(call: Call, payment: Json) -> Json:
    """Ask the issuer; answers what the shop is told."""
    if payment["is_authentication_only"]:
        payment["state"] = "authenticated"
        done = "AuthenticationFinished" if payment["three_d"] else "AuthenticationNotRequired"
        return _conclude(call, payment, {"resultCode": done, **authentication.proof(payment)})
    word = verdict(call, payment)
    name = "PENDING" if word == results.PENDING else word
    if name in results.UNDECIDED:
        result, will_pay = results.UNDECIDED[name]
        payment["forced"] = results.APPROVED if will_pay else "2"
        due = call.clock.exact() + DECISION_SECONDS
        call.unit.chore(call.account, "adyen_decides", payment["id"], due)
        return _conclude(call, payment, {"resultCode": result})
    if word in (results.APPROVED, "APPROVED", results.PARTIAL):
        return _accept(call, payment, is_partial=word == results.PARTIAL)
    return refuse(call, payment, word)


def refuse(call: Call, payment: Json, word: str) -> Json:
    """No money is held; the shop and its notifications are told why."""
    refusal = results.refusal_of(word)
    payment["state"] = "refused"
    tell(
        call,
        _notice(payment, is_success=False, reason=refusal.reason),
    )
    told = {
        "resultCode": refusal.result,
        "refusalReason": refusal.reason,
        "refusalReasonCode": refusal.code,
    }
    return _conclude(call, payment, told)


def _notice(payment: Json, *, is_success: bool, reason: str) -> Notice:
    card = payment["card"]
    more = {
        "cardSummary": card["last4"],
        "expiryDate": f"{card['expiryMonth']}/{card['expiryYear']}",
        **{f"metadata.{name}": value for name, value in payment["metadata"].items()},
    }
    if payment["order"]:
        more["merchantOrderReference"] = payment["order"]
    if is_success:
        more["authCode"] = payment["auth_code"]
    return Notice(
        "AUTHORISATION",
        payment["id"],
        payment["reference"],
        {**payment["amount"], "value": payment["authorised"] or payment["amount"]["value"]},
        is_success=is_success,
        reason=reason,
        method=card["brand"],
        operations=("CANCEL", "CAPTURE", "REFUND") if is_success else (),
        more=more,
    )


def _accept(call: Call, payment: Json, *, is_partial: bool) -> Json:
    value = payment["amount"]["value"]
    payment["auth_code"] = token(6).upper()
    bank.hold(call, payment, max(value // 2, 1) if is_partial else value)
    card = payment["card"]
    reason = f"{payment['auth_code']}:{card['last4']}:{card['expiryMonth']}/{card['expiryYear']}"
    tell(call, _notice(payment, is_success=True, reason=reason))
    _arrange_capture(call, payment)
    shown = {**_card_data(payment), **tokens.keep_after_payment(call, payment)}
    told = {
        "resultCode": "PartiallyAuthorised" if is_partial else "Authorised",
        "additionalData": shown,
    }
    return _conclude(call, payment, told)


def _arrange_capture(call: Call, payment: Json) -> None:
    hours = payment["delay"]
    if hours == 0:
        bank.take(call, payment, payment["authorised"])
        if payment["later"].get("capture"):
            due = call.clock.exact() + DECISION_SECONDS
            call.unit.chore(call.account, "adyen_capture_fails", payment["id"], due)
        return
    if hours is not None:
        call.unit.chore(
            call.account, "adyen_captures", payment["id"], call.clock.exact() + hours * 3600
        )
    due = call.clock.exact() + max(bank.HELD_SECONDS, (hours or 0) * 3600 + 1)
    call.unit.chore(call.account, "adyen_expires", payment["id"], due)


def _card_data(payment: Json) -> dict[str, str]:
    card = payment["card"]
    row = cards.BY_FINGERPRINT.get(card["fingerprint"])
    is_safe = payment["three_d"] is not None
    return {
        "alias": cards.alias(card["fingerprint"]),
        "aliasType": "Default",
        "authCode": payment["auth_code"],
        "authorisedAmountCurrency": payment["amount"]["currency"],
        "authorisedAmountValue": str(payment["authorised"]),
        "avsResult": "0 Unknown",
        "cardIssuingCountry": row.country if row else "",
        "cardSummary": card["last4"],
        "cvcResult": {"right": "1 Matches", "wrong": "2 Doesn't match"}.get(
            card["code"], "6 No CVC/CVV provided"
        ),
        "expiryDate": f"{int(card['expiryMonth'])}/{card['expiryYear']}",
        "fundingSource": row.funding if row else "CREDIT",
        "liabilityShift": "true" if is_safe else "false",
        "networkTxReference": payment["id"],
        "paymentMethod": card["brand"],
        "paymentMethodVariant": card["brand"],
        "threeDAuthenticated": "true" if is_safe else "false",
        "threeDOffered": "true" if is_safe else "false",
        **({"eci": payment["three_d"]["eci"], "threeDSVersion": "2.2.0"} if is_safe else {}),
    }


def _conclude(call: Call, payment: Json, told: Json) -> Json:
    """Remember the answer, so that details sent twice are told the same."""
    answer = {
        "pspReference": payment["id"],
        "amount": payment["amount"],
        "merchantReference": payment["reference"],
        "paymentMethod": {"type": METHOD, "brand": payment["card"]["brand"]},
        **told,
    }
    if told["resultCode"] == "PartiallyAuthorised":
        answer["amount"] = {**payment["amount"], "value": payment["authorised"]}
    payment["result"] = answer
    call.save(payment)
    return answer


def decide(call: Call, psp: str) -> None:
    """A payment that was `Received` or `Pending` is decided."""
    payment = call.load("adyen_payment", psp)
    if payment["state"] == "waiting":
        authorise(call, payment)
