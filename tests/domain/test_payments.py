"""What an outcome means for a payment: the one judge, as a table."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.declines import DeclineReason
from app.domain.errors import IntegrityFailure
from app.domain.fee_table import STANDARD_PRICES
from app.domain.integrity import check_integrity
from app.domain.money import Money
from app.domain.payments import (
    Decision,
    OperationInFlight,
    Payment,
    decide,
)
from app.domain.processor import (
    Absent,
    ActionRequired,
    Authorized,
    Canceled,
    Captured,
    CardFacts,
    Declined,
    Facts,
    Idle,
    Outcome,
    Pending,
    Unknown,
)
from app.domain.states import OperationStatus, PaymentStatus

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
AMOUNT = Money(5000, "USD")
PART = Money(2000, "USD")
FACTS = Facts("pi_there", AMOUNT, False, "acct_1", "pi_ours")
CARD = CardFacts("visa", "4242", 12, 2030)

OUTCOMES: dict[str, Outcome] = {
    "captured": Captured(FACTS, AMOUNT, CARD, "ch_1", Money(175, "USD"), "txn_1", date(2026, 3, 9)),
    "part": Captured(FACTS, PART, CARD, "ch_1"),
    "authorized": Authorized(FACTS, AMOUNT, CARD, "ch_1", NOW),
    "action": ActionRequired(FACTS, "pi_secret_1"),
    "pending": Pending(FACTS),
    "declined": Declined(DeclineReason.FUNDS, "insufficient_funds", FACTS, CARD),
    "canceled": Canceled(FACTS),
    "lapsed": Canceled(FACTS, is_expired=True),
    "idle": Idle(FACTS),
    "absent": Absent(),
    "unknown": Unknown("APIConnectionError"),
}


def an_operation(kind: str, status: str, *, reason: str | None = None) -> OperationInFlight:
    """A call to the processor without an outcome."""
    return OperationInFlight(
        id="op_1",
        kind=kind,
        status=OperationStatus(status),
        amount_minor=5000,
        payment_method_token="pm_1",
        return_url=None,
        reason=reason,
        attempts=1,
        created_at=NOW,
    )


def a_payment(status: str, *, operation: str | None = None, **more: Any) -> Payment:
    """A payment of 50.00 as it stands in that status, perhaps with a call in flight."""
    in_flight = None
    if operation is not None:
        kind, _, of = operation.partition(" ")
        in_flight = an_operation(kind, of or "requested")
    held = {"captured": 5000, "authorized": 5000}.get(status, 0)
    payment = Payment(
        merchant_id="acct_1",
        id="pi_ours",
        version=3,
        status=PaymentStatus(status),
        amount=AMOUNT,
        capture_method="automatic",
        authorized_minor=held,
        captured_minor=held if status == "captured" else 0,
        refunded_minor=0,
        refund_reserved_minor=0,
        fee_minor=175 if status == "captured" else 0,
        fee_schedule="card-standard-1",
        processor="stripe",
        processor_account_id="pac_1",
        created_at=NOW,
        operation=in_flight,
    )
    return replace(payment, **more)


def judged(payment: Payment, outcome: str | Outcome, *, is_answer: bool) -> Decision:
    """What the judge says now."""
    given_ = OUTCOMES[outcome] if isinstance(outcome, str) else outcome
    return decide(payment, given_, fees=STANDARD_PRICES, now=NOW, is_answer=is_answer)


def told(decision: Decision) -> tuple[str, list[str], list[str]]:
    """The new status, the events and the journals."""
    return (
        str(decision.after.status),
        [event.name for event in decision.events],
        [journal.event for journal in decision.journals],
    )


BOOKED = ["payment_captured", "processor_fee_charged"]
TRIED = [
    # The answer to the first call, or to a further one.
    ("processing", "captured", "captured", ["payment.captured"], BOOKED, "succeeded"),
    ("processing", "part", "captured", ["payment.captured"], BOOKED[:1], "succeeded"),
    ("processing", "authorized", "authorized", ["payment.authorized"], [], "succeeded"),
    ("processing", "action", "requires_action", ["payment.action_required"], [], "succeeded"),
    ("processing", "pending", "processing", [], [], "succeeded"),
    ("processing", "declined", "failed", ["payment.failed"], [], "failed"),
    ("processing", "canceled", "canceled", ["payment.canceled"], [], "failed"),
    ("processing", "lapsed", "expired", ["payment.expired"], [], "failed"),
    ("processing", "unknown", "unknown", ["payment.outcome_unknown"], [], "unknown"),
    ("processing", "absent", "processing", [], [], None),
    ("processing", "idle", "processing", [], [], None),
    # The resolver has asked.
    ("unknown", "captured", "captured", ["payment.captured"], BOOKED, "succeeded"),
    ("unknown", "authorized", "authorized", ["payment.authorized"], [], "succeeded"),
    ("unknown", "action", "requires_action", ["payment.action_required"], [], "succeeded"),
    ("unknown", "pending", "processing", ["payment.processing_confirmed"], [], "succeeded"),
    ("unknown", "declined", "failed", ["payment.failed"], [], "failed"),
    ("unknown", "canceled", "canceled", ["payment.canceled"], [], "failed"),
    ("unknown", "unknown", "unknown", [], [], None),
    ("unknown", "absent", "unknown", [], [], None),
]


@pytest.mark.parametrize("status, outcome, after, events, journals, operation", TRIED)
def test_the_answer_to_an_authorization(
    status: str,
    outcome: str,
    after: str,
    events: list[str],
    journals: list[str],
    operation: str | None,
) -> None:
    of = "unknown" if status == "unknown" else "requested"
    decision = judged(a_payment(status, operation=f"authorize {of}"), outcome, is_answer=True)

    assert told(decision) == (after, events, journals)
    assert decision.operation_status == operation


NEWS = [
    # News while no call is in flight.
    ("processing", "captured", "captured", ["payment.captured"], BOOKED),
    ("processing", "declined", "failed", ["payment.failed"], []),
    ("processing", "pending", "processing", [], []),
    ("requires_action", "captured", "captured", ["payment.captured"], BOOKED),
    ("requires_action", "authorized", "authorized", ["payment.authorized"], []),
    ("requires_action", "declined", "failed", ["payment.failed"], []),
    ("requires_action", "pending", "processing", ["payment.processing_started"], []),
    ("requires_action", "lapsed", "expired", ["payment.expired"], []),
    ("authorized", "captured", "captured", ["payment.captured"], BOOKED),
    ("authorized", "canceled", "canceled", ["payment.canceled"], []),
    ("authorized", "lapsed", "expired", ["payment.expired"], []),
    ("authorized", "declined", "authorized", [], []),
    ("authorized", "unknown", "authorized", [], []),
    ("failed", "canceled", "canceled", ["payment.canceled"], []),
    ("failed", "action", "requires_action", ["payment.action_required"], []),
    ("failed", "declined", "failed", [], []),
    ("captured", "declined", "captured", [], []),
    ("captured", "canceled", "captured", [], []),
    ("captured", "lapsed", "captured", [], []),
    ("captured", "authorized", "captured", [], []),
    ("captured", "unknown", "captured", [], []),
    ("captured", "absent", "captured", [], []),
    ("canceled", "declined", "canceled", [], []),
    ("expired", "canceled", "expired", [], []),
    ("processing", "unknown", "processing", [], []),
    ("requires_action", "absent", "requires_action", [], []),
    # Money that came late is always recorded.
    ("failed", "captured", "captured", ["payment.captured_late"], BOOKED),
    ("failed", "authorized", "authorized", ["payment.authorized_late"], []),
    ("canceled", "captured", "captured", ["payment.captured_late"], BOOKED),
    ("canceled", "authorized", "authorized", ["payment.authorized_late"], []),
    ("expired", "captured", "captured", ["payment.captured_late"], BOOKED),
    ("expired", "authorized", "authorized", ["payment.authorized_late"], []),
]


@pytest.mark.parametrize("status, outcome, after, events, journals", NEWS)
def test_news_of_a_payment(
    status: str, outcome: str, after: str, events: list[str], journals: list[str]
) -> None:
    fees_known = {"processor_fee_minor": 175} if status == "captured" else {}
    decision = judged(a_payment(status, **fees_known), outcome, is_answer=False)

    assert told(decision) == (after, events, journals)
    assert decision.operation_status is None


@pytest.mark.parametrize("status", ["canceled", "expired"])
@pytest.mark.parametrize("outcome", ["captured", "authorized"])
def test_money_after_the_end_is_to_go_back(status: str, outcome: str) -> None:
    assert judged(a_payment(status), outcome, is_answer=False).after.needs_reversal


@pytest.mark.parametrize("outcome", ["captured", "authorized"])
def test_money_after_a_mere_decline_on_a_checkout_is_welcome(outcome: str) -> None:
    payment = a_payment("failed", session_id="cs_test_1")
    assert not judged(payment, outcome, is_answer=False).after.needs_reversal


@pytest.mark.parametrize("outcome", ["captured", "authorized"])
def test_money_after_a_decline_that_the_api_has_told_is_to_go_back(outcome: str) -> None:
    assert judged(a_payment("failed"), outcome, is_answer=False).after.needs_reversal


@pytest.mark.parametrize("outcome", ["declined", "pending", "unknown", "idle", "absent"])
@pytest.mark.parametrize("status", ["processing", "unknown"])
def test_news_of_an_earlier_try_says_nothing_about_the_call_in_flight(
    status: str, outcome: str
) -> None:
    assert judged(a_payment(status, operation="authorize"), outcome, is_answer=False).is_nothing


COMMANDED = [
    ("capture", "captured", "captured", ["payment.captured"], BOOKED, "succeeded"),
    ("capture", "part", "captured", ["payment.captured"], BOOKED[:1], "succeeded"),
    ("capture", "declined", "authorized", ["payment.capture_refused"], [], "failed"),
    ("capture", "canceled", "canceled", ["payment.canceled"], [], "failed"),
    ("capture", "lapsed", "expired", ["payment.expired"], [], "failed"),
    ("capture", "unknown", "authorized", ["payment.capture_unknown"], [], "unknown"),
    ("capture", "authorized", "authorized", [], [], None),
    ("cancel", "canceled", "canceled", ["payment.canceled"], [], "succeeded"),
    ("cancel", "captured", "captured", ["payment.captured"], BOOKED, "failed"),
    ("cancel", "declined", "authorized", ["payment.cancel_refused"], [], "failed"),
    ("cancel", "unknown", "authorized", ["payment.cancel_unknown"], [], "unknown"),
    ("cancel", "authorized", "authorized", [], [], None),
]


@pytest.mark.parametrize("kind, outcome, after, events, journals, operation", COMMANDED)
def test_the_answer_to_a_capture_or_a_cancellation(
    kind: str,
    outcome: str,
    after: str,
    events: list[str],
    journals: list[str],
    operation: str | None,
) -> None:
    decision = judged(a_payment("authorized", operation=kind), outcome, is_answer=True)

    assert told(decision) == (after, events, journals)
    assert decision.operation_status == operation


@pytest.mark.parametrize("kind", ["capture", "cancel"])
@pytest.mark.parametrize("outcome", ["declined", "unknown", "authorized", "absent"])
def test_news_leaves_a_command_in_flight_alone(kind: str, outcome: str) -> None:
    assert judged(a_payment("authorized", operation=kind), outcome, is_answer=False).is_nothing


def test_an_expiry_of_ours_is_called_so_whatever_the_processor_calls_it() -> None:
    operation = an_operation("cancel", "requested", reason="expired")
    payment = replace(a_payment("requires_action"), operation=operation)
    decision = judged(payment, "canceled", is_answer=True)

    assert decision.after.status is PaymentStatus.EXPIRED
    assert decision.after.cancel_reason == "expired"


def test_a_capture_keeps_what_is_worth_keeping() -> None:
    after = judged(a_payment("processing", operation="authorize"), "captured", is_answer=True).after

    assert (after.captured_minor, after.authorized_minor, after.fee_minor) == (5000, 5000, 175)
    assert (after.processor_reference, after.processor_charge_reference) == ("pi_there", "ch_1")
    assert after.card == CARD
    assert after.available_on == date(2026, 3, 9)
    assert after.captured_at == NOW
    assert after.processor_fee_minor == 175


def test_a_partial_capture_costs_a_fee_on_what_was_taken() -> None:
    after = judged(a_payment("authorized", operation="capture"), "part", is_answer=True).after

    assert (after.captured_minor, after.authorized_minor) == (2000, 5000)
    assert after.fee_minor == 88
    assert [(part.name, part.minor) for part in after.fee_parts] == [("base", 58), ("fixed", 30)]


def test_a_decline_is_remembered_with_its_reason_and_forgotten_after_success() -> None:
    declined = judged(a_payment("processing", operation="authorize"), "declined", is_answer=True)
    assert declined.after.decline_reason is DeclineReason.FUNDS
    assert declined.after.decline_code == "insufficient_funds"

    paid = judged(
        replace(declined.after, status=PaymentStatus.PROCESSING), "captured", is_answer=False
    )
    assert paid.after.decline_reason is None
    assert paid.after.decline_code is None


@pytest.mark.parametrize("outcome", ["captured", "authorized"])
def test_the_try_that_a_bank_agreed_to_is_the_charge(outcome: str) -> None:
    payment = a_payment("processing", operation="authorize", attempt_id="op_2")
    assert judged(payment, outcome, is_answer=True).after.charge_attempt_id == "op_2"


@pytest.mark.parametrize("reached_bank, charge", [(True, "op_2"), (False, "op_1")])
def test_a_refused_try_is_the_latest_charge_only_if_it_reached_a_bank(
    reached_bank: bool, charge: str
) -> None:
    refusal = Declined(DeclineReason.TECHNICAL, "word", FACTS, reached_bank=reached_bank)
    payment = a_payment(
        "processing", operation="authorize", attempt_id="op_2", charge_attempt_id="op_1"
    )
    decision = judged(payment, refusal, is_answer=True)

    assert decision.after.charge_attempt_id == charge
    assert decision.events[0].data["charge_attempt_id"] == charge
    assert decision.events[0].data["attempt_id"] == "op_2"


def test_a_processor_fee_that_becomes_known_later_is_booked_once() -> None:
    without = replace(OUTCOMES["captured"], processor_fee=None, fee_reference=None)  # type: ignore[arg-type,call-arg]
    first = judged(a_payment("processing"), without, is_answer=False)
    second = judged(first.after, "captured", is_answer=False)
    third = judged(second.after, "captured", is_answer=False)

    assert told(first)[2] == ["payment_captured"]
    assert told(second) == ("captured", [], ["processor_fee_charged"])
    assert second.journals[0].source_id == "txn_1"
    assert third.is_nothing


def test_a_processor_fee_in_another_currency_is_not_booked_here() -> None:
    foreign = replace(OUTCOMES["captured"], processor_fee=Money(175, "EUR"))  # type: ignore[arg-type,call-arg]
    decision = judged(a_payment("processing"), foreign, is_answer=False)

    assert told(decision)[2] == ["payment_captured"]
    assert judged(decision.after, foreign, is_answer=False).is_nothing


@pytest.mark.parametrize(
    "change, said",
    [
        ({"amount": Money(5001, "USD")}, "amount is USD 50.01, ours is USD 50.00"),
        ({"amount": Money(5000, "EUR")}, "amount is EUR 50.00, ours is USD 50.00"),
        ({"is_live": True}, "test and live are mixed"),
        ({"merchant_id": "acct_2"}, "another merchant"),
        ({"payment_id": "pi_other"}, "another payment"),
        ({"reference": "pi_elsewhere"}, "another reference"),
    ],
)
def test_an_object_that_is_not_this_payments_is_refused(change: dict[str, Any], said: str) -> None:
    payment = a_payment("processing", processor_reference="pi_there")
    check_integrity(payment, FACTS, is_live=False)

    with pytest.raises(IntegrityFailure, match=said):
        check_integrity(payment, replace(FACTS, **change), is_live=False)


def test_an_object_without_our_references_is_known_by_its_own() -> None:
    bare = Facts("pi_there", AMOUNT, False)

    check_integrity(a_payment("processing", processor_reference="pi_there"), bare, is_live=False)
    with pytest.raises(IntegrityFailure):
        check_integrity(a_payment("processing", processor_reference="pi_x"), bare, is_live=False)


news = st.lists(st.sampled_from(sorted(OUTCOMES)), max_size=12)
beginnings = st.sampled_from(["processing", "unknown", "requires_action", "authorized"])


def _apply_all(payment: Payment, sequence: list[str]) -> tuple[Payment, list[str]]:
    booked: list[str] = []
    for outcome in sequence:
        decision = judged(payment, outcome, is_answer=False)
        booked += told(decision)[2]
        payment = decision.after
    return payment, booked


@given(beginnings, news)
def test_the_same_news_twice_changes_nothing_the_second_time(
    status: str, sequence: list[str]
) -> None:
    payment, _ = _apply_all(a_payment(status), sequence)
    for outcome in OUTCOMES:
        once = judged(payment, outcome, is_answer=False).after
        assert judged(once, outcome, is_answer=False).is_nothing


@given(beginnings, news, news)
def test_a_payment_is_booked_at_most_once_and_stays_captured(
    status: str, before: list[str], after: list[str]
) -> None:
    payment, booked = _apply_all(a_payment(status), [*before, "captured", *after])

    assert payment.status is PaymentStatus.CAPTURED
    assert booked.count("payment_captured") == 1
    assert booked.count("processor_fee_charged") <= 1


# What an object at the processor can go through; asking always tells how it stands by now.
STORIES = [
    ("action", "captured"),
    ("action", "declined", "captured"),
    ("action", "authorized", "part"),
    ("authorized", "canceled"),
    ("authorized", "lapsed"),
    ("declined", "canceled"),
    ("pending", "declined"),
    ("pending", "captured"),
]


@given(beginnings, st.sampled_from(STORIES), st.data())
def test_any_order_and_repetition_of_news_ends_in_the_same_state(
    status: str, story: tuple[str, ...], data: st.DataObject
) -> None:
    """News is a hint to ask: each finds the object at some step, never at an earlier one than before."""
    steps = data.draw(st.lists(st.integers(0, len(story) - 1), max_size=8).map(sorted))
    payment, booked = _apply_all(a_payment(status), [story[i] for i in steps] + [story[-1]])
    straight, _ = _apply_all(a_payment(status), [story[-1]])

    assert payment.status is straight.status
    assert payment.captured_minor == straight.captured_minor
    assert booked.count("payment_captured") == (1 if straight.captured_minor else 0)
