"""The books: what is written stays, balances by construction, and proves itself."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from app.domain.recipes import payment_captured
from app.services import ledger
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from app.store.db import path, transaction
from app.store.ledger import book
from tests.factories import FakeQueue, Shop, TestClock, make_payment, usd
from tests.services.bank import Bank, assert_books_equal_record, at_once, rows

CHANGES = [
    "UPDATE {} SET created_at = now()",
    "DELETE FROM {}",
    "TRUNCATE {} CASCADE",
]


@pytest.mark.parametrize("table", ["journals", "postings", "events"])
def test_the_application_may_not_change_what_was_written(
    deps: Deps, shop: Shop, table: str
) -> None:
    make_payment(deps, shop)
    before = rows(f"SELECT count(*) FROM {table}")  # noqa: S608 - a constant above

    for change in CHANGES:
        with path() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.format(table).encode())
    assert rows(f"SELECT count(*) FROM {table}") == before  # noqa: S608


@pytest.mark.parametrize("table", ["journals", "postings", "events"])
def test_not_even_the_owner_changes_what_was_written(
    deps: Deps, shop: Shop, database_url: str, table: str
) -> None:
    make_payment(deps, shop)

    for change in CHANGES:
        with (
            psycopg.connect(database_url) as owner,
            pytest.raises(psycopg.errors.RestrictViolation, match="append-only"),
        ):
            owner.execute(change.format(table).encode())


def test_the_application_may_not_touch_the_guards(deps: Deps, shop: Shop) -> None:
    for statement in (
        b"ALTER TABLE postings DISABLE TRIGGER ALL",
        b"DROP TRIGGER postings_append_only ON postings",
        b"SET session_replication_role = replica",
        b"DROP TABLE postings",
        b"UPDATE accounts SET currency = 'EUR'",
    ):
        with path() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


POSTING = """
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at)
    SELECT merchant_id, id, 9, %(debit)s, %(credit)s, %(currency)s, %(amount)s, now(), now()
    FROM journals WHERE event = 'payment_captured' LIMIT 1
"""


@pytest.mark.parametrize(
    "change, refusal",
    [
        ({"amount": 0}, psycopg.errors.CheckViolation),
        ({"amount": -1}, psycopg.errors.CheckViolation),
        ({"amount": None}, psycopg.errors.NotNullViolation),
        ({"credit": None}, psycopg.errors.NotNullViolation),
        ({"debit": None}, psycopg.errors.NotNullViolation),
        ({"credit": "merchant_pending"}, psycopg.errors.CheckViolation),
        ({"currency": "EUR"}, psycopg.errors.ForeignKeyViolation),
        ({"currency": "usd"}, psycopg.errors.ForeignKeyViolation),
        ({"debit": "nobodys_account"}, psycopg.errors.ForeignKeyViolation),
    ],
    ids=str,
)
def test_an_unbalanced_or_mixed_posting_cannot_be_written(
    deps: Deps, shop: Shop, change: dict[str, Any], refusal: type[Exception]
) -> None:
    make_payment(deps, shop)
    make_payment(deps, shop, amount=usd("1.00"))
    row = {"debit": "merchant_pending", "credit": "platform_fees", "currency": "USD", "amount": 1}

    with path() as connection, pytest.raises(refusal):
        connection.execute(POSTING.encode(), row | change)


def test_one_fact_is_booked_once(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop)
    now = deps.clock.now()
    again = payment_captured("stripe", paid.id, usd("1.00"), usd("0.10"), now.date())

    with (
        pytest.raises(Exception, match="journals_one_per_fact"),
        transaction() as session,
    ):
        book(session, shop.merchant_id, again, payment_id=paid.id, at=now)
    assert len(rows("SELECT id FROM journals WHERE event = 'payment_captured'")) == 1


def test_the_classical_view_has_a_counterpart_for_every_entry(deps: Deps, shop: Shop) -> None:
    paid = make_payment(deps, shop, amount=usd("100.00"))
    found = rows(
        """SELECT entry_type, account, counterpart, amount_minor, signed_minor, id, counterpart_id
           FROM ledger_entries WHERE source_id = :p ORDER BY line, entry_type DESC""",
        p=paid.id,
    )
    receivable = "processor_receivable:stripe"
    assert [tuple(row.values())[:5] for row in found] == [
        ("DEBIT", receivable, "merchant_pending", 10000, 10000),
        ("CREDIT", "merchant_pending", receivable, 10000, -10000),
        ("DEBIT", "merchant_pending", "platform_fees", 320, 320),
        ("CREDIT", "platform_fees", "merchant_pending", 320, -320),
    ]
    by_id = {row["id"]: row for row in found}
    for row in found:
        assert by_id[row["counterpart_id"]]["counterpart_id"] == row["id"]


def available(shop: Shop) -> list[tuple[str, int]]:
    found = rows(
        """SELECT currency, balance_minor FROM account_balances
           WHERE merchant_id = :m AND code = 'merchant_available' ORDER BY 1""",
        m=shop.merchant_id,
    )
    return [(row["currency"], row["balance_minor"]) for row in found]


def pending(shop: Shop) -> int:
    [row] = rows(
        """SELECT coalesce(-sum(signed_minor), 0)::bigint AS total FROM ledger_entries
           WHERE merchant_id = :m AND account = 'merchant_pending'""",
        m=shop.merchant_id,
    )
    return int(row["total"])


def test_money_becomes_available_when_it_settles(deps: Deps, shop: Shop, clock: TestClock) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    assert ledger.release_due(deps) == 0
    assert (available(shop), pending(shop)) == ([], 9680)

    clock.advance(timedelta(days=6))
    assert ledger.release_due(deps) == 1
    assert (available(shop), pending(shop)) == ([("USD", 9680)], 0)
    assert ledger.release_due(deps) == 0
    assert available(shop) == [("USD", 9680)]


def test_several_workers_release_money_once(deps: Deps, shop: Shop, clock: TestClock) -> None:
    for amount in ("100.00", "50.00"):
        make_payment(deps, shop, amount=usd(amount))
    clock.advance(timedelta(days=6))

    at_once([lambda: ledger.release_due(deps) for _ in range(6)])
    assert available(shop) == [("USD", 9680 + 4825)]
    assert pending(shop) == 0


def test_a_refund_after_the_release_takes_what_it_used_up(
    deps: Deps, shop: Shop, bank: Bank, queue: FakeQueue, clock: TestClock
) -> None:
    paid = make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    ledger.release_due(deps)
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("100.00"), "user:robin"))
    queue.drain()
    ledger.release_due(deps)

    assert (available(shop), pending(shop)) == ([("USD", -320)], 0)
    assert_books_equal_record(bank)


def test_one_book_that_cannot_be_released_holds_up_no_other(
    deps: Deps, shop: Shop, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_payment(deps, shop, amount=usd("100.00"))
    clock.advance(timedelta(days=6))
    whole, known = ledger.release_book, ledger.books_with_pending

    def release(ports: Deps, merchant_id: str) -> int:
        if merchant_id == "acct_0_broken":
            raise RuntimeError("a broken book")
        return whole(ports, merchant_id)

    monkeypatch.setattr(ledger, "release_book", release)
    monkeypatch.setattr(
        ledger, "books_with_pending", lambda *args: ["acct_0_broken", *known(*args)]
    )

    assert ledger.release_due(deps) == 1
    assert available(shop) == [("USD", 9680)]
