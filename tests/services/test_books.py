"""Closed books: sealed once, in order, whole; and every balance of any moment is the fold of its postings."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.domain import recipes
from app.domain.accounts import account_of
from app.domain.chain import GENESIS, leaf_of, seal_hash
from app.domain.money import Money
from app.reports import as_of, balances
from app.services import books, ledger
from app.services.deps import Deps
from app.store import books as store
from app.store.db import transaction
from app.store.ledger import book
from tests.factories import Shop, TestClock, make_payment, usd
from tests.services.bank import at_once, rows

WRITE_JOURNAL = """
    INSERT INTO journals (merchant_id, id, event, source_id, event_at)
    VALUES (%s, %s, 'unmatched_receipt', %s, now())
"""
WRITE_POSTING = """
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at)
    SELECT merchant_id, %s, 1, debit, credit, currency, amount_minor, available_on, event_at
    FROM postings WHERE merchant_id = %s AND line = 1 LIMIT 1
"""


def receive(shop: Shop, number: int, amount: Money, at: datetime) -> None:
    """Money that fits no payment: the shortest way to a journal."""
    journal = recipes.unmatched_receipt("stripe", f"txn_{number}", amount, at.date())
    with transaction() as session:
        book(session, shop.merchant_id, journal, payment_id=None, at=at)


def seals(shop: Shop) -> list[dict[str, Any]]:
    return rows("SELECT * FROM seals WHERE merchant_id = :m ORDER BY number", m=shop.merchant_id)


def chain_of(shop: Shop) -> list[bytes]:
    """The hashes that the journals as they are now give, seal by seal."""
    found, previous = [], GENESIS
    for seal in seals(shop):
        with transaction() as session:
            journals = store.journals_between(
                session, shop.merchant_id, seal["from_seq"], seal["to_seq"], 10_000
            )
        assert [journal.id for _, journal in journals] == seal["journal_ids"]
        previous = seal_hash(previous, seal["number"], [leaf_of(one) for _, one in journals])
        found.append(previous)
    return found


def fold(written: list[dict[str, Any]], at: datetime) -> dict[tuple[str, str], int]:
    """Every account's balance at a moment, from all postings one by one."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in written:
        if row["created_at"] <= at:
            for code, sign in ((row["debit"], -1), (row["credit"], 1)):
                side = 1 if account_of(code).normal == "credit" else -1
                sums[code, row["currency"]] += sign * side * row["amount_minor"]
    return {key: net for key, net in sums.items() if net}


def test_a_journal_is_sealed_once_and_the_chain_holds(
    deps: Deps, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "JOURNALS_A_SEAL", 3)
    for amount in ("10.00", "20.00"):
        make_payment(deps, shop, amount=usd(amount))
    first = books.close_books(deps)
    make_payment(deps, shop, amount=usd("30.00"))

    assert (first, books.close_books(deps), books.close_books(deps)) == (4, 2, 0)
    assert [len(seal["journal_ids"]) for seal in seals(shop)] == [3, 1, 2]
    assert chain_of(shop) == [seal["hash"] for seal in seals(shop)]


def test_several_who_seal_at_once_seal_once(deps: Deps, shop: Shop) -> None:
    for _ in range(4):
        make_payment(deps, shop)

    assert sum(at_once([lambda: books.close_books(deps) for _ in range(6)])) == 8
    assert chain_of(shop) == [seal["hash"] for seal in seals(shop)]


def test_a_book_waits_for_whoever_took_a_number_before(
    deps: Deps, shop: Shop, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_payment(deps, shop)
    monkeypatch.setattr(books, "LONGEST_WAIT_SECONDS", 0.05)
    with psycopg.connect(database_url) as slow:
        slow.execute(WRITE_JOURNAL, (shop.merchant_id, "jr_slow", "txn_slow"))
        slow.execute(WRITE_POSTING, ("jr_slow", shop.merchant_id))
        make_payment(deps, shop)
        assert books.close_books(deps) == 0
        slow.commit()

    assert books.close_books(deps) == 5
    [seal] = seals(shop)
    assert seal["journal_ids"].index("jr_slow") == 2


def test_one_book_that_cannot_be_sealed_holds_up_no_other(
    deps: Deps, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_payment(deps, shop)
    whole, refused = books.close_book, ["acct_0_broken"]
    known = store.unsealed_books

    def close(ports: Deps, merchant_id: str, up_to: int) -> int:
        if merchant_id in refused:
            raise RuntimeError("a broken book")
        return whole(ports, merchant_id, up_to)

    monkeypatch.setattr(books, "close_book", close)
    monkeypatch.setattr(store, "unsealed_books", lambda *args: [*refused, *known(*args)])

    assert books.close_books(deps) == 2
    refused.clear()
    make_payment(deps, shop)
    assert books.close_books(deps) == 2


def test_balances_read_the_same_before_and_after_the_seal(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    before = (balances.balances(shop.merchant_id), balances.arrivals(shop.merchant_id))
    now = as_of.standing(shop.merchant_id)
    books.close_books(deps)

    assert (balances.balances(shop.merchant_id), balances.arrivals(shop.merchant_id)) == before
    assert as_of.standing(shop.merchant_id) == now
    assert now.of("merchant_pending", "USD") == usd("96.80")
    clock.advance(timedelta(days=6))
    ledger.release_due(deps)
    assert balances.arrivals(shop.merchant_id) == []
    assert as_of.standing(shop.merchant_id).of("merchant_available", "USD") == usd("96.80")


def test_a_balance_never_dips_while_books_are_closed(deps: Deps, shop: Shop) -> None:
    start = datetime.now(UTC)
    for number in range(200):
        receive(shop, number, usd("1.00"), start)
    seen: list[int] = []

    def look() -> None:
        seen.extend(
            as_of.standing(shop.merchant_id).of("suspense", "USD").amount_minor for _ in range(60)
        )

    def close() -> None:
        for _ in range(10):
            books.close_books(deps)

    at_once([look, look, close])
    assert set(seen) == {20_000}


def test_the_balance_of_any_moment_is_the_fold_of_its_postings(deps: Deps, shop: Shop) -> None:
    chance = random.Random(4)  # noqa: S311 - the same history every time
    end = datetime.now(UTC)
    start = end - timedelta(days=9)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight - timedelta(hours=number) for number in range(24)]
    edges = [edge - tick for edge in hours for tick in (timedelta(0), timedelta(microseconds=1))]
    moments = [start + (end - start) * chance.random() for _ in range(54)]
    moments = sorted([*moments, *chance.sample(edges, 6)])
    for number, at in enumerate(moments):
        currency = chance.choice(("USD", "JPY", "TND"))
        receive(shop, number, Money(chance.randint(1, 10**6), currency), at)
        if chance.random() < 0.1:
            books.close_books(deps)
    asked = [start + (end - start) * chance.random() for _ in range(960)]
    # The edges too: the very moment of a posting, and whole hours on both sides.
    asked += [*moments[:36], *edges, start, end]
    written = rows("SELECT * FROM postings WHERE merchant_id = :m", m=shop.merchant_id)
    assert len(written) == 60

    for at in asked:
        told = as_of.standing(shop.merchant_id, at).balances
        assert {key: net for key, net in told.items() if net} == fold(written, at)


def test_another_merchants_books_are_their_own(deps: Deps, shop: Shop) -> None:
    make_payment(deps, shop)
    books.close_books(deps)

    assert as_of.standing("acct_other").balances == {}
    assert balances.arrivals("acct_other") == []
