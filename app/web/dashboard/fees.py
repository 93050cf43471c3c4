"""Fees: what is paid by each method, in which versions, and what a payment of any amount would cost."""

from dataclasses import dataclass, replace

from flask import Blueprint, Response

from app.domain.currencies import CURRENCIES
from app.domain.errors import FarthingError
from app.domain.fee_table import METHODS
from app.domain.fees import PriceList, Sale
from app.domain.money import Money
from app.reports import fees as report
from app.reports.fee_words import Writer
from app.services.fees import prices_of
from app.web.context import current_person, deps
from app.web.dashboard import filters
from app.web.render import amount, country, page, rate, typed_price
from app.web.render import locale as reader

blueprint = Blueprint("fees", __name__)

# Codes that CLDR names and no card is issued in.
NO_COUNTRIES = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")
WRITER = Writer(amount, rate, country)


@dataclass(frozen=True, slots=True)
class Calculation:
    """What the calculator was asked, and its answer or what is wrong with the question."""

    method: str
    currency: str
    typed: str
    payer: str
    is_converted: bool
    problem: str = ""
    amount: Money | None = None
    fee: Money | None = None
    lines: tuple[report.Line, ...] = ()
    priced_by: str = ""


@blueprint.get("/")
def index() -> Response:
    """The schedules, their versions and the calculator; htmx asks for the calculator's answer alone."""
    person, now = current_person(), deps().clock.now()
    prices = prices_of(deps(), person.merchant_id, now)
    currency = person.default_currency
    return page(
        "dashboard/fees.html",
        "answer",
        methods=report.overview(prices, currency, now=now, write=WRITER),
        versions=report.history(prices, currency, now=now, write=WRITER),
        calculation=_calculated(prices, currency),
        currencies=sorted(CURRENCIES),
        countries=_countries(prices.country),
        method_name=report.method_name,
    )


def _calculated(prices: PriceList, default_currency: str) -> Calculation:
    method = filters.one_of("method", METHODS, METHODS[0])
    currency = filters.one_of("currency", tuple(CURRENCIES), default_currency)
    asked = Calculation(
        method=method,
        currency=currency,
        typed=filters.text("amount", 24) or "100",
        payer=filters.one_of("payer", tuple(_countries(prices.country)), prices.country),
        is_converted=filters.text("converted") == "1",
    )
    try:
        money = typed_price(asked.typed, currency)
    except FarthingError as error:
        return replace(asked, problem=error.message)
    sale = Sale(
        money,
        method,
        made_at=deps().clock.now(),
        payer_country=asked.payer,
        is_converted=asked.is_converted,
    )
    price = prices.price(sale)
    return replace(
        asked,
        amount=money,
        fee=price.fee,
        lines=report.lines_of(price.parts, currency),
        priced_by=report.version_name(price.schedule),
    )


def _countries(home: str) -> dict[str, str]:
    """Codes and names of countries: the account's own first, then by name."""
    names = {code: name for code, name in reader().territories.items() if _is_country(code)}
    others = sorted((code for code in names if code != home), key=lambda code: names[code])
    return {code: str(names.get(code, code)) for code in (home, *others)}


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
