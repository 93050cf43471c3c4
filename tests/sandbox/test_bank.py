"""The simulated bank: money moves once per key, lives its life, and is recorded as it moved."""

import itertools
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from app.sandbox.bank import next_business_day
from tests.sandbox.server import SandboxServer

_numbers = itertools.count(1)
PAYS = "DE89370400440532013000"
AT_ONCE = "DE94370400440532013007"


class Customer:
    """A platform with an account at the bank."""

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        self.tail = f"b{os.getpid()}x{next(_numbers)}"
        self.account = f"bank_sbx_{self.tail}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer bank_test_{self.tail}", **options.pop("headers", {})}
        url = f"{self.sandbox.url}/bank/v1/{path}"
        return requests.request(method, url, headers=headers, timeout=20, **options)

    def send(self, number: str = PAYS, *, key: str = "k1", **changes: Any) -> requests.Response:
        body = {
            "reference": "po_1",
            "amount": 12550,
            "currency": "EUR",
            "holder_name": "Wren & Co.",
            "country": "DE",
            "kind": "iban",
            "number": number,
            "descriptor": "FARTHING",
        }
        return self.call("POST", "transfers", json=body | changes, headers={"Idempotency-Key": key})

    def found(self, reference: str = "po_1") -> list[dict[str, Any]]:
        return self.call("GET", "transfers", params={"reference": reference}).json()["transfers"]

    def record(self) -> dict[str, Any]:
        return self.sandbox.call("GET", f"/bank/record?account={self.account}")

    def facts(self) -> list[str]:
        return [row["fact"] for row in self.record()["facts"]]

    def settle(self) -> None:
        self.sandbox.control("bank/settle", account=self.account)

    def fault(self, kind: str, **options: Any) -> None:
        route = "POST /bank/v1/transfers"
        self.sandbox.fault(kind, account=self.account, route=route, **options)


@pytest.fixture
def bank(sandbox: SandboxServer) -> Customer:
    return Customer(sandbox)


def test_a_transfer_is_accepted_and_arrives_when_the_bank_opens(bank: Customer) -> None:
    sent = bank.send().json()
    today = datetime.fromtimestamp(sent["created"], UTC).date()

    assert sent["status"] == "accepted"
    assert sent["trace_id"].startswith("SBX")
    assert sent["arrival_date"] == next_business_day(today).isoformat()
    assert bank.facts() == ["sent"]

    bank.settle()
    (arrived,) = bank.found()
    assert (arrived["status"], arrived["trace_id"]) == ("paid", sent["trace_id"])
    assert bank.facts() == ["sent", "arrived"]


def test_two_sends_with_one_key_move_money_once(bank: Customer) -> None:
    first, second = bank.send().json(), bank.send().json()

    assert first == second
    assert bank.record()["gone"] == {"EUR": 12550}


def test_a_key_is_good_for_one_instruction_only(bank: Customer) -> None:
    bank.send()

    refused = bank.send(amount=12551)

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "key_reused")
    assert bank.record()["gone"] == {"EUR": 12550}


@pytest.mark.parametrize(
    "kind, status, gone",
    [
        ("drop_before", None, {}),
        ("drop_after", None, {"EUR": 12550}),
        ("error_before", 500, {}),
        ("error_after", 500, {"EUR": 12550}),
        ("unavailable", 503, {}),
        ("duplicate_request", 200, {"EUR": 12550}),
    ],
)
def test_faults_spoil_the_reply_and_the_record_stays_true(
    bank: Customer, kind: str, status: int | None, gone: dict[str, int]
) -> None:
    bank.fault(kind)

    if status is None:
        with pytest.raises(requests.ConnectionError):
            bank.send()
    else:
        assert bank.send().status_code == status
    assert bank.record()["gone"] == gone

    assert bank.send().json()["status"] == "accepted"
    assert bank.record()["gone"] == {"EUR": 12550}


@pytest.mark.parametrize(
    "number, code",
    [("DE62370400440532013001", "no_account"), ("DE51370400440532013005", "invalid_currency")],
)
def test_a_refused_transfer_moves_nothing(bank: Customer, number: str, code: str) -> None:
    sent = bank.send(number).json()

    assert (sent["status"], sent["code"], sent["trace_id"]) == ("refused", code, None)
    assert bank.facts() == []


def test_a_closed_account_sends_the_money_back(bank: Customer) -> None:
    assert bank.send("DE35370400440532013002").json()["status"] == "accepted"

    bank.settle()

    assert [(one["status"], one["code"]) for one in bank.found()] == [
        ("returned", "account_closed")
    ]
    assert bank.facts() == ["sent", "came_back"]
    assert bank.record()["gone"] == {"EUR": 0}


def test_money_can_come_back_after_it_arrived(bank: Customer) -> None:
    bank.send("000555555559", kind="us_account", routing="110000000", currency="USD")

    bank.settle()
    assert bank.found()[0]["status"] == "paid"
    bank.settle()
    assert bank.found()[0]["status"] == "returned"
    assert bank.facts() == ["sent", "arrived", "came_back"]


def test_some_accounts_are_paid_at_once_and_so_is_every_micro_deposit(bank: Customer) -> None:
    assert bank.send(AT_ONCE).json()["status"] == "paid"
    assert bank.send("DE62370400440532013001", key="k2", amount=32).json()["status"] == "paid"
    assert bank.send("DE13370400440532013010", key="k3", amount=32).json()["status"] == "refused"


def test_a_fault_decides_what_becomes_of_the_next_transfer(bank: Customer) -> None:
    bank.fault("transfer_outcome", outcome="refused", code="account_frozen")

    assert bank.send().json()["code"] == "account_frozen"
    assert bank.send(key="k2").json()["status"] == "accepted"


def test_the_statement_lists_what_left_and_what_came_back(bank: Customer) -> None:
    sent = bank.send("DE35370400440532013002").json()
    bank.settle()
    day = datetime.now(UTC).date()
    # Other tests may have moved the sandbox's clock by months.
    span = {"from": str(day - timedelta(days=1)), "to": str(day + timedelta(days=365))}

    lines = bank.call("GET", "statement", params=span).json()["lines"]

    assert [(line["amount"], line["kind"], line["reference"]) for line in lines] == [
        (-12550, "transfer", "po_1"),
        (12550, "return", "po_1"),
    ]
    assert {line["trace_id"] for line in lines} == {sent["trace_id"]}
    assert PAYS not in str(lines)


@pytest.mark.parametrize(
    "changes", [{"amount": 0}, {"amount": True}, {"currency": "XXX"}, {"number": ""}, {"note": "x"}]
)
def test_a_bad_instruction_is_refused_in_words_and_does_nothing(
    bank: Customer, changes: dict[str, Any]
) -> None:
    refused = bank.send(**changes)

    assert refused.status_code == 400
    assert refused.json()["error"]["message"]
    assert bank.facts() == []


def test_nobody_sees_another_platforms_transfers(bank: Customer, sandbox: SandboxServer) -> None:
    bank.send()

    assert Customer(sandbox).found() == []
    assert bank.call("GET", "transfers", headers={"Authorization": "x"}).status_code == 401


def test_the_control_page_shows_transfers_and_no_account_number(bank: Customer) -> None:
    bank.send("DE75512108001245126199", reference=f"po_{bank.tail}")

    page = requests.get(f"{bank.sandbox.url}/control", timeout=20).text

    assert f"po_{bank.tail}" in page
    assert "Wren &amp; Co. ···6199" in page
    assert "DE75512108001245126199" not in page


@pytest.mark.parametrize(
    "day, following",
    [
        (date(2026, 11, 26), date(2026, 11, 27)),
        (date(2026, 11, 27), date(2026, 11, 30)),
        (date(2026, 11, 28), date(2026, 11, 30)),
        (date(2026, 11, 29), date(2026, 11, 30)),
    ],
)
def test_the_bank_is_closed_on_weekends(day: date, following: date) -> None:
    assert next_business_day(day) == following
