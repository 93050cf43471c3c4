"""A payment and its books end in the same state in whatever order the news comes, one by one."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from app.adapters.processors import adyen_told
from app.domain.fee_table import STANDARD_PRICES
from app.domain.money import Money
from app.domain.payments import OperationInFlight, Payment, decide
from app.domain.processor import Declined, Query, Unknown
from app.domain.states import OperationStatus, PaymentStatus
from tests.adapters.adyen_items import ACCOUNT, PAYMENT, TRY, heard, item

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
AMOUNT = Money(5000, "USD")
PART = {"currency": "USD", "value": 3000}
TAKING = f"{PAYMENT}.op_capture"

AUTH = item("AUTHORISATION")
CAPTURE = item("CAPTURE", merchantReference=TAKING, amount=PART)
FAILED = item("CAPTURE_FAILED", pspReference="PSPCAPTURE", merchantReference=TAKING, amount=PART)
REFUND = item("REFUND", merchantReference=f"{PAYMENT}.re_one", amount=PART)
CANCELED = item("CANCELLATION", merchantReference=f"{PAYMENT}.op_cancel")
EARLIER = item(
    "AUTHORISATION", success=False, pspReference="PSPOLD", merchantReference=f"{PAYMENT}.op_0"
)
REFUSED = item("AUTHORISATION", success=False)

# What is told, whether the money was to be taken at once, and where all orders end.
STORIES: list[tuple[list[dict[str, Any]], bool, str, int]] = [
    ([AUTH, EARLIER, REFUND], True, "captured", 5000),
    ([AUTH, CAPTURE, EARLIER, REFUND], False, "captured", 3000),
    ([AUTH, CAPTURE, FAILED, EARLIER], False, "returned", 3000),
    ([AUTH, FAILED, EARLIER], True, "returned", 5000),
    ([AUTH, CANCELED, EARLIER], False, "canceled", 0),
    ([AUTH, item("EXPIRE"), EARLIER], False, "expired", 0),
    ([REFUSED, EARLIER], True, "failed", 0),
]


def unanswered(*, at_once: bool) -> Payment:
    """A payment whose call was made and whose answer was lost."""
    call = OperationInFlight(
        TRY, "authorize", OperationStatus.UNKNOWN, 5000, "pm_card_visa", None, None, 1, NOW
    )
    return Payment(
        merchant_id="acct_1", id=PAYMENT, version=3, status=PaymentStatus.UNKNOWN, amount=AMOUNT,
        capture_method="automatic" if at_once else "manual", authorized_minor=0, captured_minor=0,
        refunded_minor=0, refund_reserved_minor=0, fee_minor=0, fee_schedule="card-standard-1",
        processor="adyen", processor_account_id="pac_1", created_at=NOW, session_id="cs_1",
        attempt_id=TRY, operation=call,
    )  # fmt: skip


def told(payment: Payment, items: list[dict[str, Any]]) -> tuple[Payment, Counter[str]]:
    """The payment after each item was heard and judged, and what was booked."""
    booked: Counter[str] = Counter()
    for number, one in enumerate(items, start=1):
        query = Query(
            "acct_1", PAYMENT, one.get("originalReference", one["pspReference"]), NOW,
            heard(*items[:number]), payment.attempt_id, amount=AMOUNT,
            capture_now=payment.capture_method == "automatic",
        )  # fmt: skip
        found = adyen_told.outcome(ACCOUNT, query)
        if isinstance(found, Unknown):
            continue
        judged = decide(
            payment, found, fees=STANDARD_PRICES, now=NOW, is_answer=isinstance(found, Declined)
        )
        is_over = judged.operation_status is not None
        payment = replace(judged.after, operation=None if is_over else payment.operation)
        for journal in judged.journals:
            for line in journal.postings:
                booked[line.debit] += line.amount.amount_minor
                booked[line.credit] -= line.amount.amount_minor
    return payment, +booked


@pytest.mark.parametrize("story", STORIES, ids=[f"{one[2]}-{n}" for n, one in enumerate(STORIES)])
def test_every_order_ends_alike(story: tuple[list[dict[str, Any]], bool, str, int]) -> None:
    items, at_once, status, captured = story

    ends = [told(unanswered(at_once=at_once), list(order)) for order in permutations(items)]

    for payment, booked in ends:
        assert (payment.status, payment.captured_minor) == (status, captured)
        assert (payment.operation, payment.needs_reversal) == (None, False)
        assert booked == ends[0][1]
