"""PayPal: the customer confirms on PayPal's own page, and PayPal answers at once.

Its cases are PayPal's own: a buyer can open one for 180 days. As long a payment can be refunded.
"""

from app.domain.methods.contract import Flow, Method, RefundRule, Window

_CURRENCIES = "AUD CAD CHF CZK DKK EUR GBP HKD NOK NZD PLN SEK SGD USD"

METHOD = Method(
    name="paypal",
    title="PayPal",
    flow=Flow.REDIRECT,
    fee_class="wallet",
    settlement_business_days=2,
    currencies=frozenset(_CURRENCIES.split()),
    favoured_in=frozenset({"DE", "IT"}),
    can_hold=True,
    hold_days=10,
    refund=RefundRule(window_days=180),
    dispute=(
        "The buyer can open a case at PayPal for 180 days: not received, not as described, or not authorised."
        " PayPal decides; evidence can be given."
    ),
    disputable=Window(days=180),
    what_can_go_wrong="The buyer may turn back, PayPal may decline, or the page there may run out of time.",
)
