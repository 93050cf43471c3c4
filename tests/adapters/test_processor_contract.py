"""What every processor promises, proved against the sandbox with the cards that are published for
testing. A processor that is added to the registry is tested without being asked.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import stripe
from flask import Flask

from app import wiring
from app.domain.declines import DeclineReason
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    ActionRequired,
    Authorized,
    AuthorizeRequest,
    Canceled,
    CancelRequest,
    Captured,
    CaptureRequest,
    Declined,
    Outcome,
    Processor,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from app.settings import Settings
from app.store.db import transaction
from tests.sandbox.server import SandboxServer

PROCESSORS = sorted(wiring.processors(Settings("", "", "", "")))
AMOUNT = Money(5000, "USD")
_numbers = count(1)


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


def an_account(processor: str) -> ProcessorAccount:
    tail = f"c{next(_numbers)}x{int(datetime.now(UTC).timestamp() * 1000)}"
    return ProcessorAccount(
        f"pac_{tail}", f"acct_{tail}", processor, False, f"pk_test_{tail}", f"sk_test_{tail}"
    )


def a_request(account: ProcessorAccount, token: str, **more: Any) -> AuthorizeRequest:
    number = next(_numbers)
    request = AuthorizeRequest(
        merchant_id=account.merchant_id,
        payment_id=f"pi_ours{number}",
        operation_id=f"op_{number}",
        amount=AMOUNT,
        payment_method_token=token,
        capture_now=True,
        idempotency_key=f"op_{number}:authorize",
        created_at=datetime.now(UTC),
        description="Walnut tray",
    )
    return replace(request, **more)


def method_of(number: str, sandbox: SandboxServer, account: ProcessorAccount) -> str:
    """What the card fields in the browser make of a number."""
    client = stripe.StripeClient(
        account.secret_key,
        base_addresses={"api": sandbox.url},
        http_client=stripe.RequestsClient(timeout=10),
    )
    made = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {
                "number": number,
                "exp_month": 12,
                "exp_year": 2040,
                "cvc": "1234" if number.startswith("3") and len(number) == 15 else "123",
            },
            "billing_details": {"address": {"line1": "1 Main Street", "postal_code": "12345"}},
        }
    )
    return str(made.id)


def short(digits: str) -> str:
    return f"40000000000{digits}"


R = DeclineReason
# Every card of the published list that concerns cards: number, what comes of it.
CARDS: list[tuple[str, type[Outcome] | DeclineReason]] = [
    *[
        (number, Captured)
        for number in (
            "4242424242424242", "4000056655665556", "5555555555554444", "2223003122003222",
            "5200828282828210", "5105105105105100", "378282246310005", "371449635398431",
            "6011111111111117", "3566002020360505", "3056930009020004", "6200000000000005",
            short("00101"), short("00036"), short("00028"), short("00010"), short("00044"),
            "4000000000004954", "4000000000009235",
            short("00259"), short("02685"), short("01976"), short("05423"),
            "4000000404000079", "4000000404000038", "4000008400000779", "5105008400000002",
            "4000000404004816", "4000000404005649", "5105000300000018",
            short("07726"), short("05126"), short("00077"), "4000003720000278",
            "4000000000003055", "4000000000003097",
        )
    ],
    (short("00002"), R.GENERIC),
    (short("09995"), R.FUNDS),
    (short("09987"), R.GENERIC),
    (short("09979"), R.GENERIC),
    (short("00069"), R.EXPIRED),
    (short("00127"), R.CVC),
    (short("00119"), R.TECHNICAL),
    (short("06975"), R.GENERIC),
    (short("00341"), R.GENERIC),
    ("4100000000000019", R.GENERIC),
    ("4000008400001280", R.GENERIC),
    *[
        (number, ActionRequired)
        for number in (
            "4000002500003155", "4000002760003184", "4000003800000446", "4000008260003178",
            "4000000000003220", "4000008400001629",
        )
    ],
]  # fmt: skip


def test_every_published_card_has_its_outcome(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    wrong = {}
    for number, expected in CARDS:
        token = method_of(number, sandbox, account)
        outcome = processor.authorize(account, a_request(account, token))
        if isinstance(expected, DeclineReason):
            is_right = isinstance(outcome, Declined) and outcome.reason is expected
        else:
            is_right = isinstance(outcome, expected)
        facts = getattr(outcome, "facts", None)
        if not is_right or facts is None or facts.merchant_id != account.merchant_id:
            wrong[number] = outcome
    assert wrong == {}
    taken = [number for number, expected in CARDS if expected is Captured]
    assert totals(sandbox, account)["charges"] == len(taken)


def totals(sandbox: SandboxServer, account: ProcessorAccount) -> dict[str, int]:
    record = sandbox.record(f"acct_sbx_{account.secret_key.removeprefix('sk_test_')}")
    found: dict[str, int] = record["totals"].get("usd", {})
    return found


def test_a_capture_tells_all_that_is_to_be_kept(
    processor: Processor, account: ProcessorAccount
) -> None:
    request = a_request(account, "pm_card_visa")
    outcome = processor.authorize(account, request)

    assert isinstance(outcome, Captured)
    assert (outcome.amount, outcome.facts.amount) == (AMOUNT, AMOUNT)
    assert (outcome.facts.payment_id, outcome.facts.is_live) == (request.payment_id, False)
    assert outcome.charge_reference
    assert outcome.card is not None
    assert (outcome.card.brand, outcome.card.last4, outcome.card.funding) == (
        "visa",
        "4242",
        "credit",
    )
    assert outcome.card.fingerprint
    assert outcome.processor_fee is not None
    assert outcome.processor_fee.currency == "USD"
    assert outcome.fee_reference
    assert outcome.available_on is not None


def test_a_decline_names_its_object_and_the_card(
    processor: Processor, account: ProcessorAccount
) -> None:
    outcome = processor.authorize(account, a_request(account, "pm_card_chargeDeclined"))

    assert isinstance(outcome, Declined)
    assert outcome.facts is not None
    assert outcome.card is not None
    assert outcome.card.last4 == "0002"
    again = processor.query(
        account, Query(account.merchant_id, "", outcome.facts.reference, datetime.now(UTC))
    )
    assert isinstance(again, Declined)
    assert again.reason is outcome.reason


@pytest.mark.parametrize(
    "token, reason, reached_bank",
    [
        ("pm_card_chargeDeclinedInsufficientFunds", R.FUNDS, True),
        ("pm_card_threeDSecureRequiredProcessingError", R.GENERIC, False),
        ("pm_1QdoesNotExist", R.ABSENT, False),
    ],
)
def test_a_refusal_tells_whether_a_bank_was_asked(
    processor: Processor,
    account: ProcessorAccount,
    token: str,
    reason: DeclineReason,
    reached_bank: bool,
) -> None:
    outcome = processor.authorize(account, a_request(account, token))

    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.reached_bank) == (reason, reached_bank)


def test_the_same_key_moves_money_once(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    request = a_request(account, "pm_card_visa")
    outcomes = [processor.authorize(account, request) for _ in range(3)]

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert totals(sandbox, account)["captured"] == 5000


def test_the_same_key_with_other_words_is_unknown(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    request = a_request(account, "pm_card_visa")
    processor.authorize(account, request)

    other = processor.authorize(account, replace(request, amount=Money(6000, "USD")))
    assert isinstance(other, Unknown)
    assert totals(sandbox, account)["captured"] == 5000


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_an_answer_that_never_came_is_unknown_and_can_be_asked_for(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer, fault: str
) -> None:
    arm(sandbox, account, fault)
    request = a_request(account, "pm_card_visa")
    assert isinstance(processor.authorize(account, request), Unknown)

    query = Query(account.merchant_id, request.payment_id, None, request.created_at)
    found = processor.query(account, query)
    assert isinstance(found, Absent if fault == "drop_before" else Captured)
    assert isinstance(processor.authorize(account, request), Captured)
    assert totals(sandbox, account)["captured"] == 5000


def arm(sandbox: SandboxServer, account: ProcessorAccount, kind: str, **options: Any) -> None:
    tail = account.secret_key.removeprefix("sk_test_")
    options.setdefault("route", "POST /v1/payment_intents*")
    sandbox.fault(kind, account=f"acct_sbx_{tail}", **options)


def test_a_timeout_is_unknown_not_failed(
    app: Flask, settings: Settings, sandbox: SandboxServer
) -> None:
    hasty = replace(settings, stripe_read_seconds=0.3)
    with app.app_context():
        for name in PROCESSORS:
            account = an_account(name)
            arm(sandbox, account, "delay_after", seconds=1)
            outcome = wiring.processors(hasty)[name].authorize(
                account, a_request(account, "pm_card_visa")
            )
            assert isinstance(outcome, Unknown)
    sandbox.clear_faults()


def test_a_processor_that_cannot_be_reached_is_unknown(app: Flask, settings: Settings) -> None:
    nowhere = replace(settings, stripe_api_url="http://127.0.0.1:9")
    with app.app_context():
        for name in PROCESSORS:
            processor, account = wiring.processors(nowhere)[name], an_account(name)
            query = Query(account.merchant_id, "pi_1", None, datetime.now(UTC))
            for answer in (
                processor.authorize(account, a_request(account, "pm_card_visa")),
                processor.capture(account, CaptureRequest("pi_1", AMOUNT, "k1")),
                processor.cancel(account, CancelRequest("pi_1", "expired", "k2")),
                processor.query(account, query),
                processor.query(account, replace(query, reference="pi_1")),
                processor.refund(account, a_refund(account, "pi_1")),
                processor.query_refund(account, "pi_1", "re_1"),
                processor.refunds_of(account, "pi_1"),
            ):
                assert isinstance(answer, Unknown)
                assert not answer.is_replay


def a_refund(account: ProcessorAccount, reference: str, minor: int = 1000) -> RefundRequest:
    number = next(_numbers)
    amount = Money(minor, "USD")
    return RefundRequest(
        account.merchant_id, "pi_ours", f"re_{number}", reference, amount, None, f"re_{number}"
    )


def test_a_hold_is_captured_in_part_or_let_go(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    one, two = (
        processor.authorize(account, a_request(account, "pm_card_visa", capture_now=False))
        for _ in range(2)
    )
    assert isinstance(one, Authorized)
    assert isinstance(two, Authorized)
    assert one.amount == AMOUNT
    assert one.capture_before is not None

    capture = CaptureRequest(one.facts.reference, Money(2000, "USD"), "op_c:capture")
    taken = processor.capture(account, capture)
    assert isinstance(taken, Captured)
    assert taken.amount == Money(2000, "USD")
    assert processor.capture(account, capture) == taken
    cancel = CancelRequest(two.facts.reference, "requested_by_customer", "op_d:cancel")
    assert isinstance(processor.cancel(account, cancel), Canceled)
    assert totals(sandbox, account)["captured"] == 2000
    # What has moved on has to be asked about: it is neither done nor refused.
    late = replace(capture, idempotency_key="op_e:capture")
    assert isinstance(processor.capture(account, late), Unknown)
    too_late = replace(cancel, reference=one.facts.reference, idempotency_key="op_f:cancel")
    assert isinstance(processor.cancel(account, too_late), Unknown)


def test_more_than_is_held_is_refused(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    held = processor.authorize(account, a_request(account, "pm_card_visa", capture_now=False))
    assert isinstance(held, Authorized)

    request = CaptureRequest(held.facts.reference, Money(5001, "USD"), "op_c:capture")
    assert isinstance(processor.capture(account, request), Declined)
    assert totals(sandbox, account)["captured"] == 0


def test_a_refund_is_sent_once_and_found_again(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    paid = processor.authorize(account, a_request(account, "pm_card_visa"))
    assert isinstance(paid, Captured)
    reference = paid.facts.reference
    request = a_refund(account, reference)

    answer = processor.refund(account, request)
    assert isinstance(answer, RefundAccepted)
    assert (answer.amount, answer.is_settled) == (request.amount, True)
    assert (answer.payment_reference, answer.refund_id) == (reference, request.refund_id)
    assert processor.refund(account, request) == answer
    assert processor.query_refund(account, reference, request.refund_id) == answer
    assert processor.refunds_of(account, reference) == [answer]
    assert isinstance(processor.query_refund(account, reference, "re_nobody"), Absent)
    assert totals(sandbox, account)["refunded"] == 1000

    too_much = processor.refund(account, a_refund(account, reference, 4001))
    assert isinstance(too_much, RefundRefused)


@pytest.mark.parametrize(
    "token, is_settled", [("pm_card_pendingRefund", False), ("pm_card_refundFail", True)]
)
def test_a_refund_that_is_not_final_is_not_called_so(
    processor: Processor, account: ProcessorAccount, token: str, is_settled: bool
) -> None:
    paid = processor.authorize(account, a_request(account, token))
    assert isinstance(paid, Captured)

    answer = processor.refund(account, a_refund(account, paid.facts.reference))
    assert isinstance(answer, RefundAccepted)
    assert answer.is_settled is is_settled


def test_what_does_not_exist_is_absent(processor: Processor, account: ProcessorAccount) -> None:
    query = Query(account.merchant_id, "pi_nobody", "pi_nobody", datetime.now(UTC))

    assert isinstance(processor.query(account, query), Absent)
    assert isinstance(processor.query(account, replace(query, reference=None)), Absent)


@pytest.mark.parametrize(
    "amount",
    [
        Money(999, "JPY"),
        Money(12340, "TND"),
        Money(500, "ISK"),
        Money(500, "UGX"),
        Money(10000, "MGA"),
        Money(100000, "KRW"),
        Money(1230, "BHD"),
    ],
    ids=str,
)
def test_every_currency_arrives_as_it_was_meant(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer, amount: Money
) -> None:
    request = a_request(account, "pm_card_visa", amount=amount)
    outcome = processor.authorize(account, request)

    assert isinstance(outcome, Captured)
    assert (outcome.amount, outcome.facts.amount) == (amount, amount)
    tail = account.secret_key.removeprefix("sk_test_")
    true = sandbox.record(f"acct_sbx_{tail}")["totals"]
    assert true[amount.currency.lower()]["captured"] == amount.amount_minor


def test_two_merchants_keys_never_cross(processor: Processor, sandbox: SandboxServer) -> None:
    accounts = [an_account(processor.name) for _ in range(4)]

    def pay(number: int) -> Outcome:
        account = accounts[number % 4]
        # The inner adapter: threads have no application context to ask the guard about.
        inner: Processor = processor._inner  # type: ignore[attr-defined]  # noqa: SLF001
        minor = 1000 + number % 4
        request = a_request(account, "pm_card_visa", amount=Money(minor, "USD"))
        return inner.authorize(account, request)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(pay, range(24)))
    assert all(isinstance(outcome, Captured) for outcome in outcomes)
    for number, account in enumerate(accounts):
        assert totals(sandbox, account)["captured"] == 6 * (1000 + number)


def test_no_processor_is_called_inside_a_unit_of_work(
    processor: Processor, account: ProcessorAccount, sandbox: SandboxServer
) -> None:
    query = Query(account.merchant_id, "pi_1", "pi_1", datetime.now(UTC))
    calls = [
        lambda: processor.authorize(account, a_request(account, "pm_card_visa")),
        lambda: processor.capture(account, CaptureRequest("pi_1", AMOUNT, "k1")),
        lambda: processor.cancel(account, CancelRequest("pi_1", "expired", "k2")),
        lambda: processor.query(account, query),
        lambda: processor.refund(account, a_refund(account, "pi_1")),
        lambda: processor.query_refund(account, "pi_1", "re_1"),
        lambda: processor.refunds_of(account, "pi_1"),
    ]
    for call in calls:
        with transaction(), pytest.raises(AssertionError, match="unit of work is open"):
            call()
    assert totals(sandbox, account) == {}
