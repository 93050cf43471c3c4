"""3-D Secure: whether a card asks for it, what the browser is told, and what its answer means."""

from app.sandbox.cards import Card
from app.sandbox.errors import Json
from app.sandbox.ids import token

NONE, CHALLENGE, FRICTIONLESS, REFUSE, LOOKUP_ERROR = (
    "none", "challenge", "frictionless", "refuse", "lookup_error",
)  # fmt: skip

_ALWAYS = ("required", "required_off_session_too", "enrolled_off_session")


def step(card: Card, wanted: str, *, is_off_session: bool) -> str:
    """What confirming with this card leads to. `wanted` is `request_three_d_secure`."""
    if card.three_d == "lookup_error":
        return LOOKUP_ERROR
    if card.three_d in _ALWAYS:
        if not is_off_session:
            return CHALLENGE
        return NONE if card.three_d == "enrolled_off_session" else REFUSE
    if wanted in ("any", "challenge") and not is_off_session and card.three_d == "optional":
        return CHALLENGE if wanted == "challenge" else FRICTIONLESS
    return NONE


def without_customer(card: Card, wanted: str) -> Json | None:
    """`three_d_secure` of a charge for which nobody was asked, or None when 3DS was not wanted."""
    if wanted not in ("any", "challenge"):
        return None
    results = {
        "unsupported": ("not_supported", "card_not_enrolled"),
        "attempt_error": ("processing_error", "protocol_error"),
        "not_enrolled": ("attempt_acknowledged", None),
    }
    if card.three_d not in results:
        return None
    result, reason = results[card.three_d]
    return details(result, reason=reason, flow=None, eci="06" if reason is None else "07")


def details(result: str, *, reason: str | None, flow: str | None, eci: str) -> Json:
    """The `three_d_secure` object of a charge."""
    return {
        "authentication_flow": flow,
        "electronic_commerce_indicator": eci,
        "exemption_indicator": None,
        "exemption_indicator_applied": False,
        "result": result,
        "result_reason": reason,
        "transaction_id": token(20),
        "version": "2.2.0",
    }


def next_action(intent: Json, base_url: str, *, flow: str) -> Json:
    """Where the customer goes: Stripe.js when the caller has it, else a redirect."""
    query = f"payment_intent={intent['id']}&client_secret={intent['client_secret']}"
    if intent["_return_url"] and not intent["_use_stripe_sdk"]:
        return {
            "type": "redirect_to_url",
            "redirect_to_url": {
                "return_url": intent["_return_url"],
                "url": f"{base_url}/3ds/redirect?{query}",
            },
        }
    kind = "stripe_3ds2_fingerprint" if flow == FRICTIONLESS else "three_d_secure_redirect"
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {
            "type": kind,
            "stripe_js": f"{base_url}/3ds/challenge?{query}",
            "source": f"src_{token()}",
        },
    }
