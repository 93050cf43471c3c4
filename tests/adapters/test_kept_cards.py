"""What every processor promises about kept cards: kept once, used often, and unknown is not failure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app import wiring
from app.domain.declines import DeclineReason
from app.domain.kept import CustomerKnown, CustomerRequest, Dropped, KeepRequest, Unkeepable
from app.domain.processor import Captured, Declined, Kept, Processor, ProcessorAccount, Unknown
from app.settings import Settings
from app.store.db import transaction
from tests.adapters.test_processor_contract import (
    PROCESSORS,
    a_request,
    an_account,
    arm,
    method_of,
    totals,
)
from tests.adapters.wire import listening
from tests.sandbox.server import SandboxServer

ADA = CustomerRequest("acct_1", "cus_ada", "ada@example.com", "Ada", "cus_ada:customer")
KEEP = KeepRequest("cus_theirs", "pm_card_visa", "pm_1:keep")


@pytest.fixture(params=PROCESSORS)
def processor(
    request: pytest.FixtureRequest, app: Flask, settings: Settings
) -> Iterator[Processor]:
    """Each processor of the registry behind its guard, as in service."""
    with app.app_context():
        yield wiring.processors(settings)[request.param]


@pytest.fixture
def account(processor: Processor, sandbox: SandboxServer) -> Iterator[ProcessorAccount]:
    """An account that no other test uses."""
    yield an_account(processor.name)
    sandbox.clear_faults()


def known(processor: Processor, account: ProcessorAccount, customer_id: str = "cus_ada") -> str:
    request = replace(ADA, customer_id=customer_id, idempotency_key=f"{customer_id}:customer")
    outcome = processor.open_customer(account, request)
    assert isinstance(outcome, CustomerKnown)
    return outcome.reference


def kept(processor: Processor, account: ProcessorAccount, reference: str, **more: Any) -> Kept:
    outcome = processor.keep_method(account, replace(KEEP, customer_reference=reference, **more))
    assert isinstance(outcome, Kept)
    return outcome


def test_a_customer_is_made_known_once(processor: Processor, account: ProcessorAccount) -> None:
    first = processor.open_customer(account, ADA)
    assert isinstance(first, CustomerKnown)
    assert processor.open_customer(account, ADA) == first
    # A name that was corrected meanwhile is no reason to get stuck.
    assert isinstance(processor.open_customer(account, replace(ADA, name="Ada L.")), CustomerKnown)


def test_a_kept_card_pays_again_and_again_for_its_customer(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    reference = known(processor, account)
    card = kept(processor, account, reference)
    assert (card.card.brand, card.card.last4) == ("visa", "4242")
    assert card.card.fingerprint
    assert kept(processor, account, reference).token == card.token
    for _ in range(2):
        request = a_request(account, card.token, customer_reference=reference)
        assert isinstance(processor.authorize(account, request), Captured)
    assert totals(sandbox, account)["charges"] == 2
    for whose in (known(processor, account, "cus_bob"), None):
        request = a_request(account, card.token, customer_reference=whose)
        assert isinstance(processor.authorize(account, request), Declined)
    assert totals(sandbox, account)["charges"] == 2


def test_a_card_that_is_kept_already_is_kept(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    reference = known(processor, account)
    token = method_of("4242424242424242", sandbox, account)
    first = kept(processor, account, reference, payment_method_token=token)
    assert first.billing["address"]["postal_code"] == "12345"
    again = kept(
        processor, account, reference, payment_method_token=token, idempotency_key="pm_2:keep"
    )
    assert (again.token, again.card) == (first.token, first.card)
    theirs = KeepRequest(known(processor, account, "cus_bob"), token, "pm_3:keep")
    assert processor.keep_method(account, theirs) == Unkeepable("taken")


def test_what_cannot_be_kept_says_why(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    reference = known(processor, account)
    token = method_of("4242424242424242", sandbox, account)
    processor.authorize(account, a_request(account, token))
    ask = replace(KEEP, customer_reference=reference)
    used = replace(ask, payment_method_token=token, idempotency_key="pm_4:keep")
    assert processor.keep_method(account, used) == Unkeepable("used")
    nothing = replace(ask, payment_method_token="pm_nothing", idempotency_key="pm_5:keep")
    assert processor.keep_method(account, nothing) == Unkeepable("absent")
    nobody = replace(ask, customer_reference="cus_nobody", idempotency_key="pm_6:keep")
    assert processor.keep_method(account, nobody) == Unkeepable("refused")
    broke = replace(
        ask,
        payment_method_token="pm_card_chargeDeclinedInsufficientFunds",
        idempotency_key="pm_7:keep",
    )
    declined = processor.keep_method(account, broke)
    assert isinstance(declined, Declined)
    assert declined.reason is DeclineReason.FUNDS


def test_a_dropped_card_is_gone_for_good(processor: Processor, account: ProcessorAccount) -> None:
    reference = known(processor, account)
    card = kept(processor, account, reference)
    assert processor.drop_method(account, card.token, "pm_1:drop") == Dropped()
    assert processor.drop_method(account, card.token, "pm_1:drop") == Dropped()
    assert processor.drop_method(account, card.token, "pm_other:drop") == Dropped()
    assert processor.drop_method(account, "pm_nothing", "pm_8:drop") == Dropped()
    back = KeepRequest(reference, card.token, "pm_9:keep")
    assert processor.keep_method(account, back) == Unkeepable("used")
    paid = processor.authorize(
        account, a_request(account, card.token, customer_reference=reference)
    )
    assert isinstance(paid, Declined)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
def test_an_answer_that_never_came_is_unknown_and_a_repeat_finds_out(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer, fault: str
) -> None:
    arm(sandbox, account, fault, route="POST /v1/customers")
    assert isinstance(processor.open_customer(account, ADA), Unknown)
    reference = known(processor, account)
    token = method_of("4242424242424242", sandbox, account)
    ask = KeepRequest(reference, token, "pm_1:keep")
    arm(sandbox, account, fault, route="POST /v1/payment_methods/{id}/attach")
    assert isinstance(processor.keep_method(account, ask), Unknown)
    assert isinstance(processor.keep_method(account, ask), Kept)
    assert isinstance(
        processor.keep_method(account, replace(ask, idempotency_key="pm_2:keep")), Kept
    )
    arm(sandbox, account, fault, route="POST /v1/payment_methods/{id}/detach")
    assert isinstance(processor.drop_method(account, token, "pm_1:drop"), Unknown)
    assert processor.drop_method(account, token, "pm_1:drop") == Dropped()


def test_a_customer_who_is_away_is_not_asked(
    processor: Processor, account: ProcessorAccount
) -> None:
    reference = known(processor, account)
    card = kept(
        processor, account, reference, payment_method_token="pm_card_authenticationRequired"
    )
    request = a_request(account, card.token, customer_reference=reference, is_off_session=True)
    outcome = processor.authorize(account, request)
    assert isinstance(outcome, Declined)
    assert outcome.reason is DeclineReason.AUTHENTICATE


def test_a_further_try_can_be_a_kept_card(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    """The first try knew of no customer: the object there has to learn whose card it is now."""
    first = processor.authorize(account, a_request(account, "pm_card_chargeDeclined"))
    assert isinstance(first, Declined)
    assert first.facts is not None
    reference = known(processor, account)
    card = kept(processor, account, reference)
    request = a_request(
        account, card.token, reference=first.facts.reference, customer_reference=reference
    )
    assert isinstance(processor.authorize(account, request), Captured)
    assert processor.authorize(account, request) == processor.authorize(account, request)
    assert totals(sandbox, account)["captured"] == 5000


def test_kept_cards_are_asked_about_outside_of_units_of_work(
    processor: Processor, account: ProcessorAccount
) -> None:
    for call in (
        lambda: processor.open_customer(account, ADA),
        lambda: processor.keep_method(account, KEEP),
        lambda: processor.drop_method(account, "pm_1", "k"),
    ):
        with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
            call()


@pytest.mark.parametrize("body", [b"{}", b'{"id": 7, "card": "?"}', b"no json", b"[]"])
def test_an_answer_that_makes_no_sense_is_unknown(
    app: Flask, settings: Settings, body: bytes
) -> None:
    with app.app_context(), listening() as wire:
        wire.answers(body)
        for name in PROCESSORS:
            processor = wiring.processors(replace(settings, stripe_api_url=wire.url))[name]
            account = an_account(name)
            assert isinstance(processor.keep_method(account, KEEP), Unknown)
            assert isinstance(processor.open_customer(account, ADA), CustomerKnown | Unknown)


def test_a_processor_that_cannot_be_reached_is_unknown(app: Flask, settings: Settings) -> None:
    nowhere = replace(settings, stripe_api_url="http://127.0.0.1:9")
    with app.app_context():
        for name in PROCESSORS:
            processor, account = wiring.processors(nowhere)[name], an_account(name)
            for answer in (
                processor.open_customer(account, ADA),
                processor.keep_method(account, KEEP),
                processor.drop_method(account, "pm_1", "k"),
                processor.authorize(
                    account,
                    a_request(account, "pm_1", reference="pi_1", customer_reference="cus_1"),
                ),
            ):
                assert isinstance(answer, Unknown)
