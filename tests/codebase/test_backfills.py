"""What older rows say after a migration that gave them more columns."""

from datetime import UTC, datetime

import psycopg
import pytest

from app.store import migrate
from tests.servers import Servers, empty_database

NOW = datetime(2026, 3, 5, tzinfo=UTC)
# Tries as they were written before: status, reason and error of the call.
FUNDS = ("failed", "funds", "insufficient_funds")
UNASKED = ("failed", "technical", "not_processed")
NO_METHOD = ("failed", "generic", "resource_missing")
NO_PROOF = ("failed", "authenticate", "payment_intent_authentication_failure")
PAID = ("succeeded", None, None)


@pytest.mark.parametrize(
    "tries, authorized, charges, latest",
    [
        ([PAID], 500, ["op_1"], "op_1"),
        ([FUNDS, PAID], 500, ["op_1", "op_2"], "op_2"),
        ([FUNDS, UNASKED], 0, ["op_1"], "op_1"),
        ([UNASKED], 0, [], None),
        ([NO_METHOD, NO_PROOF], 0, [], None),
    ],
)
def test_charges_made_before_are_told_as_before(
    servers: Servers,
    tries: list[tuple[str, str | None, str | None]],
    authorized: int,
    charges: list[str],
    latest: str | None,
) -> None:
    url = empty_database(servers, f"backfill_{servers.worker}")
    migrate.upgrade(url, "0015_event_requests")
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            """
            INSERT INTO payments (merchant_id, id, status, amount_minor, currency, capture_method,
                                  authorized_minor, fee_schedule, processor, processor_account_id,
                                  attempt_id, created_at, updated_at)
            VALUES ('acct_1', 'pi_1', 'failed', 500, 'USD', 'automatic', %s, 'f', 'stripe', 'pac_1',
                    %s, %s, %s)
            """,
            (authorized, f"op_{len(tries)}", NOW, NOW),
        )
        for number, one in enumerate(tries, start=1):
            connection.execute(
                """
                INSERT INTO operations (merchant_id, id, payment_id, kind, status, reason, error,
                                        amount_minor, actor, next_attempt_at, created_at)
                VALUES ('acct_1', %s, 'pi_1', 'authorize', %s, %s, %s, 500, 'api', %s, %s)
                """,
                (f"op_{number}", *one, NOW, NOW),
            )

    migrate.upgrade(url, "0016_what_may_be_told")

    with psycopg.connect(url) as connection:
        query = "SELECT id FROM operations WHERE reached_bank ORDER BY id"
        assert [row[0] for row in connection.execute(query)] == charges
        query = "SELECT charge_attempt_id FROM payments"
        assert [row[0] for row in connection.execute(query)] == [latest]
