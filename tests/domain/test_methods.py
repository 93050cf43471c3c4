"""What every payment method promises: the contract runs against each one that is registered, unasked."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.bank_days import bank_days_after
from app.domain.clock import add_months
from app.domain.currencies import CURRENCIES
from app.domain.declines import DeclineReason, customer_text
from app.domain.methods import (
    CARD,
    DELAYED,
    METHODS,
    WALLETS,
    Flow,
    Method,
    kind_of,
    made_with,
    method_of,
    offered,
    with_forms,
)
from app.domain.methods.contract import Window
from app.domain.money import Money
from app.domain.refunds import rule_problem

BOOKED = date(2026, 3, 2)
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))


@each_method
def test_a_method_says_all_that_is_to_be_known(method: Method) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+", method.name)
    assert METHODS[method.name] is method
    assert method.title
    assert method.dispute.endswith(".")
    assert re.fullmatch(r"[a-z_]+", method.fee_class)
    assert method.settlement_business_days >= 0
    assert method.refund.window_days is None or method.refund.window_days > 0
    assert method.currencies <= set(CURRENCIES)
    assert not method.countries or method.favoured_in <= method.countries
    assert all(re.fullmatch(r"[A-Z]{2}", country) for country in method.countries)


@each_method
def test_limits_are_in_currencies_that_it_takes_and_leave_room(method: Method) -> None:
    for code, limit in method.limits.items():
        assert not method.currencies or code in method.currencies
        least, most = limit.least_minor or 1, limit.most_minor or CURRENCIES[code].maximum_minor
        assert 0 < least < most <= CURRENCIES[code].maximum_minor


@each_method
def test_a_market_is_a_country_with_a_currency_and_limits_of_its_own(method: Method) -> None:
    assert not method.markets or set(method.markets) == method.countries
    for country, market in method.markets.items():
        least, most = market.limit.least_minor, market.limit.most_minor
        assert least is not None
        assert most is not None
        for minor, is_taken in ((least - 1, False), (least, True), (most, True), (most + 1, False)):
            amount = Money(minor, market.currency)
            assert method.takes(amount, country=country) is is_taken
            assert (country in method.countries_for(amount)) is is_taken
    assert {market.currency for market in method.markets.values()} <= method.currencies
    if not method.markets:
        assert method.countries_for(Money(5000, "EUR")) == ()


@each_method
def test_a_refund_has_its_last_day_or_none(method: Method) -> None:
    until = method.refund.until(BOOKED)
    assert (until is None) == (method.refund.window_days is None)
    last, later = until or BOOKED, (until or BOOKED) + timedelta(days=1)
    assert rule_problem(method, BOOKED, last, is_whole=False) is None
    problem = rule_problem(method, BOOKED, later, is_whole=True)
    assert (problem is None) == (until is None)


@each_method
def test_what_takes_days_says_so_and_what_can_go_wrong(method: Method) -> None:
    if method.is_delayed:
        assert method.what_can_go_wrong.endswith(".")
        assert method.expected_on(BOOKED) > BOOKED
        assert not method.can_hold
    else:
        assert method.expected_on(BOOKED) == BOOKED
    assert not method.hold_days or method.can_hold
    if method.flow is Flow.REDIRECT:
        assert method.what_can_go_wrong.endswith(".")


@each_method
def test_a_debit_has_a_mandate_and_the_banks_reasons_to_take_it_back(method: Method) -> None:
    if method.flow is not Flow.DEBIT:
        assert method.mandate_text("Corner Shop") == ""
        return
    assert "Corner Shop" in method.mandate_text("Corner Shop")
    assert "authori" in method.mandate_text("Corner Shop")
    notice = method.notice_text("Corner Shop", "€50.00", "9 March")
    assert "€50.00" in notice
    assert "9 March" in notice
    assert method.returns
    codes = [rule.code for rule in method.returns]
    assert len(set(codes)) == len(codes)
    for rule in method.returns:
        assert BOOKED < rule.window.end(BOOKED) <= (method.clawback_until(BOOKED) or BOOKED)
        assert rule.meaning
        assert not rule.meaning.endswith(".")


@each_method
def test_every_refusal_has_words_that_fit_the_method(method: Method) -> None:
    for reason in DeclineReason:
        text = customer_text(reason, method.name)
        assert "You have not been charged." in text.text
        assert "{" not in text.title + text.text
    if method.flow is Flow.DEBIT:
        for reason in ("generic", "funds", "account", "limit", "verify", "unsupported", "number"):
            text = customer_text(DeclineReason(reason), method.name)
            assert "card" not in (text.title + text.text).lower()
    if method.flow is Flow.TRANSFER:
        for reason in DeclineReason:
            text = customer_text(reason, method.name)
            assert "card" not in (text.title + text.text).lower()
    if method.flow is Flow.REDIRECT:
        for reason in DeclineReason:
            text = customer_text(reason, method.name)
            assert method.title in text.title
            assert "bank" not in (text.title + text.text).lower()


@pytest.mark.parametrize(
    "name, code, until",
    [
        ("sepa_debit", "MD06", date(2026, 4, 27)),
        ("sepa_debit", "MD01", date(2027, 4, 2)),
        ("sepa_debit", "AM04", date(2026, 3, 9)),
    ],
)
def test_a_return_has_its_window(name: str, code: str, until: date) -> None:
    rule = METHODS[name].return_rule(code)

    assert rule is not None
    assert rule.window.end(BOOKED) == until
    assert METHODS[name].return_rule("XX99") is None


def test_the_last_day_to_take_money_back_is_the_longest_of_all() -> None:
    assert METHODS["sepa_debit"].clawback_until(BOOKED) == date(2027, 4, 2)
    assert METHODS["card"].clawback_until(BOOKED) == date(2026, 6, 30)


def test_what_is_no_longer_offered_behaves_like_a_card() -> None:
    assert method_of("gone").name == CARD
    assert CARD not in DELAYED


@pytest.mark.parametrize("name", WALLETS)
def test_a_wallet_is_a_form_of_cards_and_promises_no_more(name: str) -> None:
    wallet, card = METHODS[name], METHODS[CARD]

    assert (wallet.base, wallet.flow, wallet.fee_class) == (CARD, Flow.EXPRESS, "wallet")
    assert (wallet.refund, wallet.disputable, wallet.can_hold) == (
        card.refund,
        card.disputable,
        card.can_hold,
    )
    assert kind_of(name) == CARD
    assert made_with(CARD, name) is wallet
    assert made_with("sepa_debit", name) is METHODS["sepa_debit"]
    assert made_with(CARD, "") is card
    assert _names([name, "sepa_debit"], Money(5000, "EUR")) == ["sepa_debit"]
    assert _names([name, CARD], Money(5000, "EUR"), is_held=True) == [CARD, name]
    assert with_forms([CARD], [CARD, "sepa_debit", name]) == [CARD, name]
    assert with_forms(["sepa_debit"], [CARD, "sepa_debit", name]) == ["sepa_debit"]


def _names(*args: object, **more: object) -> list[str]:
    return [one.name for one in offered(*args, **more)]  # type: ignore[arg-type]


def test_only_what_can_work_is_offered() -> None:
    every = list(METHODS)

    assert "sepa_debit" in _names(every, Money(5000, "EUR"))
    assert "sepa_debit" not in _names(every, Money(5000, "USD"))
    assert "sepa_debit" not in _names(every, Money(1_000_001, "EUR"))
    assert "sepa_debit" not in _names(every, Money(5000, "EUR"), is_held=True)
    assert "sepa_debit" not in _names(every, Money(5000, "EUR"), country="US")
    assert "sepa_debit" not in _names(["card"], Money(5000, "EUR"))


def test_the_countries_currency_and_limits_hide_what_is_bought_on_credit() -> None:
    every = list(METHODS)

    assert "klarna" in _names(every, Money(5000, "USD"))
    assert "klarna" not in _names(every, Money(3499, "USD"))
    assert "klarna" in _names(every, Money(1_400_000, "EUR"))
    assert "klarna" not in _names(every, Money(1_400_000, "EUR"), country="DE")
    assert "klarna" in _names(every, Money(1_400_000, "EUR"), country="NL")
    assert "klarna" not in _names(every, Money(5000, "EUR"), country="SE")
    assert "klarna" not in _names(every, Money(5000, "JPY"))
    assert "paypal" not in _names(every, Money(5000, "JPY"))


def test_a_favoured_method_comes_first_and_a_mere_hint_hides_nothing() -> None:
    every = ["card", "sepa_debit"]

    assert _names(every, Money(5000, "EUR")) == ["card", "sepa_debit"]
    assert _names(every, Money(5000, "EUR"), country="AT") == ["sepa_debit", "card"]
    assert _names(every, Money(5000, "EUR"), likely="AT") == ["sepa_debit", "card"]
    assert _names(every, Money(5000, "EUR"), likely="US") == ["card", "sepa_debit"]


@given(
    st.sampled_from(sorted(CURRENCIES)),
    st.integers(1, 10**9),
    st.booleans(),
    st.none() | st.sampled_from(["AT", "DE", "US", "JP"]),
)
def test_what_is_offered_takes_the_amount(
    code: str, minor: int, is_held: bool, country: str | None
) -> None:
    amount = Money(minor, code)

    for method in offered(METHODS, amount, is_held=is_held, country=country):
        assert method.takes(amount, is_held=is_held)
        assert not method.countries or country is None or country in method.countries


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 40))
def test_months_and_business_days_only_go_forward(day: date, count: int) -> None:
    assert add_months(day, count) >= day
    assert (add_months(day, count).month - day.month) % 12 == count % 12
    assert Window(business_days=count).end(day) == bank_days_after(day, count)
