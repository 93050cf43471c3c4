"""Providers with a page of their own: what each takes, for how long it waits, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.sandbox.errors import Json
from app.sandbox.ids import token

_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Provider:
    """`page_seconds`: how long its page waits for the customer; `plans`: what the customer chooses from;
    `markets`: the currency of each country, where only that one is taken.
    """

    title: str
    currencies: frozenset[str]
    page_seconds: int
    hold_seconds: int
    fee_thousandths: int
    refund_seconds: int = 180 * _DAY_SECONDS
    plans: Mapping[str, str] = field(default_factory=dict)
    markets: Mapping[str, str] = field(default_factory=dict)


_EURO = dict.fromkeys(("AT", "BE", "DE", "ES", "FI", "FR", "GR", "IE", "IT", "NL", "PT"), "eur")
_MARKETS = {
    **_EURO, "CH": "chf", "CZ": "czk", "DK": "dkk", "GB": "gbp", "NO": "nok", "PL": "pln",
    "RO": "ron", "SE": "sek", "US": "usd", "AU": "aud", "CA": "cad", "NZ": "nzd",
}  # fmt: skip
PROVIDERS: dict[str, Provider] = {
    "paypal": Provider(
        title="PayPal",
        currencies=frozenset(
            ("aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "hkd", "nok", "nzd", "pln", "sek",
             "sgd", "usd")
        ),
        page_seconds=3 * 3600,
        hold_seconds=10 * _DAY_SECONDS,
        fee_thousandths=29,
    ),
    "klarna": Provider(
        title="Klarna",
        currencies=frozenset(_MARKETS.values()),
        page_seconds=2 * _DAY_SECONDS,
        hold_seconds=28 * _DAY_SECONDS,
        fee_thousandths=45,
        plans={
            "pay_later": "Pay in 30 days",
            "pay_in_installments": "Pay in 3 parts",
            "pay_now": "Pay now",
        },
        markets=_MARKETS,
    ),
}  # fmt: skip

# Where a buyer's account is, by the currency that they pay in.
_HOMES = {"eur": "DE", "gbp": "GB", "chf": "CH", "sek": "SE", "aud": "AU", "cad": "CA"}


def described(kind: str) -> Json:
    """What a payment method of the kind holds before anybody was on its page."""
    if kind == "klarna":
        return {"dob": None}
    return {"country": None, "payer_email": None, "payer_id": None}


def charged(intent: Json, method: Json, plan: str) -> Json:
    """What its charge tells of the customer."""
    billing, kind = method["billing_details"], method["type"]
    country = billing["address"]["country"] or _HOMES.get(intent["currency"], "US")
    if kind == "klarna":
        known = plan if plan in PROVIDERS[kind].plans else "pay_later"
        details: Json = {
            "payer_details": {"address": {"country": country}},
            "payment_method_category": known,
            "preferred_locale": f"en-{country}",
        }
    else:
        details = {
            "country": country,
            "payer_email": billing["email"] or "buyer@example.com",
            "payer_id": token(13).upper(),
            "payer_name": billing["name"] or "Jenny Rosen",
            "seller_protection": {
                "dispute_categories": ["fraudulent", "product_not_received"],
                "status": "eligible",
            },
            "transaction_id": token(17).upper(),
        }
    return {kind: details, "type": kind}
