"""What became of a payment follows from the set of facts: in every order, however often each was told."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.processors import adyen_told
from app.domain.declines import DeclineReason
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Outcome,
    Query,
    RefundAccepted,
    RefundRefused,
    Returned,
    Unknown,
)
from tests.adapters.adyen_items import ACCOUNT, PAYMENT, PSP, TRY, heard, item

AMOUNT, NOW = Money(5000, "USD"), datetime(2026, 3, 5, tzinfo=UTC)
MANUAL = Query("acct_1", PAYMENT, None, NOW, attempt_id=TRY, amount=AMOUNT, capture_now=False)
AUTOMATIC = replace(MANUAL, capture_now=True)
CAPTURING = replace(MANUAL, reference=PSP, operation_id="op_capture")
CANCELING = replace(MANUAL, reference=PSP, operation_id="op_cancel")
PART = {"currency": "USD", "value": 3000}
BEFORE, TAKING = f"{PAYMENT}.op_before", f"{PAYMENT}.op_capture"
LETTING_GO, OURS = f"{PAYMENT}.op_cancel", f"{PAYMENT}.re_one"

AUTH = item("AUTHORISATION")
REFUSED = item("AUTHORISATION", success=False, reason="Not enough balance")
CAPTURE = item("CAPTURE", merchantReference=TAKING, amount=PART)
NOT_CAPTURED = item("CAPTURE", success=False, merchantReference=TAKING, amount=PART)
FAILED = item("CAPTURE_FAILED", pspReference="PSPCAPTURE", amount=PART, reason="Lost")
CANCELED = item("CANCELLATION", merchantReference=LETTING_GO)
NOT_CANCELED = item("CANCELLATION", success=False, merchantReference=LETTING_GO)
NEVER = item("TECHNICAL_CANCEL", success=False, originalReference=None)
REVERSED = item("CANCEL_OR_REFUND", additionalData={"modification.action": "cancel"})
EARLIER = item(
    "AUTHORISATION",
    success=False,
    pspReference="PSPEARLIER",
    merchantReference=BEFORE,
)
# Adyen's own second attempt at the same call is another object under the same name of ours.
REFUSED_FIRST = item("AUTHORISATION", success=False, pspReference="PSPREFUSED")
OF_REFUSED = replace(AUTOMATIC, reference="PSPREFUSED")
REPORT = item("MOON_LANDING")
REFUND = item("REFUND", merchantReference=OURS, amount=PART)
REFUND_FAILED = item("REFUND_FAILED", pspReference="PSPREFUND", merchantReference=OURS, amount=PART)

STORIES: list[tuple[str, Query, list[dict[str, Any]], type[Outcome]]] = [
    ("nothing", MANUAL, [], Unknown),
    ("held", MANUAL, [AUTH], Authorized),
    ("taken at once", AUTOMATIC, [AUTH], Captured),
    ("refused", MANUAL, [REFUSED], Declined),
    ("an earlier try was refused", MANUAL, [EARLIER], Unknown),
    ("refused, then paid", AUTOMATIC, [EARLIER, AUTH], Captured),
    ("asked about an earlier try", replace(MANUAL, reference="PSPEARLIER"), [EARLIER], Unknown),
    ("offer closed", MANUAL, [item("OFFER_CLOSED")], Declined),
    ("captured in part", MANUAL, [AUTH, CAPTURE], Captured),
    ("captured, heard first", MANUAL, [CAPTURE], Captured),
    ("captured, under its name", replace(MANUAL, reference=PSP), [CAPTURE], Captured),
    ("captured, then failed", MANUAL, [AUTH, CAPTURE, FAILED], Returned),
    ("failed, heard without the capture", MANUAL, [AUTH, FAILED], Returned),
    ("taken at once, then failed", AUTOMATIC, [AUTH, FAILED], Returned),
    ("not captured", MANUAL, [AUTH, NOT_CAPTURED], Authorized),
    ("a capture under way", CAPTURING, [AUTH], Unknown),
    ("the capture was refused", CAPTURING, [AUTH, NOT_CAPTURED], Declined),
    ("the capture was made", CAPTURING, [CAPTURE], Captured),
    ("another call's refusal", CAPTURING, [AUTH, NOT_CANCELED], Unknown),
    ("canceled", MANUAL, [AUTH, CANCELED], Canceled),
    ("canceled by reversal", MANUAL, [AUTH, REVERSED], Canceled),
    ("canceled technically", MANUAL, [AUTH, item("TECHNICAL_CANCEL")], Canceled),
    ("let go, though never told of", AUTOMATIC, [item("TECHNICAL_CANCEL")], Canceled),
    ("taken at once, then let go", AUTOMATIC, [AUTH, item("TECHNICAL_CANCEL")], Returned),
    ("there never was one", AUTOMATIC, [NEVER], Declined),
    ("it came too late to let go", AUTOMATIC, [AUTH, NEVER], Captured),
    ("the cancellation was refused", CANCELING, [AUTH, NOT_CANCELED], Declined),
    ("canceling what was captured", CANCELING, [AUTH, CAPTURE, NOT_CANCELED], Captured),
    ("canceled what was taken at once", AUTOMATIC, [AUTH, CANCELED], Returned),
    ("expired", MANUAL, [AUTH, item("EXPIRE")], Canceled),
    ("refunded, though it was never told as taken", MANUAL, [AUTH, REFUND], Authorized),
    ("taken at once and refunded", AUTOMATIC, [REFUND, AUTH, REFUND_FAILED], Captured),
    ("other news", MANUAL, [AUTH, REPORT], Authorized),
    ("refused, then paid under one name", AUTOMATIC, [REFUSED_FIRST, AUTH], Captured),
    ("asked about the refused one", OF_REFUSED, [REFUSED_FIRST, AUTH], Unknown),
    ("asked about the refused one alone", OF_REFUSED, [REFUSED_FIRST], Declined),
    (
        "another payment's",
        MANUAL,
        [item("AUTHORISATION", merchantReference="pi_other.op_1")],
        Unknown,
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=[one[0] for one in STORIES])
def test_a_story_ends_the_same_in_every_order_and_however_often_it_is_told(
    story: tuple[str, Query, list[dict[str, Any]], type[Outcome]],
) -> None:
    _, query, items, ends = story

    found = {
        repr(adyen_told.outcome(ACCOUNT, replace(query, heard=heard(*order, *order[:2]))))
        for order in permutations(items)
    }

    assert len(found) == 1
    assert isinstance(adyen_told.outcome(ACCOUNT, replace(query, heard=heard(*items))), ends)


ALL = (AUTH, REFUSED, CAPTURE, NOT_CAPTURED, FAILED, CANCELED, NOT_CANCELED, REVERSED, EARLIER, REFUND,
       REFUND_FAILED, item("EXPIRE"), item("POSTPONED_REFUND"), item("REFUNDED_REVERSED"))  # fmt: skip


@given(
    st.lists(st.sampled_from(ALL), max_size=9),
    st.randoms(),
    st.sampled_from([MANUAL, AUTOMATIC, CAPTURING]),
)
def test_any_set_of_facts_tells_the_same_in_any_order(
    items: list[dict[str, Any]], chance: Any, query: Query
) -> None:
    mixed = [*items, *items]
    chance.shuffle(mixed)

    told, again = heard(*items), heard(*mixed)

    assert adyen_told.outcome(ACCOUNT, replace(query, heard=told)) == adyen_told.outcome(
        ACCOUNT, replace(query, heard=again)
    )
    assert adyen_told.refunds(told, PSP) == adyen_told.refunds(again, PSP)


def test_what_was_taken_is_what_the_captures_say() -> None:
    found = adyen_told.outcome(ACCOUNT, replace(MANUAL, heard=heard(AUTH, CAPTURE)))

    assert isinstance(found, Captured)
    assert (found.amount, found.facts.amount) == (Money(3000, "USD"), AMOUNT)
    assert (found.facts.reference, found.facts.payment_id) == (PSP, PAYMENT)
    assert (found.facts.merchant_id, found.processor_fee, found.available_on) == (
        "acct_1",
        None,
        None,
    )


BY_HAND_TOO = item(
    "CAPTURE",
    pspReference="PSPMORE",
    merchantReference="by hand",
    amount={"currency": "USD", "value": 2000},
)
MORE_FAILED = {**BY_HAND_TOO, "eventCode": "CAPTURE_FAILED"}
AGAIN = {**BY_HAND_TOO, "amount": PART}


@pytest.mark.parametrize(
    "items, ends",
    [
        ([AUTH, CAPTURE, BY_HAND_TOO], (3000, 2000, None)),
        ([AUTH, CAPTURE, BY_HAND_TOO, MORE_FAILED], (3000, 0, None)),
        ([AUTH, CAPTURE, FAILED, AGAIN], (3000, 0, None)),
        ([AUTH, CAPTURE, FAILED, BY_HAND_TOO, MORE_FAILED], (3000, 0, 3000)),
        ([AUTH, BY_HAND_TOO, {**AGAIN, "pspReference": "PSPTHIRD"}], (5000, 0, None)),
        ([CAPTURE, {**FAILED, "pspReference": "PSPANOTHER"}], (3000, 0, 3000)),
    ],
)
def test_captures_that_failed_are_taken_off_and_further_ones_counted_beside(
    items: list[dict[str, Any]], ends: tuple[int, int, int | None]
) -> None:
    for order in permutations(items):
        found = adyen_told.outcome(ACCOUNT, replace(MANUAL, heard=heard(*order)))
        assert isinstance(found, Captured | Returned)
        taken = found.captured if isinstance(found, Returned) else found
        back = found.amount.amount_minor if isinstance(found, Returned) else None
        assert (taken.amount.amount_minor, taken.beyond_minor, back) == ends


def test_of_two_tries_that_paid_each_is_told_under_its_own_name() -> None:
    second = item("AUTHORISATION", pspReference="PSPSECOND", eventDate="2026-03-05T11:00:00+00:00")
    told = replace(AUTOMATIC, heard=heard(second, AUTH))

    names = [
        found.facts.reference
        for reference in (None, PSP, "PSPSECOND")
        for found in [adyen_told.outcome(ACCOUNT, replace(told, reference=reference))]
        if isinstance(found, Captured)
    ]
    assert names == [PSP, PSP, "PSPSECOND"]


def test_a_refusal_is_told_with_its_reason() -> None:
    found = adyen_told.outcome(ACCOUNT, replace(MANUAL, heard=heard(REFUSED)))

    assert isinstance(found, Declined)
    assert (found.reason, found.reached_bank, found.facts) == (DeclineReason.FUNDS, True, None)


def test_without_a_row_the_facts_alone_tell() -> None:
    stranger = Query(
        "acct_1", "", PSP, NOW, heard=heard(item("AUTHORISATION", merchantReference="order 7"))
    )

    found = adyen_told.outcome(ACCOUNT, stranger)

    # Only a capture or a refund proves that something was taken.
    assert isinstance(found, Authorized)
    assert found.facts.payment_id is None
    for proof in (CAPTURE, REFUND):
        taken = adyen_told.outcome(ACCOUNT, replace(stranger, heard=heard(AUTH, proof)))
        assert isinstance(taken, Captured)
        assert taken.amount.amount_minor == (3000 if proof is CAPTURE else 5000)


MONEY = Money(3000, "USD")
NOT_GIVEN = RefundRefused("refund_failed", "PSPREFUND", "re_one", PSP, MONEY)
CAME_BACK = RefundRefused("refunded_reversed", "PSPBYHAND", None, PSP, MONEY)
BACK = item("REFUNDED_REVERSED", pspReference="PSPBACK", merchantReference="by hand", amount=PART)
BY_HAND = item("REFUND", pspReference="PSPBYHAND", merchantReference="by hand", amount=PART)
REFUNDS: list[tuple[str, list[dict[str, Any]], list[RefundAccepted | RefundRefused]]] = [
    ("none", [AUTH, CAPTURE], []),
    ("made", [REFUND], [RefundAccepted("PSPREFUND", MONEY, True, PSP, "re_one")]),
    ("failed later", [REFUND, REFUND_FAILED], [NOT_GIVEN]),
    (
        "refused",
        [item("REFUND", success=False, merchantReference=OURS, amount=PART, reason="No money")],
        [RefundRefused("No money", "PSPREFUND", "re_one", PSP, MONEY)],
    ),
    (
        "postponed",
        [item("POSTPONED_REFUND", merchantReference=OURS, amount=PART)],
        [RefundAccepted("PSPPOSTPONED_REFUND"[:16], MONEY, False, PSP, "re_one")],
    ),
    ("by somebody else", [BY_HAND], [RefundAccepted("PSPBYHAND", MONEY, True, PSP)]),
    ("came back under another name", [BY_HAND, BACK], [CAME_BACK]),
    (
        "a reversal that gave back",
        [item("CANCEL_OR_REFUND", amount=PART, additionalData={"modification.action": "refund"})],
        [RefundAccepted("PSPCANCEL_OR_REFUND"[:16], MONEY, True, PSP)],
    ),
]  # fmt: skip


@pytest.mark.parametrize("story", REFUNDS, ids=[one[0] for one in REFUNDS])
def test_refunds_stand_as_they_were_told(
    story: tuple[str, list[dict[str, Any]], list[RefundAccepted | RefundRefused]],
) -> None:
    _, items, ends = story
    for order in permutations(items):
        assert adyen_told.refunds(heard(*order), PSP) == ends


def test_a_refund_is_found_by_either_name() -> None:
    told = heard(REFUND, BY_HAND)

    ours = adyen_told.refund(told, PSP, "re_one", None)
    theirs = adyen_told.refund(told, PSP, "re_two", "PSPBYHAND")

    assert [getattr(one, "reference", None) for one in (ours, theirs)] == ["PSPREFUND", "PSPBYHAND"]
    assert isinstance(adyen_told.refund(told, PSP, "re_two", None), Absent)
