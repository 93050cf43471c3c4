"""Adyen's words and what they mean to us. Tables first; a value that is in none of them is unknown.

Sources: Adyen's Checkout API 71, and its documentation of refusal reasons and result codes. `refusalReason`
is never shown to customers: it tells a thief what was found out.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.adapters.processors.adyen_money import from_wire
from app.adapters.processors.adyen_references import payment_in
from app.domain.declines import DeclineReason
from app.domain.methods.facts import CardFacts
from app.domain.money import Money
from app.domain.processor import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    Facts,
    Outcome,
    Pending,
    ProcessorAccount,
    Unknown,
)

log = logging.getLogger(__name__)

_R = DeclineReason

# By `refusalReasonCode`.
REFUSAL: dict[str, DeclineReason] = {
    "0": _R.GENERIC,  # Unknown.
    "2": _R.GENERIC,  # Refused.
    "3": _R.GENERIC,  # Referral.
    "4": _R.TECHNICAL,  # Acquirer error.
    "5": _R.GENERIC,  # Blocked card.
    "6": _R.EXPIRED,
    "7": _R.UNSUPPORTED,  # Invalid amount.
    "8": _R.NUMBER,
    "9": _R.TECHNICAL,  # Issuer unavailable.
    "10": _R.UNSUPPORTED,
    "11": _R.AUTHENTICATE,  # 3-D Secure: not authenticated.
    "12": _R.FUNDS,
    "14": _R.GENERIC,  # Acquirer fraud.
    "15": _R.UNFINISHED,  # Cancelled.
    "16": _R.UNFINISHED,  # Cancelled by the shopper.
    "17": _R.GENERIC,  # Invalid PIN.
    "18": _R.GENERIC,  # PIN tries exceeded.
    "19": _R.GENERIC,  # PIN cannot be validated.
    "20": _R.GENERIC,  # Fraud.
    "21": _R.TECHNICAL,  # Not submitted.
    "22": _R.GENERIC,  # Fraud, cancelled.
    "23": _R.GENERIC,  # Not permitted.
    "24": _R.CVC,
    "25": _R.GENERIC,  # Restricted card.
    "26": _R.GENERIC,  # Authorisation revoked.
    "27": _R.GENERIC,  # Declined, non generic.
    "28": _R.FUNDS,  # Withdrawal amount exceeded.
    "29": _R.FUNDS,  # Withdrawal count exceeded.
    "31": _R.GENERIC,  # Fraud suspected by the issuer.
    "32": _R.POSTCODE,  # Address does not match.
    "33": _R.AUTHENTICATE,  # Online PIN required.
    "34": _R.UNSUPPORTED,  # No checking account.
    "35": _R.UNSUPPORTED,  # No savings account.
    "36": _R.AUTHENTICATE,  # Mobile PIN required.
    "37": _R.GENERIC,  # Contactless fallback.
    "38": _R.AUTHENTICATE,
    "39": _R.TECHNICAL,  # No result from the directory server.
    "40": _R.GENERIC,  # Penalty box.
    "41": _R.GENERIC,  # Cardholder verification: restart.
    "42": _R.AUTHENTICATE,  # 3-D Secure error.
    "43": _R.AUTHENTICATE,  # Online PIN required.
    "44": _R.GENERIC,  # Try another interface.
    "45": _R.GENERIC,  # Chip downgrade.
    "46": _R.GENERIC,  # Blocked by Adyen: too many tries.
    "50": _R.GENERIC,  # Token revoked.
}

# The same in the words of notifications, which tell no code.
REFUSAL_CODE: dict[str, str] = {
    "refused": "2",
    "referral": "3",
    "acquirer error": "4",
    "blocked card": "5",
    "expired card": "6",
    "invalid amount": "7",
    "invalid card number": "8",
    "issuer unavailable": "9",
    "not supported": "10",
    "3d not authenticated": "11",
    "not enough balance": "12",
    "acquirer fraud": "14",
    "cancelled": "15",
    "shopper cancelled": "16",
    "invalid pin": "17",
    "pin tries exceeded": "18",
    "pin validation not possible": "19",
    "fraud": "20",
    "not submitted": "21",
    "fraud-cancelled": "22",
    "transaction not permitted": "23",
    "cvc declined": "24",
    "restricted card": "25",
    "revocation of auth": "26",
    "declined non generic": "27",
    "withdrawal amount exceeded": "28",
    "withdrawal count exceeded": "29",
    "issuer suspected fraud": "31",
    "avs declined": "32",
    "authentication required": "38",
}

# Refusals that were not a bank's: Adyen's own, the customer's, or those of the 3-D Secure that came before.
NOT_THE_BANKS = frozenset({"0", "8", "11", "15", "16", "20", "21", "22", "39", "42", "46"})

# The money is held, or taken where Adyen captures by itself.
AUTHORISED = "Authorised"
REFUSED = frozenset({"Refused", "Cancelled", "Error"})
UNDECIDED = frozenset({"Pending", "Received"})
ASKED = frozenset({"RedirectShopper", "IdentifyShopper", "ChallengeShopper"})
# Nothing that we ask for ends so: what it would mean for the money is for a person to find out.
NEVER_ASKED_FOR = frozenset(
    {
        "AuthenticationFinished",
        "AuthenticationNotRequired",
        "PartiallyAuthorised",
        "PresentToShopper",
        "Success",
    }
)

# How long a hold lasts at the schemes.
HELD = timedelta(days=7)

BRAND = {
    "amex": "amex",
    "cartebancaire": "cartes_bancaires",
    "cup": "unionpay",
    "diners": "diners",
    "discover": "discover",
    "jcb": "jcb",
    "maestro": "maestro",
    "mc": "mastercard",
    "visa": "visa",
}

REFUND_REASON = {
    "duplicate": "DUPLICATE",
    "fraudulent": "FRAUD",
    "requested_by_customer": "CUSTOMER REQUEST",
}

_LAST4 = re.compile(r"[0-9]{4}", re.ASCII)
_EXPIRY = re.compile(r"([0-9]{1,2})/([0-9]{4})", re.ASCII)
# The result's first digit or letter says it; the words after it are for people.
_CVC = {"1": "pass", "2": "fail", "3": "unchecked", "4": "unchecked", "5": "unavailable"}
_AVS = {"1": "fail", "2": "fail", "4": "unavailable", "5": "unavailable", "6": "pass", "7": "pass"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the call was about that an answer belongs to. `is_named`: the call itself said whose payment it
    is and how much; otherwise only the answer can.
    """

    payment_id: str
    amount: Money
    capture_now: bool
    at: datetime
    is_named: bool = True


def outcome_of(message: Any, account: ProcessorAccount, asked: Asked) -> Outcome:
    """What an answer about a payment tells. Every result code of the API version is here; another one is
    unknown.
    """
    try:
        result = message["resultCode"]
        if result == AUTHORISED:
            return _authorised(message, account, asked)
        if result in REFUSED:
            return _refused(message, asked)
        if result in ASKED:
            details = {
                "action": dict(message["action"]),
                "result": result,
                "reference": message.get("pspReference"),
            }
            return ActionRequired(_facts(message, account, asked, ""), "", details=details)
        if result in UNDECIDED:
            return Pending(_facts(message, account, asked, ""))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unknown(f"answer not understood: {type(error).__name__}: {error}")
    if result not in NEVER_ASKED_FOR:
        log.error("processor.result_unknown", extra={"result": str(result)[:40]})
    return Unknown(f"result {str(result)[:40]}")


def _facts(
    message: dict[str, Any], account: ProcessorAccount, asked: Asked, reference: str
) -> Facts:
    """What identifies the payment; what the answer leaves out is what was asked."""
    amount = message.get("amount")
    return Facts(
        reference=reference,
        amount=asked.amount if amount is None else from_wire(amount),
        is_live=account.is_live,
        merchant_id=account.merchant_id,
        payment_id=_payment_told(message, asked),
    )


def _payment_told(message: dict[str, Any], asked: Asked) -> str:
    told = message.get("merchantReference")
    return asked.payment_id if told is None else payment_in(told) or "another"


def _authorised(message: dict[str, Any], account: ProcessorAccount, asked: Asked) -> Outcome:
    if not asked.is_named and None in (message.get("merchantReference"), message.get("amount")):
        return Unknown("authorised, but it is not told whose payment and how much")
    reference = message["pspReference"]
    facts = _facts(message, account, asked, reference)
    card = card_of(message)
    if asked.capture_now:
        return Captured(facts, facts.amount, card, reference)
    return Authorized(facts, facts.amount, card, reference, asked.at + HELD)


def _refused(message: dict[str, Any], asked: Asked) -> Outcome:
    if _payment_told(message, asked) != asked.payment_id:
        return Unknown("the refusal of another payment")
    return refused(message, card_of(message))


def refused(message: dict[str, Any], card: CardFacts | None = None) -> Declined:
    """Why an answer says no. It fixes no reference: the next try is another object there."""
    code = str(message.get("refusalReasonCode") or "")
    if not code and message.get("resultCode") == "Cancelled":
        code = "15"
    return declined(code, str(message.get("refusalReason") or ""), card)


def declined(code: str, words: str, card: CardFacts | None = None) -> Declined:
    """A refusal by its code, else by its words."""
    known = code or REFUSAL_CODE.get(words.strip().lower(), "")
    if known not in REFUSAL:
        log.error("processor.refusal_unknown", extra={"code": known[:10], "words": words[:60]})
    reason = REFUSAL.get(known, _R.GENERIC)
    shown = f"{known} {words}".strip()[:100] or "refused"
    return Declined(reason, shown, card=card, reached_bank=known not in NOT_THE_BANKS)


def card_of(message: dict[str, Any]) -> CardFacts | None:
    """The card of an answer or a notification; None where it says too little."""
    more = message.get("additionalData") or {}
    last4 = str(more.get("cardSummary") or "")
    if not _LAST4.fullmatch(last4):
        return None
    expiry = _EXPIRY.fullmatch(str(more.get("expiryDate") or ""))
    return CardFacts(
        brand=_brand(message, more),
        last4=last4,
        exp_month=int(expiry[1]) if expiry else 0,
        exp_year=int(expiry[2]) if expiry else 0,
        country=str(more.get("cardIssuingCountry") or more.get("issuerCountry") or "")[:2],
        funding=str(more.get("fundingSource") or "").lower()[:20],
        fingerprint=str(more.get("alias") or "")[:60],
        cvc_check=_CVC.get(str(more.get("cvcResult") or "")[:1], ""),
        postal_check=_AVS.get(str(more.get("avsResult") or "")[:1], ""),
        three_d_secure="authenticated" if more.get("threeDAuthenticated") == "true" else "",
        authorization_code=str(more.get("authCode") or "")[:20],
    )


def _brand(message: dict[str, Any], more: dict[str, Any]) -> str:
    method = message.get("paymentMethod")
    told = method.get("brand") if isinstance(method, dict) else method
    return brand_of(told or more.get("paymentMethod"))


def brand_of(word: object) -> str:
    """A scheme by our name for it."""
    return BRAND.get(str(word), "unknown")
