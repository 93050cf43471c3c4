"""`ledger verify` names the first offender of every invariant: each is broken here, as only the
owner of the database can, with the guards asleep.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from app.services import books, ledger
from app.services.deps import Deps
from app.services.refunds import RequestRefund, request_refund
from app.store.ledger_checks import CHECKS
from tests import servers
from tests.factories import FakeQueue, Shop, make_payment, open_checkout, pay_checkout, usd


@dataclass(frozen=True)
class Break:
    """How an invariant is broken, what is named then, and how it is mended if not by emptying."""

    sql: str
    offender: str
    mend: str = ""


BREAKS = {
    "entries_balance": Break(
        """DO $$ BEGIN
               EXECUTE 'CREATE OR REPLACE VIEW ledger_entries AS SELECT * FROM ('
                   || rtrim(pg_get_viewdef('ledger_entries'::regclass), ';')
                   || ') AS whole WHERE entry_type = ''DEBIT''';
           END $$""",
        r"acct_\w+/jr_\w+",
        mend="restore view",
    ),
    "counterparts_exist": Break(
        """DO $$ BEGIN
               EXECUTE 'CREATE OR REPLACE VIEW ledger_entries AS SELECT * FROM ('
                   || rtrim(pg_get_viewdef('ledger_entries'::regclass), ';')
                   || ') AS whole WHERE line > 1 OR entry_type = ''CREDIT''';
           END $$""",
        r"jr_\w+-1c",
        mend="restore view",
    ),
    "journals_have_postings": Break("DELETE FROM postings", r"acct_\w+/jr_\w+"),
    "accounts_in_chart": Break(
        "INSERT INTO accounts SELECT merchant_id, 'petty_cash', 'USD', 'platform', 'debit'"
        " FROM accounts LIMIT 1",
        r"acct_\w+/petty_cash",
    ),
    "stored_balances": Break(
        "INSERT INTO account_balances SELECT id, 'merchant_available', 'USD', 1"
        " FROM merchants LIMIT 1",
        r"acct_\w+/merchant_available/USD",
    ),
    "sums_follow_seals": Break(
        "UPDATE account_days SET debit_minor = debit_minor + 1 WHERE code = 'merchant_pending'",
        r"acct_\w+/merchant_pending/USD/\d{4}-\d\d-\d\d",
    ),
    "pending_follows_seals": Break(
        "UPDATE pending_days SET net_minor = net_minor + 1",
        r"acct_\w+/USD/\d{4}-\d\d-\d\d",
    ),
    "seals_are_whole": Break(
        "UPDATE seals SET journal_ids = array_replace(journal_ids, journal_ids[1], 'jr_other')",
        r"acct_\w+/jr_\w+",
    ),
    "captures_booked": Break(
        "UPDATE payments SET fee_minor = fee_minor + 1 WHERE captured_minor > 0", r"pi_\w+"
    ),
    "returns_booked": Break(
        "UPDATE payments SET status = 'returned', returned_at = now() WHERE captured_minor > 0",
        r"pi_\w+",
    ),
    "refunds_booked": Break("UPDATE refunds SET status = 'pending'", r"re_\w+"),
    "refund_sums": Break(
        "UPDATE payments SET refunded_minor = refunded_minor + 1 WHERE captured_minor > 0",
        r"pi_\w+",
    ),
    "limits": Break("UPDATE payments SET authorized_minor = amount_minor + 1", r"pi_\w+"),
    "status_has_money": Break(
        "UPDATE payments SET status = 'failed' WHERE captured_minor > 0", r"pi_\w+"
    ),
    "moves_have_events": Break("DELETE FROM events WHERE name = 'payment.captured'", r"pi_\w+"),
    "one_payment_per_session": Break(
        """ALTER TABLE payments DROP CONSTRAINT payments_merchant_id_session_id_key;
           UPDATE payments SET session_id = (SELECT max(session_id) FROM payments)""",
        r"cs_test_\w+",
        mend="ALTER TABLE payments ADD CONSTRAINT payments_merchant_id_session_id_key"
        " UNIQUE (merchant_id, session_id)",
    ),
    "sessions_agree": Break("UPDATE checkout_sessions SET status = 'expired'", r"cs_test_\w+"),
    "unknown_is_settled": Break(
        "UPDATE operations SET status = 'unknown', created_at = now() - interval '25 hours'",
        r"op_\w+",
    ),
    "append_only": Break(
        "ALTER TABLE events DISABLE TRIGGER events_append_only",
        r"events",
        mend="ALTER TABLE events ENABLE TRIGGER events_append_only",
    ),
}


@pytest.fixture
def life(deps: Deps, shop: Shop, queue: FakeQueue) -> None:
    """A checkout that was paid, and a payment that was refunded in part."""
    pay_checkout(deps, open_checkout(deps, shop))
    paid = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("10.00"), "user:robin"))
    queue.drain()
    books.close_books(deps)


@pytest.fixture
def owner(life: None, database_url: str) -> Iterator[psycopg.Connection]:
    """The database's owner, past triggers and foreign keys; everything is emptied afterwards."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
    servers.truncate_all(database_url)


def test_every_check_is_broken_by_a_test() -> None:
    assert list(BREAKS) == list(CHECKS)


def test_sound_books_prove_themselves(life: None) -> None:
    assert ledger.verify() == []


@pytest.mark.parametrize("name", CHECKS)
def test_a_broken_invariant_is_named_with_its_first_offender(
    owner: psycopg.Connection, database_url: str, name: str
) -> None:
    broken = BREAKS[name]
    [view] = owner.execute("SELECT pg_get_viewdef('ledger_entries'::regclass)").fetchone() or [""]
    owner.execute(broken.sql.encode())
    try:
        offences = {offence.check: offence for offence in ledger.verify()}
    finally:
        servers.truncate_all(database_url)
        mend = broken.mend
        if mend == "restore view":
            mend = f"CREATE OR REPLACE VIEW ledger_entries AS {view}"
        if mend:
            owner.execute(mend.encode())

    assert re.fullmatch(broken.offender, offences[name].offender)
    assert offences[name].count >= 1
    assert offences[name].meaning == CHECKS[name][0]
    assert ledger.verify() == []


@pytest.mark.parametrize("privilege", ["UPDATE", "DELETE", "TRUNCATE"])
def test_a_privilege_that_was_given_back_is_an_offence(
    owner: psycopg.Connection, privilege: str
) -> None:
    owner.execute(f"GRANT {privilege} ON postings TO farthing_app".encode())
    try:
        [offence] = ledger.verify()
    finally:
        owner.execute(f"REVOKE {privilege} ON postings FROM farthing_app".encode())

    assert (offence.check, offence.offender) == ("append_only", "postings")


def test_a_charge_without_a_journal_is_found(owner: psycopg.Connection) -> None:
    owner.execute("DELETE FROM postings")
    owner.execute("DELETE FROM journals")

    found = {offence.check: offence.count for offence in ledger.verify()}
    assert found["captures_booked"] == 2
    assert found["refunds_booked"] == 1


def test_a_journal_without_a_charge_is_found(owner: psycopg.Connection) -> None:
    owner.execute("DELETE FROM payments WHERE session_id IS NULL")

    assert "captures_booked" in {offence.check for offence in ledger.verify()}
