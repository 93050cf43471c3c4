"""What banks send back: a return ends a payout and brings its money home, whenever and however often
it is told; a correction stops the account; and silence is an answer only where the scheme says so.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import wiring
from app.adapters.rails.bank_files import FileRail
from app.adapters.rails.guard import GuardedRail
from app.adapters.rails.sepa import SepaFiles
from app.demo import Backdated
from app.domain.bank_files import BankFiles
from app.domain.errors import InvalidRequest
from app.domain.money import Money
from app.reports import as_of
from app.services import bank_deposits, bank_reports, payout_files, payout_sending
from app.services.deps import Deps
from app.services.payout_files import KeptOrders
from app.services.payouts import CreatePayout, create_payout
from tests.adapters.iso_messages import details, entry, gone_back, notification, payment_return
from tests.adapters.nacha_reader import read
from tests.adapters.rails import NUMBER
from tests.adapters.test_nacha import FILES, returned
from tests.adapters.test_sepa import of
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    add_bank_account,
    make_payment,
    usd,
    verified_bank_account,
)
from tests.services.bank import rows
from tests.services.test_payout_files import told

SEPA = SepaFiles("Farthing GmbH", NUMBER, "COBADEFFXXX")


@pytest.fixture
def ports(deps: Deps, queue: FakeQueue) -> Deps:
    """Banks by file for a test account, and a processor whose settlement days follow the clock."""
    found = replace(
        deps,
        processors={name: Backdated(one) for name, one in deps.processors.items()},
        rails={one.name: _rail(deps, one) for one in (FILES, SEPA)},
        bank_files={one.name: one for one in (FILES, SEPA)},
    )
    queue.reset(found)
    return found


def _rail(deps: Deps, files: BankFiles) -> GuardedRail:
    rail = FileRail(files, KeptOrders(deps.sealer, deps.clock))
    rail.is_live = False
    return GuardedRail(rail, wiring.refuse_open_unit)


def paid_out(deps: Deps, shop: Shop, clock: TestClock) -> str:
    """A payout of 96.80 that is in a file, and the file with the bank."""
    verified_bank_account(deps, shop)
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    made = create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin"))
    assert made is not None
    payout_sending.submit_due(deps)
    batches = {one.header["description"].strip() for one in read(handed_out(deps)).batches}
    assert batches == {"ACCTVERIFY", "PAYOUT"}
    return made


def handed_out(deps: Deps) -> bytes:
    """The next file, fetched by the operator."""
    [file_id] = payout_files.write_due(deps)
    return payout_files.fetch_file(deps, file_id)[1]


def tell(deps: Deps, *facts: tuple[str, str, int], kind: str = "CCD") -> bank_reports.ReportResult:
    """The bank's file of returns, or of changes."""
    content = returned(*[(*fact, "") for fact in facts], kind=kind)
    result = bank_reports.apply_report(deps, "nacha", content)
    payout_sending.submit_due(deps)
    bank_deposits.send_due(deps)
    return result


def order(payout_id: str) -> dict[str, Any]:
    [found] = rows(
        """SELECT status, trace_id, failure_code FROM payout_file_orders WHERE payout_id = :id""",
        id=payout_id,
    )
    return found


def payout(payout_id: str) -> tuple[str, str | None, str | None]:
    [row] = rows("SELECT status, failure_code, trace_id FROM payouts WHERE id = :id", id=payout_id)
    return row["status"], row["failure_code"], row["trace_id"]


def balance(shop: Shop, code: str = "merchant_available", currency: str = "USD") -> int:
    return as_of.standing(shop.merchant_id).of(code, currency).amount_minor


def at_bank(shop: Shop) -> int:
    """What our bank holds of payouts: the deposits that proved the account are our own cost."""
    return balance(shop, "bank") + balance(shop, "verification_costs")


def account(shop: Shop) -> dict[str, Any]:
    [found] = rows("SELECT status, failure_code, account_type FROM bank_accounts")
    return found


def results() -> list[str]:
    return [row["result"] for row in rows("SELECT result FROM bank_facts ORDER BY id")]


def test_silence_is_payment_and_a_return_long_after_books_it_back_once(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    made = paid_out(ports, shop, clock)
    clock.advance(timedelta(hours=2))
    payout_sending.submit_due(ports)
    trace = order(made)["trace_id"]
    assert payout(made) == ("in_transit", None, trace)
    assert payout_files.settle_silent(ports) == 0
    clock.advance(timedelta(days=14))
    assert payout_files.settle_silent(ports) == 3  # With the two deposits that proved the account.
    payout_sending.submit_due(ports)
    assert (payout(made)[0], balance(shop), balance(shop, "payouts_in_transit")) == ("paid", 0, 0)

    # So late that nobody asks any more: the report itself has it looked at.
    for _ in range(3):
        clock.advance(timedelta(days=20))
        payout_sending.submit_due(ports)
    told = tell(ports, (trace, "R02", 9680))
    assert (told.changed, told.open_facts) == (1, [])
    assert payout(made) == ("failed", "account_closed", trace)
    assert (order(made)["status"], balance(shop), at_bank(shop)) == ("returned", 9680, 0)
    assert account(shop)["status"] == "errored"

    again = tell(ports, (trace, "R02", 9680))
    assert (again.changed, again.unchanged, balance(shop)) == (0, 1, 9680)
    assert results() == ["applied"]


def test_a_return_before_anything_was_heard_ends_the_payout(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    made = paid_out(ports, shop, clock)
    trace = order(made)["trace_id"]

    wrong = tell(ports, (trace, "R03", 9679), ("091000019999998", "R03", 500))
    assert (wrong.changed, len(wrong.open_facts)) == (0, 2)
    assert (payout(made)[0], results()) == ("in_transit", ["unmatched", "unmatched"])
    assert len(tell(ports, (trace, "R03", 9679)).open_facts) == 1
    disputed = tell(ports, (trace, "R68", 9680))
    assert "does not go with" in disputed.open_facts[0]
    assert [one.is_open for one in bank_reports.facts()] == [True] * 3

    tell(ports, (trace, "R16", 9680))
    assert payout(made)[:2] == ("failed", "account_frozen")
    assert (balance(shop), at_bank(shop)) == (9680, 0)
    broken = returned((trace, "R16", 9680, "")).replace(b"0000009680", b"0000009681", 1)
    with pytest.raises(InvalidRequest, match="line 5: the batch comes to"):
        bank_reports.apply_report(ports, "nacha", broken)


def test_news_that_come_while_the_bank_is_asked_are_not_lost(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    made = paid_out(ports, shop, clock)
    clock.advance(timedelta(days=14))
    payout_files.settle_silent(ports)
    payout_sending.submit_due(ports)
    clock.advance(timedelta(days=11))
    report = returned((order(made)["trace_id"], "R02", 9680, ""))

    def meanwhile(point: str) -> None:
        if point == "payout.bank_answered":
            bank_reports.apply_report(ports, "nacha", report)

    # This look is the last one: the payout would rest after it.
    payout_sending.submit_due(replace(ports, failpoint=meanwhile))
    assert payout(made)[0] == "paid"
    payout_sending.submit_due(ports)
    assert payout(made)[0] == "failed"


def test_a_corrected_number_stops_the_account_and_a_corrected_kind_is_put_right(
    ports: Deps, shop: Shop, clock: TestClock, queue: FakeQueue
) -> None:
    made = paid_out(ports, shop, clock)
    trace = order(made)["trace_id"]

    savings = returned((trace, "C05", 0, "32"), kind="COR")
    assert bank_reports.apply_report(ports, "nacha", savings).changed == 1
    assert account(shop) == {"status": "verified", "failure_code": None, "account_type": "savings"}
    make_payment(ports, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    create_payout(ports, CreatePayout(shop.merchant_id, "USD", "user:robin"))
    payout_sending.submit_due(ports)
    [entry] = read(handed_out(ports)).entries
    assert (entry["code"], entry["amount"]) == ("32", "0000009680")

    moved = returned((trace, "C01", 0, "1918171614"), kind="COR")
    assert bank_reports.apply_report(ports, "nacha", moved).changed == 1
    assert bank_reports.apply_report(ports, "nacha", moved).changed == 0
    assert account(shop)["failure_code"] == "invalid_account_number"
    assert payout(made)[0] == "in_transit"
    [mail] = rows("SELECT body FROM mails WHERE subject LIKE 'A bank account does not work%'")
    assert "another number now" in mail["body"]
    assert "1918171614" not in str(rows("SELECT * FROM bank_facts")) + mail["body"]
    fact, detail = bank_reports.fact_detail(ports, bank_reports.facts(are_all=True)[0].id)
    assert (fact.result, detail) == ("applied", "1918171614")


def test_a_deposit_that_the_bank_refuses_or_returns_costs_nothing(
    ports: Deps, shop: Shop, clock: TestClock
) -> None:
    add_bank_account(ports, shop, "AT611904300234573201", currency="EUR")
    content = handed_out(ports)
    [first, second] = rows("SELECT id, amount_minor FROM micro_deposits ORDER BY id")
    assert balance(shop, "verification_costs", "EUR") != 0
    names = [one["id"].replace("_", "-") for one in (first, second)]
    back = Money(second["amount_minor"], "EUR").decimal

    # Anybody can send us money with a reference of ours.
    sent = notification(entry(f"{back}", "CRDT", details(names[1])))
    looked = bank_reports.apply_report(ports, "sepa", sent)
    assert (looked.changed, len(looked.open_facts)) == (0, 1)
    bank_reports.apply_report(ports, "sepa", told(content, of(names[0], "RJCT", "AC01")))
    bank_reports.apply_report(ports, "sepa", payment_return(gone_back(names[1], f"{back}")))
    bank_deposits.send_due(ports)

    assert {row["status"] for row in rows("SELECT status FROM micro_deposits")} == {"returned"}
    assert balance(shop, "verification_costs", "EUR") == 0
    assert account(shop)["failure_code"] == "invalid_account_number"


def test_a_country_that_no_bank_of_ours_reaches_is_refused_when_the_account_is_added(
    ports: Deps, shop: Shop
) -> None:
    with pytest.raises(
        InvalidRequest, match="pay out EUR to an account in Saudi Arabia"
    ) as refused:
        add_bank_account(ports, shop, "SA0380000000608010167519", currency="EUR")

    assert refused.value.param == "iban"
    assert rows("SELECT 1 FROM bank_accounts") == []
