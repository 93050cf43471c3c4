"""A check of a book names the first thing that is wrong in it, and holds up nobody while it looks."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from app.domain.chain import GENESIS, leaf_of, seal_hash
from app.domain.errors import NotFound
from app.reports import proof as reports
from app.reports.proof import Run
from app.services import books, proof
from app.services.deps import Deps
from app.services.proof import RequestProof
from app.services.refunds import RequestRefund, request_refund
from app.store import proofs as store
from app.store.books import journals_between
from app.store.db import transaction
from tests import servers
from tests.factories import FakeQueue, Shop, TestClock, make_payment, open_shop, usd
from tests.services.bank import at_once, rows


@pytest.fixture
def life(deps: Deps, shop: Shop, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two payments, one refunded in part, in seals of two journals; one more payment is not sealed."""
    monkeypatch.setattr(books, "JOURNALS_A_SEAL", 2)
    make_payment(deps, shop, amount=usd("100.00"))
    paid = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("10.00"), "user:robin"))
    queue.drain()
    books.close_books(deps)
    make_payment(deps, shop, amount=usd("30.00"))


@pytest.fixture
def owner(life: None, database_url: str) -> Iterator[psycopg.Connection]:
    """The database's owner, past triggers and foreign keys; everything is emptied afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
    servers.truncate_all(database_url)


def check(deps: Deps, shop: Shop, queue: FakeQueue) -> Run:
    """A check from its beginning to its end, as the worker does it."""
    proof_id = proof.request_proof(deps, RequestProof(shop.merchant_id, "user:robin"))
    queue.drain()
    return reports.one_run(shop.merchant_id, proof_id)


def journal_of_seal(shop: Shop, number: int, place: int = 0) -> str:
    found = rows(
        "SELECT journal_ids FROM seals WHERE merchant_id = :m AND number = :n",
        m=shop.merchant_id,
        n=number,
    )
    return str(found[0]["journal_ids"][place])


def test_a_sound_book_is_checked_whole(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    run = check(deps, shop, queue)

    assert (run.result, run.by) == ("sound", "robin")
    assert (run.through_seal, run.seals) == (3, 3)
    # Two captures of two journals, a refund set aside and sent; then two that wait for their seal.
    assert (run.journals, run.unsealed, run.postings) == (8, 2, 11)


def test_an_empty_book_holds(deps: Deps, shop: Shop, queue: FakeQueue) -> None:
    run = check(deps, shop, queue)

    assert (run.result, run.journals) == ("sound", 0)


# What the owner of the database does → what is named: the kind, and its name. {m} is the merchant, {j} the
# first journal of the second seal, {k} the one after it.
SPOILED = {
    "an amount": (
        "UPDATE postings SET amount_minor = amount_minor + 1 WHERE journal_id = '{j}' AND line = 1",
        ("journal", "{j}"),
    ),
    "an account": (
        "UPDATE postings SET credit = 'suspense' WHERE journal_id = '{j}' AND line = 1",
        ("journal", "{j}"),
    ),
    "a day": (
        "UPDATE postings SET available_on = available_on - 1 WHERE journal_id = '{j}' AND line = 1",
        ("journal", "{j}"),
    ),
    "a time of writing": (
        "UPDATE postings SET created_at = created_at - interval '1 day' WHERE journal_id = '{j}'",
        ("journal", "{j}"),
    ),
    "an event": (
        "UPDATE journals SET event = 'refund_failed' WHERE id = '{j}'",
        ("journal", "{j}"),
    ),
    "one posting less": (
        "DELETE FROM postings WHERE journal_id = '{j}' AND line = 1",
        ("journal", "{j}"),
    ),
    "one journal less": ("DELETE FROM journals WHERE id = '{j}'", ("journal", "{j}")),
    "one journal more": (
        "INSERT INTO journals (merchant_id, id, event, source_id, event_at, seq)"
        " VALUES ('{m}', 'jr_smuggled', 'unmatched_receipt', 'txn', now(), 1)",
        ("journal", "jr_smuggled"),
    ),
    "one journal more, below all numbers": (
        "INSERT INTO journals (merchant_id, id, event, source_id, event_at, seq)"
        " VALUES ('{m}', 'jr_smuggled', 'unmatched_receipt', 'txn', now(), -1)",
        ("journal", "jr_smuggled"),
    ),
    "two journals in each other's place": (
        "UPDATE journals SET seq = seq + 1000000 WHERE id = '{j}';"
        " UPDATE journals SET seq = seq - 1 WHERE id = '{k}';"
        " UPDATE journals SET seq = seq - 999999 WHERE id = '{j}'",
        ("journal", "{k}"),
    ),
    "a posting of no journal": (
        "INSERT INTO postings SELECT merchant_id, 'jr_nowhere', line, debit, credit, currency,"
        " amount_minor, available_on, event_at, created_at FROM postings WHERE journal_id = '{j}'",
        ("journal", "jr_nowhere"),
    ),
    "a journal without postings, not sealed yet": (
        "DELETE FROM postings WHERE journal_id = (SELECT max(id) FROM journals)",
        ("journal", "jr_.*"),
    ),
    "a seal's hash": (
        "UPDATE seals SET hash = decode(repeat('ab', 32), 'hex') WHERE number = 2",
        ("seal", "2"),
    ),
    "what a seal leans on": (
        "UPDATE seals SET previous = decode(repeat('ab', 32), 'hex') WHERE number = 2",
        ("seal", "2"),
    ),
    "where a seal begins": (
        "UPDATE seals SET from_seq = from_seq + 1 WHERE number = 2",
        ("seal", "2"),
    ),
    "one seal less": ("DELETE FROM seals WHERE number = 2", ("seal", "2")),
    "the last seal": ("DELETE FROM seals WHERE number = 3", ("seal", "3")),
    "the book's last hash": (
        "UPDATE books SET head = decode(repeat('ab', 32), 'hex')",
        ("seal", "3"),
    ),
    "a sum by day": (
        "UPDATE account_days SET credit_minor = credit_minor + 1 WHERE code = 'platform_fees'",
        ("account", r"platform_fees/USD/\d{{4}}-\d\d-\d\d"),
    ),
    "pending money by day": (
        "UPDATE pending_days SET net_minor = net_minor + 1",
        ("account", r"merchant_pending/USD/\d{{4}}-\d\d-\d\d"),
    ),
    "a stored balance": (
        "INSERT INTO account_balances VALUES ('{m}', 'merchant_available', 'USD', 1)",
        ("account", "merchant_available/USD"),
    ),
    "an account that is not in the chart": (
        "UPDATE postings SET debit = 'petty_cash' WHERE line = 1"
        " AND journal_id = (SELECT max(id) FROM journals)",
        ("account", "petty_cash/USD"),
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_the_first_offender_is_named(
    owner: psycopg.Connection, deps: Deps, shop: Shop, queue: FakeQueue, what: str
) -> None:
    names = {"m": shop.merchant_id, "j": journal_of_seal(shop, 2)}
    names["k"] = journal_of_seal(shop, 2, 1)
    statement, (kind, offender) = SPOILED[what]

    for part in statement.split(";"):
        owner.execute(part.format(**names).encode())

    run = check(deps, shop, queue)
    assert (run.result, run.offence_kind) == ("broken", kind)
    assert re.fullmatch(offender.format(**names), run.offender or ""), run.offender
    assert run.offence


def test_a_seal_that_was_made_anew_breaks_the_next(
    owner: psycopg.Connection, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    _rewrite(owner, shop, (2,))

    run = check(deps, shop, queue)

    assert (run.offence_kind, run.offender) == ("seal", "3")
    assert run.offence == "Seal 3 does not lean on the hash of seal 2."


def test_a_chain_that_was_made_anew_to_its_end_is_not_what_an_earlier_check_saw(
    owner: psycopg.Connection, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    assert check(deps, shop, queue).is_sound
    _rewrite(owner, shop, (2, 3))
    owner.execute("UPDATE books SET head = (SELECT hash FROM seals WHERE number = 3)")

    run = check(deps, shop, queue)

    assert (run.offence_kind, run.offender) == ("seal", "3")
    assert "written anew" in (run.offence or "")


def _rewrite(owner: psycopg.Connection, shop: Shop, numbers: tuple[int, ...]) -> None:
    """Change the event's time of a journal, and make the seals over it so that they fit."""
    owner.execute(
        "UPDATE journals SET event_at = event_at - interval '1 second' WHERE id = %s",
        (journal_of_seal(shop, numbers[0]),),
    )
    for number in numbers:
        with transaction() as session:
            before, seal = (
                store.seal_at(session, shop.merchant_id, n) for n in (number - 1, number)
            )
            assert seal is not None
            found = journals_between(session, shop.merchant_id, seal.from_seq, seal.to_seq, 100)
        leaves = [leaf_of(journal) for _, journal in found]
        previous = before.hash if before else GENESIS
        owner.execute(
            "UPDATE seals SET leaves = %s, previous = %s, hash = %s WHERE number = %s",
            (b"".join(leaves), previous, seal_hash(previous, number, leaves), number),
        )


def test_an_offence_is_told_to_the_log_and_to_the_operator(
    owner: psycopg.Connection,
    deps: Deps,
    shop: Shop,
    queue: FakeQueue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner.execute("UPDATE postings SET amount_minor = amount_minor + 1 WHERE line = 1")
    told = replace(deps, operator_email="operator@farthing.example")
    queue.reset(told)

    run = check(told, shop, queue)

    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert line.message == "proof.broken"
    [mail] = rows("SELECT * FROM mails")
    assert mail["recipient"] == "operator@farthing.example"
    assert shop.merchant_id in mail["subject"]
    assert str(run.offender) in mail["body"]


def test_nobody_is_written_to_where_no_operator_is_named(
    owner: psycopg.Connection, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    owner.execute("UPDATE postings SET amount_minor = amount_minor + 1 WHERE line = 1")

    assert check(deps, shop, queue).result == "broken"
    assert rows("SELECT * FROM mails") == []


def test_a_check_goes_on_where_its_last_step_ended(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = check(deps, shop, queue)
    monkeypatch.setattr(proof, "STEP_SECONDS", 0.0)
    proof_id = proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))
    seen = []
    while (run := reports.one_run(shop.merchant_id, proof_id)).is_running:
        seen.append(run.through_seal)
        assert proof.step(deps)

    assert seen == [0, 1, 2]
    assert (run.result, run.journals, run.postings) == ("sound", whole.journals, whole.postings)


def test_a_worker_that_died_is_followed_by_another(
    life: None, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    proof_id = proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))
    with transaction() as session:
        assert store.lease(session, clock.now(), clock.now() + proof.LEASE)

    assert not proof.step(deps)
    clock.advance(proof.LEASE + timedelta(seconds=1))
    assert proof.step(deps)
    assert reports.one_run(shop.merchant_id, proof_id).is_sound


def test_a_check_that_never_works_is_given_up(
    life: None, deps: Deps, shop: Shop, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no memory")

    proof_id = proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))
    monkeypatch.setattr(store, "seal_at", fail)
    for _ in range(proof.MOST_ATTEMPTS):
        assert reports.one_run(shop.merchant_id, proof_id).is_running
        proof.step(deps)
        clock.advance(proof.LEASE + timedelta(seconds=1))

    run = reports.one_run(shop.merchant_id, proof_id)
    assert run.result == "stopped"
    assert "could not be finished" in (run.offence or "")


def test_several_who_ask_and_step_at_once_make_one_check(
    life: None, deps: Deps, shop: Shop
) -> None:
    command = RequestProof(shop.merchant_id, "user:robin")

    ids = set(at_once([lambda: proof.request_proof(deps, command) for _ in range(4)]))
    at_once([lambda: proof.step(deps) for _ in range(4)])

    [row] = rows("SELECT id, result, journals FROM book_proofs")
    assert ids == {row["id"]}
    assert (row["result"], row["journals"]) == ("sound", 8)


def test_payments_and_seals_go_on_while_a_book_is_checked(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "STEP_SECONDS", 0.0)
    proof_id = proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))

    def work() -> None:
        for _ in range(3):
            make_payment(deps, shop)
            books.close_books(deps)

    def look() -> None:
        while reports.one_run(shop.merchant_id, proof_id).is_running:
            proof.step(deps)

    assert at_once([work, look]) == [None, None]
    assert reports.one_run(shop.merchant_id, proof_id).is_sound
    assert check(deps, shop, queue).journals == 14


def test_every_book_is_checked_once_a_night(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue, clock: TestClock
) -> None:
    def nights() -> list[str]:
        return [
            row["requested_by"] for row in rows("SELECT requested_by FROM book_proofs ORDER BY id")
        ]

    proof.run_due(deps)
    queue.drain()
    proof.run_due(deps)
    assert nights() == ["schedule"]
    clock.advance(timedelta(days=1))
    proof.run_due(deps)
    queue.drain()

    assert nights() == ["schedule", "schedule"]
    assert {row["result"] for row in rows("SELECT result FROM book_proofs")} == {"sound"}


def test_another_merchants_book_is_not_looked_at(
    owner: psycopg.Connection, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    other = open_shop(deps, name="Other")
    make_payment(deps, other)
    books.close_books(deps)
    owner.execute(
        "UPDATE postings SET amount_minor = amount_minor + 1 WHERE merchant_id = %s",
        (other.merchant_id,),
    )

    assert check(deps, shop, queue).is_sound
    assert check(deps, other, queue).result == "broken"
    with pytest.raises(NotFound):
        proof.request_proof(deps, RequestProof("acct_nobody", "cli"))
