"""What every processor promises about kept cards: kept once, used often, and unknown is not failure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import wiring
from app.domain.declines import DeclineReason
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.processor import Captured, Declined, Kept, Unknown
from app.settings import Settings
from app.store.db import transaction
from tests.adapters.wire import listening
from tests.processors.till import Till

ADA = CustomerRequest("acct_1", "cus_ada", "ada@example.com", "Ada", "cus_ada:customer")


@pytest.fixture
def keep(till: Till) -> KeepRequest:
    """Keep the card that pays, for a customer of theirs."""
    return KeepRequest("cus_theirs", till.driver.good, "pm_1:keep")


def a_token(till: Till) -> str:
    return till.driver.token(till.account, till.driver.good_number)


def known(till: Till, customer_id: str = "cus_ada") -> str:
    request = replace(ADA, customer_id=customer_id, idempotency_key=f"{customer_id}:customer")
    outcome = till.processor.open_customer(till.account, request)
    assert isinstance(outcome, CustomerKnown)
    return outcome.reference


def kept(till: Till, keep: KeepRequest, reference: str, **more: Any) -> Kept:
    outcome = till.processor.keep_method(
        till.account, replace(keep, customer_reference=reference, **more)
    )
    assert isinstance(outcome, Kept)
    return outcome


def test_a_customer_is_made_known_once(till: Till) -> None:
    first = till.processor.open_customer(till.account, ADA)
    assert isinstance(first, CustomerKnown)
    assert till.processor.open_customer(till.account, ADA) == first
    # A name that was corrected meanwhile is no reason to get stuck.
    renamed = till.processor.open_customer(till.account, replace(ADA, name="Ada L."))
    assert isinstance(renamed, CustomerKnown)


def test_a_kept_card_pays_again_and_again_for_its_customer(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    card = kept(till, keep, reference)
    assert (card.card.brand, card.card.last4) == ("visa", till.driver.good_last4)
    assert card.card.fingerprint
    assert kept(till, keep, reference).token == card.token
    for _ in range(2):
        assert isinstance(till.pay(card.token, customer_reference=reference), Captured)
    assert till.totals()["charges"] == 2
    for whose in (known(till, "cus_bob"), None):
        assert isinstance(till.pay(card.token, customer_reference=whose), Declined)
    assert till.totals()["charges"] == 2


def test_a_card_that_is_kept_already_is_kept(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    token = a_token(till)
    first = kept(till, keep, reference, payment_method_token=token)
    again = kept(till, keep, reference, payment_method_token=token, idempotency_key="pm_2:keep")
    assert (again.token, again.card) == (first.token, first.card)
    theirs = KeepRequest(known(till, "cus_bob"), token, "pm_3:keep")
    outcome = till.processor.keep_method(till.account, theirs)
    if till.driver.is_token_a_card:
        assert first.billing["address"]["postal_code"] == "12345"
        assert outcome == Unkeepable("taken")
    else:
        assert isinstance(outcome, Kept)
        assert outcome.token != first.token


def test_what_cannot_be_kept_says_why(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    token = a_token(till)
    till.pay(token)
    ask = replace(keep, customer_reference=reference)

    def answer(**more: str) -> object:
        return till.processor.keep_method(till.account, replace(ask, **more))

    nothing = answer(payment_method_token="pm_nothing", idempotency_key="pm_5:keep")
    assert nothing == Unkeepable("absent")
    if not till.driver.is_token_a_card:
        return
    used = answer(payment_method_token=token, idempotency_key="pm_4:keep")
    assert used == Unkeepable("used")
    nobody = answer(customer_reference="cus_nobody", idempotency_key="pm_6:keep")
    assert nobody == Unkeepable("refused")
    declined = answer(payment_method_token=till.driver.broke, idempotency_key="pm_7:keep")
    assert isinstance(declined, Declined)
    assert declined.reason is DeclineReason.FUNDS


def test_a_dropped_card_is_gone_for_good(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    card = kept(till, keep, reference)
    for token, key in (
        (card.token, "pm_1:drop"),
        (card.token, "pm_1:drop"),
        (card.token, "pm_other:drop"),
        ("pm_nothing", "pm_8:drop"),
    ):
        assert till.processor.drop_method(till.account, token, key, reference) == Dropped()
    back = KeepRequest(reference, card.token, "pm_9:keep")
    gone = Unkeepable("used" if till.driver.is_token_a_card else "absent")
    assert till.processor.keep_method(till.account, back) == gone
    assert isinstance(till.pay(card.token, customer_reference=reference), Declined)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
def test_an_answer_that_never_came_is_unknown_and_a_repeat_finds_out(
    till: Till, fault: str
) -> None:
    if "customer" in till.driver.routes:
        till.arm(fault, "customer")
        assert isinstance(till.processor.open_customer(till.account, ADA), Unknown)
    reference = known(till)
    ask = KeepRequest(reference, a_token(till), "pm_1:keep")
    till.arm(fault, "keep")
    assert isinstance(till.processor.keep_method(till.account, ask), Unknown)
    card = till.processor.keep_method(till.account, ask)
    assert isinstance(card, Kept)
    again = till.processor.keep_method(till.account, replace(ask, idempotency_key="pm_2:keep"))
    assert again == card
    till.arm(fault, "drop")
    for expected in (Unknown, Dropped):
        dropped = till.processor.drop_method(till.account, card.token, "pm_1:drop", reference)
        assert isinstance(dropped, expected)


def test_a_customer_who_is_away_is_not_asked(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    card = kept(till, keep, reference, payment_method_token=till.driver.asks_when_kept)
    outcome = till.pay(card.token, customer_reference=reference, is_off_session=True)
    # Its bank may do without, or refuse until the customer is there.
    assert isinstance(outcome, Captured | Declined)
    if isinstance(outcome, Declined):
        assert outcome.reason is DeclineReason.AUTHENTICATE


def test_a_further_try_can_be_a_kept_card(till: Till, keep: KeepRequest) -> None:
    """The first try knew of no customer: the object there has to learn whose card it is now."""
    request = till.request(till.driver.declined)
    first = till.authorize(request)
    assert isinstance(first, Declined)
    reference = known(till)
    further = till.request(
        kept(till, keep, reference).token,
        payment_id=request.payment_id,
        reference=first.facts.reference if first.facts else None,
        customer_reference=reference,
    )
    assert isinstance(till.authorize(further), Captured)
    assert till.authorize(further) == till.authorize(further)
    assert till.totals()["captured"] == 5000


def calls(till: Till, keep: KeepRequest) -> list[Callable[[], object]]:
    return [
        lambda: till.processor.open_customer(till.account, ADA),
        lambda: till.processor.keep_method(till.account, keep),
        lambda: till.processor.drop_method(till.account, "pm_1", "k", "cus_1"),
    ]


def test_kept_cards_are_asked_about_outside_of_units_of_work(till: Till, keep: KeepRequest) -> None:
    for call in calls(till, keep):
        with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
            call()


def elsewhere(till: Till, settings: Settings, url: str) -> Till:
    """The same, but at another address."""
    moved = till.driver.settings(settings, url=url)
    return replace(till, processor=wiring.processors(moved)[till.driver.name])


def test_an_answer_that_makes_no_sense_is_unknown(
    till: Till, keep: KeepRequest, app: Flask, settings: Settings
) -> None:
    with listening() as wire:
        there = elsewhere(till, settings, wire.url)
        for body in (b"{}", b'{"id": 7, "card": "?"}', b"no json", b"[]"):
            wire.answers(body)
            outcome = there.processor.keep_method(there.account, keep)
            assert isinstance(outcome, Unknown), body
            opened = there.processor.open_customer(there.account, ADA)
            assert isinstance(opened, CustomerKnown | Unknown), body


def test_a_processor_that_cannot_be_reached_is_unknown(
    till: Till, keep: KeepRequest, app: Flask, settings: Settings
) -> None:
    lost = elsewhere(till, settings, "http://127.0.0.1:9")
    for call in calls(lost, keep)["customer" not in lost.driver.routes :]:
        assert isinstance(call(), Unknown)
    further = lost.request("pm_1", reference="pi_1", customer_reference="cus_1")
    assert isinstance(lost.authorize(further), Unknown)
