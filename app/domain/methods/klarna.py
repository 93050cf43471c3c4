"""Klarna: buy now, pay later. The customer chooses a plan on Klarna's own page, and Klarna pays at once.

Klarna bears the risk that its customer does not pay. A customer pays in the currency of their country, within
limits of that country; within them Klarna judges each purchase by itself.
"""

from types import MappingProxyType

from app.domain.methods.contract import Flow, Limit, Market, Method, RefundRule, Window

# Country: currency, least and most, in whole units.
_MARKETS = {
    "AT": ("EUR", 1, 10_000),
    "BE": ("EUR", 1, 10_000),
    "CH": ("CHF", 1, 5_000),
    "CZ": ("CZK", 25, 100_000),
    "DE": ("EUR", 1, 10_000),
    "DK": ("DKK", 10, 100_000),
    "ES": ("EUR", 1, 4_000),
    "FI": ("EUR", 1, 10_000),
    "FR": ("EUR", 1, 10_000),
    "GB": ("GBP", 1, 4_000),
    "GR": ("EUR", 1, 4_000),
    "IE": ("EUR", 1, 4_000),
    "IT": ("EUR", 1, 4_000),
    "NL": ("EUR", 1, 14_000),
    "NO": ("NOK", 10, 100_000),
    "PL": ("PLN", 5, 20_000),
    "PT": ("EUR", 1, 4_000),
    "SE": ("SEK", 10, 150_000),
    "US": ("USD", 35, 10_000),
}
MARKETS = MappingProxyType(
    {
        # All of these currencies have hundredths.
        country: Market(currency, Limit(least * 100, most * 100))
        for country, (currency, least, most) in _MARKETS.items()
    }
)

METHOD = Method(
    name="klarna",
    title="Klarna",
    flow=Flow.REDIRECT,
    fee_class="bnpl",
    settlement_business_days=3,
    currencies=frozenset(market.currency for market in MARKETS.values()),
    countries=frozenset(MARKETS),
    markets=MARKETS,
    favoured_in=frozenset({"AT", "DE", "DK", "FI", "NL", "NO", "SE"}),
    can_hold=True,
    hold_days=28,
    refund=RefundRule(window_days=180),
    dispute=(
        "The buyer can dispute the purchase at Klarna for 180 days: not received, returned, or not as"
        " described. Whether they pay their plan is Klarna's risk, not yours."
    ),
    disputable=Window(days=180),
    what_can_go_wrong="The buyer may turn back, Klarna may decline, or the page there may run out of time.",
)
