"""How a payment may end: Adyen's refusal codes, and the names by which a test asks for one.

A test forces a result with `additionalData.RequestedTestAcquirerResponseCode` (the number or the
name) or with the name as the card's `holderName`, as in Adyen's test environment.
"""

from dataclasses import dataclass

from app.sandbox.errors import Json


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row of Adyen's table; `result` is the payment's result code."""

    code: str
    name: str
    reason: str
    result: str = "Refused"


_ROWS = (
    Refusal("0", "UNKNOWN", "Unknown", "Error"),
    Refusal("2", "DECLINED", "Refused"),
    Refusal("3", "REFERRAL", "Referral"),
    Refusal("4", "ERROR", "Acquirer Error", "Error"),
    Refusal("5", "BLOCK_CARD", "Blocked Card"),
    Refusal("6", "CARD_EXPIRED", "Expired Card"),
    Refusal("7", "INVALID_AMOUNT", "Invalid Amount"),
    Refusal("8", "INVALID_CARD", "Invalid Card Number"),
    Refusal("9", "ISSUER_UNAVAILABLE", "Issuer Unavailable"),
    Refusal("10", "NOT_SUPPORTED", "Not supported"),
    Refusal("11", "NOT_3D_AUTHENTICATED", "3D Not Authenticated"),
    Refusal("12", "NOT_ENOUGH_BALANCE", "Not enough balance"),
    Refusal("14", "ACQUIRER_FRAUD", "Acquirer Fraud"),
    Refusal("15", "CANCELLED", "Cancelled", "Cancelled"),
    Refusal("16", "SHOPPER_CANCELLED", "Shopper Cancelled", "Cancelled"),
    Refusal("17", "INVALID_PIN", "Invalid Pin"),
    Refusal("18", "PIN_TRIES_EXCEEDED", "Pin tries exceeded"),
    Refusal("19", "PIN_VALIDATION_NOT_POSSIBLE", "Pin validation not possible"),
    Refusal("20", "FRAUD", "FRAUD"),
    Refusal("21", "NOT_SUBMITTED", "Not Submitted", "Error"),
    Refusal("22", "FRAUD_CANCELLED", "FRAUD-CANCELLED"),
    Refusal("23", "TRANSACTION_NOT_PERMITTED", "Transaction Not Permitted"),
    Refusal("24", "CVC_DECLINED", "CVC Declined"),
    Refusal("25", "RESTRICTED_CARD", "Restricted Card"),
    Refusal("26", "REVOCATION_OF_AUTH", "Revocation Of Auth"),
    Refusal("27", "DECLINED_NON_GENERIC", "Declined Non Generic"),
    Refusal("28", "WITHDRAWAL_AMOUNT_EXCEEDED", "Withdrawal amount exceeded"),
    Refusal("29", "WITHDRAWAL_COUNT_EXCEEDED", "Withdrawal count exceeded"),
    Refusal("31", "ISSUER_SUSPECTED_FRAUD", "Issuer Suspected Fraud"),
    Refusal("32", "AVS_DECLINED", "AVS Declined"),
    Refusal("33", "PIN_REQUIRED", "Card requires online pin"),
    Refusal("34", "NO_CHECKING_ACCOUNT_AVAILABLE", "No checking account available on Card"),
    Refusal("35", "NO_SAVINGS_ACCOUNT_AVAILABLE", "No savings account available on Card"),
    Refusal("36", "MOBILE_PIN_REQUIRED", "Mobile pin required"),
    Refusal("37", "CONTACTLESS_FALLBACK", "Contactless fallback"),
    Refusal("38", "AUTHENTICATION_REQUIRED", "Authentication required"),
    Refusal("39", "RREQ_NOT_RECEIVED", "RReq not received from DS"),
    Refusal("40", "PENALTY_BOX", "Current AID is in Penalty Box."),
    Refusal("41", "CVM_REQUIRED", "CVM Required Restart Payment"),
    Refusal("42", "AUTHENTICATION_ERROR", "3DS Authentication Error"),
    Refusal("46", "CLOSED_ACCOUNT", "Transaction blocked by Adyen to prevent excessive retry fees"),
    Refusal("50", "TOKEN_REVOKED", "Revocation Of Auth: token"),
)
REFUSALS: dict[str, Refusal] = {row.code: row for row in _ROWS}
BY_NAME: dict[str, str] = {row.name: row.code for row in _ROWS} | {
    "INVALID_CARD_NUMBER": "8",
    "APPROVED": "1",
    "PENDING": "13",
}

APPROVED, PENDING = "1", "13"
# Results for which Adyen has no number; the names are the sandbox's own. The first word is the result
# code; what is not yet decided is told two seconds later by an AUTHORISATION, and how.
UNDECIDED: dict[str, tuple[str, bool]] = {
    "PENDING": ("Received", True),
    "PENDING_THEN_REFUSED": ("Received", False),
    "PENDING_RESULT": ("Pending", True),
    "PENDING_RESULT_THEN_REFUSED": ("Pending", False),
    "PRESENT_TO_SHOPPER": ("PresentToShopper", True),
}
PARTIAL = "PARTIALLY_AUTHORISED"
# What becomes of a payment's later steps, in Adyen's words for a card's holder.
LATER = {
    "CAPTURE FAILED": ("capture", "succeeded_then_failed"),
    "REFUND FAILED": ("refund", "succeeded_then_failed"),
    "REFUNDED REVERSED": ("refund", "succeeded_then_reversed"),
}
# The control page's declines are named in Stripe's words; these are what they mean here.
FROM_STRIPE = {
    "card_not_supported": "10",
    "card_velocity_exceeded": "29",
    "currency_not_supported": "10",
    "expired_card": "6",
    "fraudulent": "20",
    "incorrect_cvc": "24",
    "incorrect_number": "8",
    "incorrect_zip": "32",
    "insufficient_funds": "12",
    "issuer_not_available": "9",
    "lost_card": "5",
    "pickup_card": "5",
    "processing_error": "4",
    "stolen_card": "5",
    "authentication_required": "38",
    "try_again_later": "9",
}


def refusal_of(word: str) -> Refusal:
    """The row of a code, of a name, or of Stripe's word; an unlisted code goes out as it came."""
    code = BY_NAME.get(word) or FROM_STRIPE.get(word) or (word if word.isdigit() else "2")
    return REFUSALS.get(code) or Refusal(code, code, "Refused")


def forced(params: Json) -> str | None:
    """The word by which a payment asks for a result: a code or a name; None when it asks for none."""
    asked = params.get("additionalData", {}).get("RequestedTestAcquirerResponseCode")
    if asked:
        return str(asked).strip().upper()
    holder = str(params["paymentMethod"].get("holderName", ""))
    name = holder.partition(":")[0].strip().upper()
    return name if name in BY_NAME or name in UNDECIDED or name == PARTIAL else None
