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
PUBLISHED = "4242424242424242"


@pytest.fixture
def keep(till: Till) -> KeepRequest:
    """Keep the card that pays, for a customer of theirs."""
    return KeepRequest("cus_theirs", till.driver.good, "pm_1:keep")


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
    token = till.driver.token(till.account, PUBLISHED)
    first = kept(till, keep, reference, payment_method_token=token)
    assert first.billing["address"]["postal_code"] == "12345"
    again = kept(till, keep, reference, payment_method_token=token, idempotency_key="pm_2:keep")
    assert (again.token, again.card) == (first.token, first.card)
    theirs = KeepRequest(known(till, "cus_bob"), token, "pm_3:keep")
    assert till.processor.keep_method(till.account, theirs) == Unkeepable("taken")


def test_what_cannot_be_kept_says_why(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    token = till.driver.token(till.account, PUBLISHED)
    till.pay(token)
    ask = replace(keep, customer_reference=reference)

    def answer(**more: str) -> object:
        return till.processor.keep_method(till.account, replace(ask, **more))

    used = answer(payment_method_token=token, idempotency_key="pm_4:keep")
    assert used == Unkeepable("used")
    nothing = answer(payment_method_token="pm_nothing", idempotency_key="pm_5:keep")
    assert nothing == Unkeepable("absent")
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
        assert till.processor.drop_method(till.account, token, key) == Dropped()
    back = KeepRequest(reference, card.token, "pm_9:keep")
    assert till.processor.keep_method(till.account, back) == Unkeepable("used")
    assert isinstance(till.pay(card.token, customer_reference=reference), Declined)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
def test_an_answer_that_never_came_is_unknown_and_a_repeat_finds_out(
    till: Till, fault: str
) -> None:
    till.arm(fault, "customer")
    assert isinstance(till.processor.open_customer(till.account, ADA), Unknown)
    token = till.driver.token(till.account, PUBLISHED)
    ask = KeepRequest(known(till), token, "pm_1:keep")
    till.arm(fault, "keep")
    assert isinstance(till.processor.keep_method(till.account, ask), Unknown)
    for again in (ask, replace(ask, idempotency_key="pm_2:keep")):
        assert isinstance(till.processor.keep_method(till.account, again), Kept)
    till.arm(fault, "drop")
    assert isinstance(till.processor.drop_method(till.account, token, "pm_1:drop"), Unknown)
    assert till.processor.drop_method(till.account, token, "pm_1:drop") == Dropped()


def test_a_customer_who_is_away_is_not_asked(till: Till, keep: KeepRequest) -> None:
    reference = known(till)
    card = kept(till, keep, reference, payment_method_token=till.driver.asks_when_kept)
    outcome = till.pay(card.token, customer_reference=reference, is_off_session=True)
    assert isinstance(outcome, Declined)
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
        lambda: till.processor.drop_method(till.account, "pm_1", "k"),
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
    for call in calls(lost, keep):
        assert isinstance(call(), Unknown)
    further = lost.request("pm_1", reference="pi_1", customer_reference="cus_1")
    assert isinstance(lost.authorize(further), Unknown)
