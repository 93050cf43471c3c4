"""The test cards: one row each, number first, then what the bank does when it is used.

Numbers are the ones Stripe publishes for testing. Only a fingerprint and the last four digits are
ever stored. A number that is well formed and not in the table is somebody's real card: it is
declined.
"""

from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Card:
    """A kind of plastic. `decline` names a row of `declines.DECLINES`."""

    number: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: str | None = None
    checks: dict[str, str] = field(default_factory=dict)
    risk: str = "normal"
    refund: str = "now"
    bypasses_pending: bool = False
    # optional · required · required_off_session_too · enrolled_off_session · lookup_error ·
    # attempt_error · not_enrolled · unsupported
    three_d: str = "not_enrolled"
    # What happens when a customer disputes; read by the dispute simulation.
    dispute: str | None = None

    @property
    def last4(self) -> str:
        """The only digits that are kept."""
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for every use of one number; the key by which a stored card finds its row."""
        return sha256(f"sandbox:{self.number}".encode()).hexdigest()[:16]


def _short(digits: str) -> str:
    return "40000000000" + digits


CARDS: tuple[Card, ...] = (
    Card("4242424242424242"),
    Card("4000056655665556", funding="debit"),
    Card("5555555555554444", brand="mastercard"),
    Card("2223003122003222", brand="mastercard"),
    Card("5200828282828210", brand="mastercard", funding="debit"),
    Card("5105105105105100", brand="mastercard", funding="prepaid"),
    Card("378282246310005", brand="amex", three_d="unsupported"),
    Card("371449635398431", brand="amex", three_d="unsupported"),
    Card("6011111111111117", brand="discover"),
    Card("6011000990139424", brand="discover"),
    Card("3566002020360505", brand="jcb", country="JP"),
    Card("3056930009020004", brand="diners"),
    Card("6200000000000005", brand="unionpay", country="CN"),
    Card("4000002760000016", country="DE"),
    Card("4000008260000000", country="GB"),
    Card("4000002500000003", country="FR"),
    Card("4000003920000003", country="JP"),
    Card("4000000360000006", country="AU"),
    Card("4000001240000000", country="CA"),
    Card("4000000760000002", country="BR"),
    Card(_short("00002"), decline="generic_decline"),
    Card(_short("09995"), decline="insufficient_funds"),
    Card(_short("09987"), decline="lost_card"),
    Card(_short("09979"), decline="stolen_card"),
    Card(_short("00069"), decline="expired_card"),
    Card(_short("00127"), decline="incorrect_cvc", checks={"cvc": "fail"}),
    Card(_short("00119"), decline="processing_error"),
    Card(_short("06975"), decline="card_velocity_exceeded"),
    Card(_short("00341"), decline="generic_decline"),
    Card(_short("00101"), checks={"cvc": "fail"}),
    Card(_short("00036"), checks={"postal": "fail"}),
    Card(_short("00028"), checks={"line1": "fail"}),
    Card(_short("00010"), checks={"line1": "fail", "postal": "fail"}),
    Card(_short("00044"), checks={"line1": "unavailable", "postal": "unavailable"}),
    Card("4100000000000019", risk="blocked"),
    Card("4000000000004954", risk="highest"),
    Card("4000000000009235", risk="elevated"),
    Card(_short("00259"), dispute="fraudulent"),
    Card(_short("02685"), dispute="product_not_received"),
    Card(_short("01976"), dispute="inquiry"),
    Card(_short("05423"), dispute="early_fraud_warning"),
    Card("4000000404000079", dispute="multiple"),
    Card("4000000404000038", dispute="compelling_evidence_3"),
    Card("4000008400000779", dispute="visa_compliance"),
    Card("5105008400000002", brand="mastercard", dispute="mastercard_compliance"),
    Card("4000000404004816", dispute="rapid_resolution"),
    Card("4000000404005649", dispute="compelling_evidence_3_block"),
    Card("5105000300000018", brand="mastercard", dispute="ethoca"),
    Card(_short("07726"), refund="pending_then_succeeded"),
    Card(_short("05126"), refund="succeeded_then_failed"),
    Card(_short("00077"), bypasses_pending=True),
    Card("4000003720000278", country="IE", bypasses_pending=True),
    Card("4000002500003155", country="FR", three_d="required"),
    Card("4000002760003184", country="DE", three_d="required_off_session_too"),
    Card("4000003800000446", country="IT", three_d="enrolled_off_session"),
    Card("4000008260003178", country="GB", three_d="required", decline="insufficient_funds"),
    Card("4000000000003220", three_d="required"),
    Card("4000000000003063", three_d="required"),
    Card("4000008400001629", three_d="required", decline="generic_decline"),
    Card("4000008400001280", three_d="lookup_error"),
    Card("4000000000003055", three_d="optional"),
    Card("4000000000003097", three_d="attempt_error"),
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_FINGERPRINT = {card.fingerprint: card for card in CARDS}

# Names after `pm_card_` and `tok_`.
NAMES: dict[str, str] = {
    "visa": "4242424242424242",
    "us": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "mastercard_prepaid": "5105105105105100",
    "amex": "378282246310005",
    "amex_threeDSecureNotSupported": "378282246310005",
    "discover": "6011111111111117",
    "jcb": "3566002020360505",
    "diners": "3056930009020004",
    "unionpay": "6200000000000005",
    "de": "4000002760000016",
    "gb": "4000008260000000",
    "fr": "4000002500000003",
    "jp": "4000003920000003",
    "au": "4000000360000006",
    "ca": "4000001240000000",
    "br": "4000000760000002",
    "chargeDeclined": _short("00002"),
    "chargeDeclinedInsufficientFunds": _short("09995"),
    "chargeDeclinedLostCard": _short("09987"),
    "chargeDeclinedStolenCard": _short("09979"),
    "chargeDeclinedExpiredCard": _short("00069"),
    "chargeDeclinedIncorrectCvc": _short("00127"),
    "chargeDeclinedProcessingError": _short("00119"),
    "chargeDeclinedVelocityLimitExceeded": _short("06975"),
    "chargeDeclinedFraudulent": "4100000000000019",
    "chargeCustomerFail": _short("00341"),
    "cvcCheckFail": _short("00101"),
    "avsZipFail": _short("00036"),
    "avsLine1Fail": _short("00028"),
    "avsFail": _short("00010"),
    "avsUnchecked": _short("00044"),
    "radarBlock": "4100000000000019",
    "riskLevelHighest": "4000000000004954",
    "riskLevelElevated": "4000000000009235",
    "createDispute": _short("00259"),
    "createDisputeProductNotReceived": _short("02685"),
    "createDisputeInquiry": _short("01976"),
    "createIssuerFraudRecord": _short("05423"),
    "createMultipleDisputes": "4000000404000079",
    "pendingRefund": _short("07726"),
    "refundFail": _short("05126"),
    "bypassPending": _short("00077"),
    "bypassPendingInternational": "4000003720000278",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredSetupForOffSession": "4000003800000446",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequired": "4000000000003063",
    "threeDSecureRequiredChargeDeclined": "4000008400001629",
    "threeDSecureRequiredProcessingError": "4000008400001280",
    "threeDSecureOptional": "4000000000003055",
    "threeDSecureOptionalProcessingError": "4000000000003097",
}


def named(name: str) -> Card | None:
    """The card of `pm_card_visa`, `tok_visa`, `pm_card_visa_chargeDeclined`, …; None if unknown."""
    for prefix in ("pm_card_", "tok_"):
        if name.startswith(prefix):
            short = name.removeprefix(prefix)
            number = NAMES.get(short) or NAMES.get(short.removeprefix("visa_"))
            return BY_NUMBER[number] if number else None
    return None


def passes_luhn(number: str) -> bool:
    """Whether the check digit fits."""
    doubled = [int(digit) * 2 for digit in number[-2::-2]]
    plain = [int(digit) for digit in number[-1::-2]]
    return (sum(d - 9 if d > 9 else d for d in doubled) + sum(plain)) % 10 == 0
