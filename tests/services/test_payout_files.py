"""Files for banks: each order is in one of them, once, and reports end what they tell of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import wiring
from app.domain.clock import FrozenClock
from app.domain.errors import Conflict, InvalidRequest, NotFound
from app.domain.money import Money
from app.domain.rails import (
    Absent,
    Accepted,
    FailureCode,
    Paid,
    PayoutOrder,
    PayoutRail,
    Refused,
    Returned,
    Unknown,
)
from app.services import bank_reports, payout_files
from app.services.deps import Deps
from app.settings import Settings
from app.store.db import transaction
from tests.adapters.iso_messages import details, entry, gone_back, notification, payment_return
from tests.adapters.rails import NUMBER, destination, order
from tests.adapters.test_sepa import of, report
from tests.factories import Shop
from tests.services.bank import at_once, rows

MORNING = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
def live(deps: Deps, settings: Settings) -> Deps:
    """The ports of an operator who pays out in euros by files, on a Friday morning."""
    with_sepa = replace(settings, sepa_account=f"Farthing GmbH;{NUMBER};COBADEFFXXX")
    clock = FrozenClock(MORNING)
    book = payout_files.KeptOrders(deps.sealer, clock)
    return replace(
        deps,
        clock=clock,
        rails=wiring.rails(with_sepa, book),
        bank_files=wiring.bank_files(with_sepa),
    )


@pytest.fixture
def rail(live: Deps) -> PayoutRail:
    return live.rails["sepa"]


def payout(shop: Shop, number: int = 1, **changes: Any) -> PayoutOrder:
    made = order(
        merchant_id=shop.merchant_id,
        payout_id=f"po_{number}",
        amount=Money(10_000 + number, "EUR"),
        is_live=True,
    )
    return replace(made, **changes)


def told(content: bytes, *transactions: str, group: str = "") -> bytes:
    """A report about the file of this content."""
    message_id = content.split(b"<MsgId>")[1].split(b"</MsgId>")[0]
    return report(*transactions, group=group).replace(b"M1", message_id)


def written(live: Deps) -> bytes:
    [file_id] = payout_files.write_due(live)
    return payout_files.fetch_file(live, file_id)[1]


def test_an_order_waits_goes_into_a_file_and_is_paid_by_a_report(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    sent = payout(shop)
    assert rail.query(sent) == Absent()
    assert isinstance(rail.send(sent), Accepted)

    content = written(live)
    assert b'<InstdAmt Ccy="EUR">100.01</InstdAmt>' in content
    assert b"po-1" in content
    result = bank_reports.apply_report(live, "sepa", told(content, of("po-1", "ACSC")))

    assert (result.changed, result.open_facts) == (1, [])
    outcome = rail.query(sent)
    assert isinstance(outcome, Paid)
    assert (outcome.reference, outcome.trace_id) == ("po-1", "po-1")
    again = bank_reports.apply_report(live, "sepa", told(content, of("po-1", "ACSC")))
    assert (again.changed, again.unchanged) == (0, 1)
    names = [row["name"] for row in rows("SELECT name FROM events ORDER BY id")]
    assert [name for name in names if name.startswith("filed")] == [
        "filed_order.entered",
        "filed_order.written",
        "filed_order.paid",
    ]


def test_an_order_that_is_sent_twice_is_kept_once(live: Deps, rail: PayoutRail, shop: Shop) -> None:
    sent = payout(shop)

    answers = at_once([lambda: rail.send(sent) for _ in range(6)])

    assert len({str(answer) for answer in answers}) == 1
    assert written(live).count(b"<EndToEndId>") == 1
    assert isinstance(rail.send(sent), Accepted)
    assert payout_files.write_due(live) == []


def test_the_same_id_for_other_money_is_nobodys_order(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    rail.send(payout(shop))

    assert isinstance(rail.send(payout(shop, amount=Money(99_999, "EUR"))), Unknown)
    elsewhere = destination(number="AT611904300234573201", country="AT")
    assert isinstance(rail.query(payout(shop, destination=elsewhere)), Unknown)
    assert b"999.99" not in written(live)


def test_writers_at_once_put_each_order_into_one_file(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    for number in range(12):
        rail.send(payout(shop, number))

    at_once([lambda: payout_files.write_due(live) for _ in range(4)])

    files = [payout_files.fetch_file(live, one.id)[1] for one in payout_files.list_files()]
    assert sum(content.count(b"<EndToEndId>") for content in files) == 12
    assert rows("SELECT count(*) AS n FROM payout_file_orders WHERE status = 'waiting'") == [
        {"n": 0}
    ]


def test_a_crash_while_writing_leaves_the_orders_waiting_and_the_same_message_follows(
    live: Deps, rail: PayoutRail, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rail.send(payout(shop, 1))
    rail.send(payout(shop, 2))
    ids: list[str] = []

    def die(session: Any, row: Any, *_: Any) -> None:
        ids.append(session.get(payout_files.PayoutFile, row.file_id).message_id)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(payout_files, "move_order", die)
        with pytest.raises(SystemExit):
            payout_files.write_due(live)
    assert payout_files.list_files() == []

    written(live)

    assert [one.message_id for one in payout_files.list_files()] == ids


def test_a_refused_order_never_left_and_a_paid_one_comes_back(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    first, second = payout(shop, 1), payout(shop, 2)
    rail.send(first)
    rail.send(second)
    content = written(live)

    bank_reports.apply_report(
        live, "sepa", told(content, of("po-1", "RJCT", "AC04"), of("po-2", "ACSC"))
    )
    refused = rail.query(first)
    assert isinstance(refused, Refused)
    assert refused.code is FailureCode.ACCOUNT_CLOSED
    bank_reports.apply_report(live, "sepa", told(content, of("po-2", "RJCT", "AC06")))

    back = rail.query(second)
    assert isinstance(back, Returned)
    assert back.code is FailureCode.ACCOUNT_FROZEN
    # What a bank refused once is not paid by a later word of it.
    late = bank_reports.apply_report(live, "sepa", told(content, of("po-1", "ACSC")))
    assert late.changed == 0


def test_a_file_that_is_refused_whole_refuses_its_orders(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    sent = [payout(shop, 1), payout(shop, 2)]
    for one in sent:
        rail.send(one)

    whole = told(written(live), group="<GrpSts>RJCT</GrpSts>")
    bank_reports.apply_report(live, "sepa", whole)

    assert all(isinstance(rail.query(one), Refused) for one in sent)


def test_one_debit_of_a_whole_file_pays_its_orders(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    sent = [payout(shop, 1), payout(shop, 2)]
    for one in sent:
        rail.send(one)
    file_id = written(live).split(b"<MsgId>")[1].split(b"</MsgId>")[0].decode()

    def booked(amount: str) -> bank_reports.ReportResult:
        content = notification(entry(amount, "DBIT", details(file_id=file_id)))
        return bank_reports.apply_report(live, "sepa", content)

    assert len(booked("200.02").open_facts) == 1
    assert all(isinstance(rail.query(one), Accepted) for one in sent)
    assert (booked("200.03").changed, booked("200.03").open_facts) == (2, [])
    assert all(isinstance(rail.query(one), Paid) for one in sent)


def test_a_debit_that_is_read_after_what_came_back_pays_the_others(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    """The bank debited all of it, and gave one back the same day."""
    sent = [payout(shop, 1), payout(shop, 2), payout(shop, 3)]
    for one in sent:
        rail.send(one)
    content = written(live)
    file_id = content.split(b"<MsgId>")[1].split(b"</MsgId>")[0].decode()
    bank_reports.apply_report(live, "sepa", payment_return(gone_back("po-1", "100.01")))
    assert isinstance(rail.query(sent[0]), Returned)

    whole = notification(entry("300.06", "DBIT", details(file_id=file_id)))
    result = bank_reports.apply_report(live, "sepa", whole)

    assert (result.changed, result.open_facts) == (2, [])
    assert [type(rail.query(one)) for one in sent] == [Returned, Paid, Paid]


def test_what_fits_no_order_of_ours_is_named_and_changes_nothing(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    sent = payout(shop)
    rail.send(sent)
    content = written(live)

    result = bank_reports.apply_report(
        live, "sepa", told(content, of("po-9", "ACSC"), of("po-1", "ACSC", amount="5.00"))
    )
    other = bank_reports.apply_report(live, "sepa", report(of("po-1", "ACSC")))

    assert (result.changed, len(result.open_facts)) == (0, 2)
    assert "paid po-1 EUR 5.00 (fits no order of ours)" in result.open_facts[1]
    assert len(other.open_facts) == 1
    assert isinstance(rail.query(sent), Accepted)
    with pytest.raises(InvalidRequest):
        bank_reports.apply_report(live, "sepa", b"hello")
    with pytest.raises(NotFound):
        bank_reports.apply_report(live, "nacha", content)


def test_a_file_is_handed_out_once_unless_it_is_asked_for_again(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    rail.send(payout(shop))
    [file_id] = payout_files.write_due(live)
    assert isinstance(live.clock, FrozenClock)
    assert payout_files.warn_unfetched(live) == 0
    live.clock.advance(timedelta(days=2))
    assert payout_files.warn_unfetched(live) == 1
    first = payout_files.fetch_file(live, file_id)
    assert payout_files.warn_unfetched(live) == 0

    with pytest.raises(Conflict, match="do not send it again"):
        payout_files.fetch_file(live, file_id)
    assert payout_files.fetch_file(live, file_id, is_again=True) == first
    with pytest.raises(NotFound):
        payout_files.fetch_file(live, "pf_nothing")


def test_no_account_number_lies_open_in_the_database(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    rail.send(payout(shop))
    payout_files.write_due(live)

    with transaction() as session:
        dump = str(session.execute(text("SELECT * FROM payout_files, payout_file_orders")).all())
    assert NUMBER not in dump
    assert "37040044" not in dump


def test_an_order_that_sepa_does_not_reach_is_refused_before_it_is_kept(
    live: Deps, rail: PayoutRail, shop: Shop
) -> None:
    far = destination(number="SA0380000000608010167519", country="SA")

    assert isinstance(rail.send(payout(shop, destination=far)), Refused)
    assert isinstance(rail.send(payout(shop, is_live=False)), Refused)
    assert payout_files.write_due(live) == []


@pytest.mark.parametrize(
    "moment, day",
    [
        (MORNING, "2026-11-27"),
        (MORNING.replace(hour=14), "2026-11-30"),
        (MORNING.replace(day=28), "2026-11-30"),
        (MORNING.replace(day=29, hour=23), "2026-11-30"),
    ],
)
def test_money_is_to_leave_on_a_business_day(
    live: Deps, rail: PayoutRail, shop: Shop, moment: datetime, day: str
) -> None:
    assert isinstance(live.clock, FrozenClock)
    live.clock.set(moment)
    rail.send(payout(shop))

    assert f"<ReqdExctnDt><Dt>{day}</Dt>".encode() in written(live)


def test_the_operators_commands(
    live: Deps, rail: PayoutRail, shop: Shop, app: Flask, tmp_path: Path
) -> None:
    rail.send(payout(shop))
    before = app.extensions["farthing"]
    app.extensions["farthing"] = live
    try:
        run = app.test_cli_runner()
        file_id = run.invoke(args=["payout-files", "write"]).output.strip()
        assert (
            "1 orders  EUR 100.01  not fetched" in run.invoke(args=["payout-files", "list"]).output
        )
        fetched = run.invoke(args=["payout-files", "fetch", file_id, "--to", str(tmp_path)])
        path = Path(fetched.output.strip())
        assert path.stat().st_mode & 0o777 == 0o600
        again = run.invoke(args=["payout-files", "fetch", file_id, "--to", str(tmp_path)])
        assert (again.exit_code, "do not send it again" in again.output) == (1, True)
        answer = tmp_path / "answer.xml"
        answer.write_bytes(told(path.read_bytes(), of("po-1", "ACSC"), of("po-7", "ACSC")))
        read = run.invoke(args=["payout-files", "report", str(answer)])
        assert (read.exit_code, read.output.splitlines()[0]) == (
            1,
            "1 orders changed, 0 as they were.",
        )
        assert "LOOK AT bf_" in read.output
        listed = run.invoke(args=["payout-files", "facts"])
        assert (listed.exit_code, "po-7" in listed.output) == (1, True)
        fact_id = listed.output.split()[0]
        assert "unmatched" in run.invoke(args=["payout-files", "fact", fact_id]).output
        close = ["payout-files", "close-fact", fact_id, "--by", "ada", "--note", "sent by hand"]
        assert run.invoke(args=close).exit_code == 0
        assert run.invoke(args=close).exit_code == 1
        assert run.invoke(args=["payout-files", "facts"]).output == "Nothing is open.\n"
        assert (
            "closed by ada: sent by hand"
            in run.invoke(args=["payout-files", "facts", "--all"]).output
        )
    finally:
        app.extensions["farthing"] = before
