"""Stripe's cash balances in our words: every kind of entry has a meaning, and garbage is no empty list."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters.processors.stripe import StripeProcessor
from app.adapters.processors.stripe_cash import KINDS
from app.domain.bank_facts import BankFact, BankMoney, FactKind, Owner, ReturnRequest
from app.domain.money import Money
from app.domain.processor import ProcessorAccount, RefundAccepted, RefundRefused, Unknown
from tests.adapters.wire import Wire, listening

ACCOUNT = ProcessorAccount("pac_1", "acct_1", "stripe", False, "pk_test_x", "sk_test_x")
ENTRY: dict[str, Any] = {
    "id": "ccsbtxn_1",
    "object": "customer_cash_balance_transaction",
    "created": 1_780_000_000,
    "currency": "eur",
    "customer": "cus_1",
    "net_amount": 700,
    "type": "funded",
    "funded": {
        "bank_transfer": {
            "type": "eu_bank_transfer",
            "reference": "Order 7",
            "eu_bank_transfer": {"bic": "TESTDEFF", "iban_last4": "3000", "sender_name": "Ada"},
        }
    },
}
BACK = ReturnRequest("acct_1", "br_1", "cus_1", Money(700, "EUR"), "br_1:return", "ada@example.com")


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Stripe's end of the line."""
    with listening() as found:
        yield found


@pytest.fixture
def stripe(wire: Wire) -> StripeProcessor:
    """The adapter, speaking to it."""
    return StripeProcessor(wire.url, f"{wire.url}/v3/", 1.0, 1.0)


def _listed(*entries: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(entries), "has_more": False, "url": "/v1/x"}


def test_a_transfer_is_told_with_its_sender_and_nothing_that_could_be_used(
    wire: Wire, stripe: StripeProcessor
) -> None:
    wire.answers(_listed(ENTRY))

    heard = stripe.bank_money(ACCOUNT, "cus_1", after="ccsbtxn_0")

    details = {"reference": "Order 7", "sender": "Ada", "last4": "3000", "bank": "TESTDEFF"}
    at = datetime.fromtimestamp(1_780_000_000, UTC)
    fact = BankFact("ccsbtxn_1", FactKind.RECEIVED, Money(700, "EUR"), at, None, details)
    assert heard == BankMoney((fact,), None)
    assert "ending_before=ccsbtxn_0" in wire.asked[0].path


@pytest.mark.parametrize("kind", [*KINDS, "adjusted_for_overdraft", "invented"])
def test_every_kind_of_entry_counts(wire: Wire, stripe: StripeProcessor, kind: str) -> None:
    """Of one that nobody knows, the amount counts all the same."""
    wire.answers(_listed(ENTRY | {"type": kind, kind: {"payment_intent": "pi_1"}}))

    heard = stripe.bank_money(ACCOUNT, "cus_1", after="ccsbtxn_0")

    assert isinstance(heard, BankMoney)
    [fact] = heard.facts
    assert (fact.kind, fact.amount) == (KINDS.get(kind, FactKind.OTHER), Money(700, "EUR"))
    assert fact.payment_reference == "pi_1"


@pytest.mark.parametrize(
    "body, status",
    [
        (_listed({"id": "x"}), 200),
        (_listed(ENTRY | {"currency": "xxx"}), 200),
        (_listed(ENTRY | {"net_amount": None}), 200),
        (b"<html>", 200),
        ({"error": {"type": "api_error"}}, 500),
        ({"error": {"type": "invalid_request_error", "code": "resource_missing"}}, 404),
    ],
)
def test_what_is_not_understood_is_unknown(
    wire: Wire, stripe: StripeProcessor, body: Any, status: int
) -> None:
    wire.answers(body, status)

    assert isinstance(stripe.bank_money(ACCOUNT, "cus_1", after="ccsbtxn_0"), Unknown)


def test_whose_a_balance_is_is_asked_the_first_time(wire: Wire, stripe: StripeProcessor) -> None:
    told = {"farthing_merchant": "acct_1", "farthing_payment": "pi_1"}
    wire.answers({**_listed(), "metadata": told})

    heard = stripe.bank_money(ACCOUNT, "cus_1", after=None)

    assert heard == BankMoney((), Owner("acct_1", None, "pi_1"))


def test_a_return_is_sent_under_its_key_and_only_a_refusal_is_one(
    wire: Wire, stripe: StripeProcessor
) -> None:
    refund = {"id": "re_1", "amount": 700, "currency": "eur", "payment_intent": None}
    wire.answers({**refund, "status": "requires_action", "metadata": {"farthing_refund": "br_1"}})
    assert stripe.return_bank_money(ACCOUNT, BACK) == RefundAccepted(
        "re_1", Money(700, "EUR"), False, "", "br_1"
    )
    asked = wire.asked[-1]
    assert asked.headers["Idempotency-Key"] == "br_1:return"
    assert "origin=customer_balance" in asked.body

    wire.answers({"error": {"type": "invalid_request_error", "message": "too much"}}, 400)
    assert isinstance(stripe.return_bank_money(ACCOUNT, BACK), RefundRefused)
    for status in (409, 429, 500):
        wire.answers({"error": {"type": "api_error"}}, status)
        assert isinstance(stripe.return_bank_money(ACCOUNT, BACK), Unknown)
        since = datetime.now(UTC)
        assert isinstance(stripe.query_return(ACCOUNT, "br_1", None, since), Unknown)
