"""`ledger verify` names the first offender of every invariant: each is broken here, as only the
owner of the database can, with the guards asleep.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest

from app.domain.money import Money
from app.domain.onward import Onward
from app.services import books, fx, ledger
from app.services.audit import SYSTEM, By
from app.services.deps import Deps
from app.services.merchants import ChooseSettlement, choose_settlement
from app.services.payout_terms import SetReserve, set_reserve
from app.services.payouts import CreatePayout, create_payout
from app.services.refunds import RequestRefund, request_refund
from app.services.transfers import ReverseTransfer, reverse_transfer
from app.store.ledger_checks import CHECKS
from tests import servers
from tests.factories import (
    FakeQueue,
    Shop,
    TestClock,
    make_payment,
    open_checkout,
    pay_checkout,
    usd,
    verified_bank_account,
)
from tests.services.escrow_world import market


@dataclass(frozen=True)
class Break:
    """How an invariant is broken, what is named then, and how it is mended if not by emptying."""

    sql: str
    offender: str
    mend: str = ""


# A fact that nobody booked, and whose it is.
_FACT = """INSERT INTO payer_facts (merchant_id, id, payer_id, external_id, kind, amount_minor, currency,
                                   event_at, created_at)
           SELECT id, 'bf_lost', 'bp_lost', 'txn_lost', '{kind}', {minor}, 'EUR', now(), now()
           FROM merchants LIMIT 1;"""
_PAYER = """INSERT INTO bank_payers (merchant_id, id, processor, processor_account_id,
                                     processor_reference, customer_id, created_at)
            SELECT merchant_id, 'bp_lost', 'stripe', 'pac_lost', 'theirs', 'cus_lost', now()
            FROM payer_facts"""
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
        "UPDATE account_balances SET balance_minor = balance_minor + 1"
        " WHERE code = 'merchant_available'",
        r"acct_\w+/merchant_available/USD",
    ),
    "sums_follow_seals": Break(
        "UPDATE account_days SET debit_minor = debit_minor + 1 WHERE code = 'merchant_pending'",
        r"acct_\w+/merchant_pending/[A-Z]{3}/\d{4}-\d\d-\d\d",
    ),
    "hours_follow_seals": Break(
        "UPDATE movement_hours SET gross_minor = gross_minor + 1",
        r"acct_\w+/\w+",
    ),
    "pending_follows_seals": Break(
        "UPDATE pending_days SET net_minor = net_minor + 1",
        r"acct_\w+/[A-Z]{3}/\d{4}-\d\d-\d\d",
    ),
    "seals_are_whole": Break(
        "UPDATE seals SET journal_ids = array_replace(journal_ids, journal_ids[1], 'jr_other')",
        r"acct_\w+/jr_\w+",
    ),
    "captures_booked": Break(
        "UPDATE payments SET fee_minor = fee_minor + 1 WHERE captured_minor > 0", r"pi_\w+"
    ),
    "fees_add_up": Break(
        "UPDATE payments SET fee_parts = jsonb_set(fee_parts, '{0,minor}', '1')"
        " WHERE captured_minor > 0",
        r"pi_\w+",
    ),
    "fee_schedules_known": Break("UPDATE payments SET fee_schedule = 'fee_lost'", r"pi_\w+"),
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
    "micro_deposits_booked": Break("UPDATE micro_deposits SET status = 'failed'", r"md_\w+"),
    "unknown_is_settled": Break(
        "UPDATE operations SET status = 'unknown', created_at = now() - interval '25 hours'",
        r"op_\w+",
    ),
    "append_only": Break(
        "ALTER TABLE events DISABLE TRIGGER events_append_only",
        r"events",
        mend="ALTER TABLE events ENABLE TRIGGER events_append_only",
    ),
    "payouts_are_their_lines": Break(
        "UPDATE payouts SET gross_minor = gross_minor + 1, carried_minor = carried_minor + 1"
        " WHERE number = 2",
        r"po_\w+",
    ),
    "payout_lines_are_journals": Break(
        "UPDATE payout_lines SET fee_minor = fee_minor + 1 WHERE event = 'payment_captured'",
        r"po_\w+/jr_\w+",
    ),
    "payouts_follow_each_other": Break(
        "UPDATE payouts SET opening_minor = opening_minor + 1, carried_minor = carried_minor + 1"
        " WHERE number = 2",
        r"po_\w+",
    ),
    "payouts_booked": Break("UPDATE payouts SET status = 'paid'", r"po_\w+"),
    "reserves_are_kept": Break(
        "UPDATE reserves SET amount_minor = amount_minor + 1", r"acct_\w+/USD"
    ),
    "conversions_booked": Break(
        "DELETE FROM journals WHERE event = 'money_converted_out'", r"pi_\w+"
    ),
    "conversions_at_rate": Break("UPDATE fx_rates SET value = value * 1.01", r"pi_\w+"),
    "escrow_is_held": Break("UPDATE escrow_holds SET held_minor = held_minor + 1", r"esc_\w+"),
    "escrow_is_booked": Break(
        "UPDATE escrow_holds SET refunded_minor = refunded_minor + 1", r"esc_\w+"
    ),
    "escrow_status": Break("UPDATE escrow_holds SET status = 'released'", r"esc_\w+"),
    "escrow_sums": Break("UPDATE escrow_releases SET amount_minor = amount_minor + 1", r"esc_\w+"),
    "releases_are_shared_out": Break(
        "UPDATE transfers SET commission_minor = commission_minor + 1", r"rel_\w+"
    ),
    "transfers_arrive": Break("UPDATE transfers SET amount_minor = amount_minor + 1", r"tr_\w+"),
    "onward_is_sent": Break(
        "UPDATE onward_payments SET amount_minor = amount_minor - 1", r"pi_\w+"
    ),
    "reversals_within_transfers": Break(
        "UPDATE transfers SET reversed_minor = reversed_minor + 1", r"tr_\w+"
    ),
    "transfers_clear": Break("DELETE FROM postings WHERE debit = 'transfers'", "USD"),
    "payer_facts_booked": Break(_FACT.format(kind="received", minor=700), r"txn_lost"),
    "transfers_applied": Break(
        "UPDATE payments SET method = 'bank_transfer' WHERE captured_minor > 0", r"pi_\w+"
    ),
    "customers_money_is_theirs": Break(
        _FACT.format(kind="received", minor=700) + _PAYER, r"acct_\w+/EUR"
    ),
    "payers_have_what_they_sent": Break(
        _FACT.format(kind="returned", minor=-700), r"acct_\w+/bp_lost/EUR"
    ),
}


@pytest.fixture
def life(deps: Deps, shop: Shop, queue: FakeQueue, clock: TestClock) -> None:
    """A checkout that was paid, a refund in part, a bank account, two payouts with a reserve."""
    pay_checkout(deps, open_checkout(deps, shop))
    paid = make_payment(deps, shop)
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("10.00"), "user:robin"))
    choose_settlement(deps, ChooseSettlement(shop.merchant_id, (), SYSTEM))
    fx.fetch_rates(deps)
    make_payment(deps, shop, amount=Money(5000, "EUR"))
    town = market(deps, shop)
    make_payment(deps, shop, escrow=Onward(town.ann, application_fee_minor=100))
    [transfer_id] = town.release(town.sell(), "12.00", commission="1.00").transfer_ids
    reverse_transfer(
        deps, ReverseTransfer(shop.merchant_id, transfer_id, "trr_1", "user:robin", usd("3.00"))
    )
    queue.drain()
    clock.advance(timedelta(days=6))
    verified_bank_account(deps, shop)
    set_reserve(deps, SetReserve(shop.merchant_id, "USD", 1_000, 30, By("user:robin")))
    for _ in range(2):
        create_payout(deps, CreatePayout(shop.merchant_id, "USD", "user:robin", usd("5.00")))
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
    assert found["captures_booked"] == 5
    assert found["refunds_booked"] == 1


def test_a_journal_without_a_charge_is_found(owner: psycopg.Connection) -> None:
    owner.execute("DELETE FROM payments WHERE session_id IS NULL")

    assert "captures_booked" in {offence.check for offence in ledger.verify()}
