"""The proof page: green while the book holds; one byte is flipped, and it is red and names the entry."""

import json
import threading
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from app.services import books, proof
from app.services.deps import Deps
from app.services.proof import RequestProof
from app.web import downloads
from tests import servers
from tests.factories import FakeQueue, Shop, make_payment
from tests.services.bank import rows
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor, toast_of

PAGE = "/dashboard/proof/"
KEYS = "/.well-known/farthing-proof-keys.json"


@pytest.fixture
def sealed(deps: Deps, shop: Shop) -> None:
    """A payment in a closed book."""
    make_payment(deps, shop)
    books.close_books(deps)


@pytest.fixture
def database(sealed: None, database_url: str) -> Iterator[psycopg.Connection]:
    """The database's owner, past its guards; everything is emptied afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
    servers.truncate_all(database_url)


def test_one_flipped_byte_turns_the_page_red_and_names_the_entry(
    database: psycopg.Connection, shop: Shop, owner: Visitor, queue: FakeQueue
) -> None:
    assert "Not verified yet" in owner.get(PAGE).text
    assert owner.post(f"{PAGE}verify").status_code == 303
    assert "Checking every entry" in owner.get(PAGE).text
    queue.drain()
    assert "Your book holds" in owner.get(PAGE).text

    database.execute("UPDATE postings SET amount_minor = amount_minor # 1 WHERE line = 2")
    answer = owner.post(f"{PAGE}verify", htmx=True)
    assert toast_of(answer) == "The check has begun"
    assert 'hx-trigger="every 1s"' in answer.text
    queue.drain()

    [row] = rows("SELECT DISTINCT journal_id FROM postings WHERE line = 2")
    page = owner.get(PAGE).text
    assert "Your book does not hold" in page
    assert "Your book holds" not in page
    assert f"/dashboard/ledger/journals/{row['journal_id']}" in page
    journal = owner.get(f"/dashboard/ledger/journals/{row['journal_id']}").text
    assert "This journal is not what was sealed" in journal


def test_a_stored_balance_that_drifts_is_seen_at_once(
    database: psycopg.Connection, deps: Deps, shop: Shop, owner: Visitor, queue: FakeQueue
) -> None:
    proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))
    queue.drain()
    database.execute(
        "INSERT INTO accounts VALUES (%s, 'merchant_available', 'USD', 'merchant', 'credit')",
        (shop.merchant_id,),
    )
    database.execute(
        "INSERT INTO account_balances VALUES (%s, 'merchant_available', 'USD', 7)",
        (shop.merchant_id,),
    )

    assert "Your book does not add up" in owner.get(PAGE).text


def test_the_file_is_streamed_and_its_key_is_published_to_all(
    sealed: None, shop: Shop, owner: Visitor, visitor: Visitor
) -> None:
    answer = owner.get(f"{PAGE}download")

    lines = answer.text.splitlines()
    assert answer.mimetype == "application/x-ndjson"
    assert f"proof-{shop.merchant_id}.jsonl" in answer.headers["Content-Disposition"]
    published = visitor.get(KEYS)
    assert published.headers["Access-Control-Allow-Origin"] == "*"
    assert json.loads(lines[-1])["key"] in {key["id"] for key in json.loads(published.text)["keys"]}
    assert "private" not in published.text


def test_a_period_without_entries_is_told_so(sealed: None, owner: Visitor) -> None:
    answer = owner.get(f"{PAGE}download?from=2020-01-01&to=2020-01-31")

    assert answer.status_code == 303
    assert "No journal that is sealed was written in this period." in owner.get(PAGE).text


def test_downloads_leave_threads_for_payments(
    sealed: None, owner: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_turns", threading.BoundedSemaphore(1))
    assert owner.get(f"{PAGE}download").status_code == 200
    assert downloads._turns.acquire(blocking=False)  # noqa: SLF001 - somebody else's download

    answer = owner.get(f"{PAGE}download")

    assert answer.status_code == 429
    assert "Other downloads are under way" in answer.text


def test_who_may_not_see_the_proof_may_not_ask_for_one(colleague: Colleague, sealed: None) -> None:
    person = colleague("support")
    token = {"csrf_token": person.hidden_fields("/dashboard/settings/")["csrf_token"]}

    assert person.post_raw(f"{PAGE}verify", token).status_code == 403
    assert person.get(f"{PAGE}download").status_code == 403
    assert rows("SELECT id FROM book_proofs") == []


def test_the_commands_check_export_and_replace_the_key(
    database: psycopg.Connection, app: Flask, shop: Shop
) -> None:
    run = app.test_cli_runner().invoke

    one = run(args=["proof", "run", "--merchant", shop.merchant_id])
    every = run(args=["proof", "run", "--all"])
    assert (one.exit_code, every.exit_code) == (0, 0)
    assert "1 of 1 books hold." in every.output
    assert run(args=["proof", "run"]).exit_code == 2
    assert "No such merchant" in run(args=["proof", "run", "--merchant", "acct_no"]).output
    file = run(args=["proof", "export", "--merchant", shop.merchant_id])
    assert json.loads(file.stdout.splitlines()[0])["merchant"] == shop.merchant_id
    none = run(args=["proof", "export", "--merchant", shop.merchant_id, "--to", "2020-01-01"])
    assert none.exit_code == 1
    assert "signs from now on" in run(args=["proof", "rotate-key"]).output

    database.execute("UPDATE postings SET amount_minor = amount_minor + 1 WHERE line = 2")
    broken = run(args=["proof", "run", "--merchant", shop.merchant_id])
    assert broken.exit_code == 1
    assert "first offender: journal jr_" in broken.output
