"""How issuers refuse: the error of each decline, in Stripe's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decline:
    """`code` is the error's, `decline_code` the issuer's reason where Stripe gives one."""

    decline_code: str
    message: str = "Your card was declined."
    code: str = "card_declined"
    advice: str | None = "try_again_later"
    network_code: str = "05"
    param: str | None = None


_ROWS = (
    Decline("generic_decline"),
    Decline("do_not_honor"),
    Decline("fraudulent", advice="do_not_try_again", network_code="59"),
    Decline("insufficient_funds", "Your card has insufficient funds.", network_code="51"),
    Decline("lost_card", advice="do_not_try_again", network_code="41"),
    Decline("stolen_card", advice="do_not_try_again", network_code="43"),
    Decline("pickup_card", advice="do_not_try_again", network_code="04"),
    Decline("do_not_try_again", advice="do_not_try_again", network_code="05"),
    Decline(
        "expired_card",
        "Your card has expired.",
        code="expired_card",
        advice="confirm_card_data",
        network_code="54",
        param="exp_month",
    ),
    Decline(
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        code="incorrect_cvc",
        advice="confirm_card_data",
        network_code="N7",
        param="cvc",
    ),
    Decline(
        "incorrect_number",
        "Your card number is incorrect.",
        code="incorrect_number",
        advice="confirm_card_data",
        network_code="14",
        param="number",
    ),
    Decline(
        "incorrect_zip",
        "Your card's zip code failed validation.",
        code="incorrect_zip",
        advice="confirm_card_data",
        param="address_zip",
    ),
    Decline(
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        code="processing_error",
        network_code="96",
    ),
    Decline(
        "card_velocity_exceeded",
        "Your card was declined for making repeated attempts too frequently or exceeding its "
        "amount limit.",
        network_code="65",
    ),
    Decline(
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
        code="authentication_required",
        advice=None,
        network_code="1A",
    ),
    Decline("card_not_supported", "Your card is not supported.", network_code="57"),
    Decline(
        "currency_not_supported", "Your card does not support this currency.", network_code="57"
    ),
    Decline("issuer_not_available", network_code="91"),
    Decline("try_again_later", network_code="19"),
    Decline(
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test (live) card. "
        "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
        advice=None,
        network_code="",
    ),
)

DECLINES: dict[str, Decline] = {row.decline_code: row for row in _ROWS}


def decline_of(code: str) -> Decline:
    """The row, or a plain decline that carries an unlisted code as the network sent it."""
    return DECLINES.get(code) or Decline(code)
