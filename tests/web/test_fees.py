"""The fees page, and a payment's fee line by line."""

import re
from datetime import timedelta
from html import unescape

from app.services import fees
from app.services.deps import Deps
from app.services.fees import SetSchedule
from tests.factories import Shop, TestClock, make_payment, open_shop, usd
from tests.web.visitor import Visitor

PAGE = "/dashboard/fees/"
RULES = {
    "basis_points": 200,
    "fixed": {"USD": 25},
    "corridors": [{"basis_points": 100, "fixed": {"USD": 0}}],
}


def squeezed(text: str) -> str:
    """A page's words without its tags, a minus as it is typed."""
    words = unescape(re.sub(r"<[^>]+>", " ", text)).replace("\N{MINUS SIGN}", "-")
    return " ".join(words.split())


def agree(deps: Deps, shop: Shop, rules: dict[str, object] | None = None) -> None:
    fees.set_schedule(deps, SetSchedule(shop.merchant_id, "card", rules or RULES))


def test_without_an_agreement_the_standard_is_shown_for_every_method(owner: Visitor) -> None:
    words = squeezed(owner.get(PAGE).text)

    assert "Cards Standard 2.9% plus $0.30 1.5% more from another country" in words
    assert "ACH debit Standard $1.50 each" in words
    assert "SEPA debit Standard 0.1%, at most €5.00" in words
    assert "Bank transfer Standard $10.00 each $5.00 more between SEPA countries" in words
    assert (
        "Buy now, pay later Standard 6%, 5% of what is above $100.00,"
        " 4% of what is above $1,000.00, plus $0.30" in words
    )
    assert "You pay the standard fees." in words
    assert "$3.20 USD of $100.00" in words


def test_versions_are_shown_before_they_begin_while_they_hold_and_after(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    agree(deps, shop)
    words = squeezed(owner.get(PAGE).text)
    assert re.search(r"From \w+ \d+, \d{4}: 2% plus \$0.25", words)
    assert "not yet in force" in words

    clock.advance(fees.NOTICE)
    agree(deps, shop, {"basis_points": 100})
    clock.advance(fees.NOTICE + timedelta(seconds=1))
    words = squeezed(owner.get(PAGE).text)
    assert re.search(r"Cards Version 2, since \w+ \d+, \d{4} 1%", words)
    assert re.search(r"Cards Version 2 1% .*? in force Cards Version 1 2% plus \$0.25", words)
    assert "no longer in force" in words
    assert "You pay the standard fees." not in words


def test_another_merchants_agreement_is_not_shown(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    agree(deps, open_shop(deps), {"basis_points": 77})
    clock.advance(fees.NOTICE)

    assert "0.77" not in owner.get(PAGE).text


ANSWERS = {
    "amount=49.99": "Payment $49.99 USD Fee -$1.75 USD Processing fee 2.9% -$1.45 USD",
    "amount=49.99&payer=DE": "International fee 1.5% -$0.75 USD You get $47.49 USD",
    "amount=100&converted=1": "Currency conversion fee 1% -$1.00 USD You get $95.80 USD",
    "amount=9,000&currency=EUR&method=sepa_debit": "Reduced to the cap €4.00 EUR",
    "amount=2500&method=bank_transfer&payer=MX": "You get $2,475.00 USD",
    "amount=1000&currency=JPY": "You get ¥971",
    "amount=12.345&currency=TND": "Fixed fee -0.300",
    "amount=0.50": "Fixed fee -$0.30 USD",
    # What makes no sense is answered kindly.
    "amount=lots": "Enter an amount, like 1,234.56.",
    "amount=-5": "Enter an amount, like 1,234.56.",
    "amount=1.5&currency=JPY": "JPY has no decimals, like 1,234.",
    "amount=0": "Enter an amount greater than zero.",
    "amount=0.10": "Amount must be at least $0.50.",
    "amount=99999999999999": "Amount must be no more than",
    "amount=4%00&method=cheque&currency=XYZ&payer=ZZ": "You get $3.58 USD",
}


def test_the_calculator_answers(owner: Visitor) -> None:
    parts = {asked: owner.htmx(f"{PAGE}?{asked}") for asked in ANSWERS}

    assert {asked: part.status_code for asked, part in parts.items()} == dict.fromkeys(ANSWERS, 200)
    assert not [asked for asked, part in parts.items() if "<html" in part.text]
    said = {asked: squeezed(part.text) for asked, part in parts.items()}
    assert {
        asked: said[asked] for asked, answer in ANSWERS.items() if answer not in said[asked]
    } == {}
    assert "You get $47.49 USD" in squeezed(owner.get(f"{PAGE}?amount=49.99&payer=DE").text)


def test_the_calculator_says_the_same_as_a_payment(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    agree(deps, shop)
    clock.advance(fees.NOTICE)
    payment = make_payment(deps, shop, amount=usd("49.99"), token="pm_card_de")

    calculated = squeezed(owner.htmx(f"{PAGE}?amount=49.99&payer=DE").text)
    assert payment.fee_minor == 100 + 25 + 50
    assert "Fee -$1.75 USD Processing fee 2% -$1.00 USD Fixed fee -$0.25 USD" in calculated
    assert "International fee 1% -$0.50 USD You get $48.24 USD" in calculated


def test_a_payment_shows_the_lines_of_its_fee_and_what_it_is_priced_by(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    standard = make_payment(deps, shop, amount=usd("49.99"), token="pm_card_de")
    agree(deps, shop)
    clock.advance(fees.NOTICE)
    own = make_payment(deps, shop, amount=usd("49.99"))

    words = squeezed(owner.get(f"/dashboard/payments/{standard.id}").text)
    assert (
        "Farthing fee -$2.50 USD Processing fee 2.9% -$1.45 USD Fixed fee -$0.30 USD"
        " International fee 1.5% -$0.75 USD Net $47.49 USD" in words
    )
    assert "Priced by Cards, standard" in words
    words = squeezed(owner.get(f"/dashboard/payments/{own.id}").text)
    assert "Farthing fee -$1.25 USD Processing fee 2% -$1.00 USD Fixed fee -$0.25 USD" in words
    assert "Priced by Cards, version 1" in words


def test_no_page_tells_a_merchant_the_platforms_margin(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    payment = make_payment(deps, shop)

    pages = [PAGE, f"/dashboard/payments/{payment.id}", "/dashboard/balances/", "/dashboard/"]
    assert not [path for path in pages if "margin" in squeezed(owner.get(path).text).lower()]
