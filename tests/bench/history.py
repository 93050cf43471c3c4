"""A merchant's history, made by the database itself: as many payments as wanted, in about a hundred days.

Of twenty payments nineteen were taken at the first try and one was declined; two in fifty were never tried.
One in twenty-five was refunded a day later, seven in ten have a customer, and every day's money was released
two days later. Rows have the product's columns and ids; foreign keys and triggers are off meanwhile, and
published events are there for thirty days, as in service. The books are closed,
but for their seals: sums stand where the job that seals would have put them.
"""

import threading
from collections.abc import Sequence

import orjson
import psycopg

from app.domain import recipes
from app.domain.accounts import account_of
from app.store.books import FEE, GROSS, IS_OWN, WITH_FEE
from app.web.api.version import API_VERSION
from tests.bench import product
from tests.bench.samples import samples
from tests.bench.stage import BenchMerchant, Stage

DAYS = 100
_ACCOUNTS = (
    recipes.receivable("stripe"),
    recipes.PENDING,
    recipes.AVAILABLE,
    recipes.IN_TRANSIT,
    recipes.FEES,
    recipes.PROCESSOR_FEES,
)
CUSTOMERS_PER_PAYMENT = 0.1

# Ten characters for the milliseconds, as `domain.ids` writes them, and sixteen of a hash.
_CHARACTERS = " || ".join(
    "substr('0123456789abcdefghjkmnpqrstvwxyz',"
    f" ((floor(extract(epoch FROM at) * 1000)::bigint * 4 >> {shift}) & 31)::int + 1, 1)"
    for shift in range(45, -1, -5)
)
_BODY = f"""
    CREATE FUNCTION bench_body(at timestamptz, n bigint) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT {_CHARACTERS} || substr(md5(n::text), 1, 16)
    $$
"""

_SEED = """
    CREATE UNLOGGED TABLE bench_seed AS
    SELECT n, at, bench_body(at, n) AS body, bench_body(at + interval '1 day', n) AS later_body,
           CASE WHEN n % 50 IN (7, 33) THEN 'open' WHEN n % 20 = 19 THEN 'failed' ELSE 'captured' END
               AS status,
           n % 25 = 3 AND n % 50 NOT IN (7, 33) AND n % 20 <> 19 AS is_refunded,
           1000 + n % 9000 AS amount, (1000 + n % 9000) * 29 / 1000 + 30 AS fee,
           CASE WHEN n % 10 < 7 THEN (n * 7919) % greatest({customers}, 1) END AS customer
    FROM (SELECT n, now() - interval '{days} days' * (1 - n / ({count} + 1.0))
                 - interval '2 hours' AS at
          FROM generate_series(1::bigint, {count}) AS n) AS numbered
"""

_CUSTOMERS = """
    CREATE UNLOGGED TABLE bench_customers AS
    SELECT n, at, bench_body(at, n) AS body
    FROM (SELECT n, now() - interval '{days} days' * (1 - n / ({customers} + 1.0))
                 - interval '3 hours' AS at
          FROM generate_series(0::bigint, {customers} - 1) AS n) AS numbered
"""

# Two lists, since two connections write at once.
_FIRST = (
    """
    INSERT INTO customers (merchant_id, id, email, name, phone, description, metadata,
                           default_payment_method_id, created_at, updated_at, deleted_at)
    SELECT {merchant}, 'cus_' || body, 'customer' || n || '@example.com', 'Customer ' || n,
           '+1 555 0100', 'Buys walnut trays', '{{"tier": "gold"}}', 'pm_' || body, at, at,
           CASE WHEN n % 50 = 49 THEN at + interval '1 hour' END
    FROM bench_customers
    """,
    """
    INSERT INTO payment_methods (merchant_id, id, customer_id, processor, processor_account_id,
                                 processor_token, card_brand, card_last4, card_exp_month,
                                 card_exp_year, card_country, card_funding, card_fingerprint,
                                 created_at)
    SELECT {merchant}, 'pm_' || body, 'cus_' || body, 'stripe', {account}, 'pm_kept_' || n, 'visa',
           '4242', 12, 2034, 'US', 'credit', 'Xt5EWLLDS7FJjR1c', at
    FROM bench_customers
    """,
    """
    INSERT INTO payments (merchant_id, id, version, client_key, status, amount_minor, currency,
                          capture_method, authorized_minor, captured_minor, refunded_minor, fee_minor,
                          fee_schedule, processor, processor_account_id, processor_reference,
                          processor_charge_reference, processor_fee_minor, description,
                          customer_email, metadata, card_brand, card_last4, card_exp_month,
                          card_exp_year, card_country, card_funding, card_fingerprint,
                          card_cvc_check, authorization_code, decline_reason, decline_code,
                          available_on, created_at, updated_at, captured_at, attempt_id,
                          charge_attempt_id, customer_id, payment_method, fee_parts)
    SELECT {merchant}, 'pi_' || s.body, 2, 'POST /payments ' || md5(s.n::text), s.status, s.amount,
           'USD', 'automatic', took, took, CASE WHEN is_refunded THEN 1000 ELSE 0 END,
           CASE WHEN took > 0 THEN s.fee ELSE 0 END, 'card-standard-1', 'stripe', {account},
           CASE WHEN s.status <> 'open' THEN 'pi_' || md5(s.n::text) END,
           CASE WHEN took > 0 THEN 'ch_' || md5(s.n::text) END, CASE WHEN took > 0 THEN 85 END,
           'Order of a walnut tray', 'customer' || s.customer || '@example.com',
           jsonb_build_object('order', 'A-' || s.n), card.*,
           CASE s.status WHEN 'failed' THEN 'funds' END,
           CASE s.status WHEN 'failed' THEN 'insufficient_funds' END,
           CASE WHEN took > 0 THEN s.at::date + 2 END, s.at, s.at,
           CASE WHEN took > 0 THEN s.at END,
           CASE WHEN s.status <> 'open' THEN 'op_' || s.body END,
           CASE WHEN s.status <> 'open' THEN 'op_' || s.body END, 'cus_' || c.body,
           CASE WHEN s.status <> 'open' THEN 'pm_card_visa' END,
           CASE WHEN took > 0 THEN jsonb_build_array(
               jsonb_build_object('name', 'base', 'minor', s.fee - 30, 'basis_points', 290),
               jsonb_build_object('name', 'fixed', 'minor', 30, 'basis_points', NULL))
           ELSE '[]' END
    FROM bench_seed s
    LEFT JOIN bench_customers c ON c.n = s.customer
    CROSS JOIN LATERAL (SELECT CASE s.status WHEN 'captured' THEN s.amount ELSE 0 END AS took) taken
    LEFT JOIN (SELECT 'visa', '4242', 12, 2034, 'US', 'credit', 'Xt5EWLLDS7FJjR1c', 'pass', '123456')
        AS card ON s.status = 'captured'
    ORDER BY s.n
    """,
    """
    INSERT INTO idempotency_keys (merchant_id, scope, key, request_hash, state, lease_token,
                                  leased_until, subject_id, is_forgotten, created_at, finished_at)
    SELECT {merchant}, 'POST /payments', md5(n::text), '\\x00', 'finished', 'none', at,
           'pi_' || body, true, at, at
    FROM bench_seed WHERE status <> 'open'
    """,
)

_SECOND = (
    """
    INSERT INTO accounts (merchant_id, code, currency, kind, normal_side)
    SELECT {merchant}, code, 'USD', kind, side
    FROM (VALUES {accounts}) AS opened(code, kind, side)
    """,
    """
    INSERT INTO operations (merchant_id, id, payment_id, kind, status, amount_minor,
                            payment_method_token, reason, reached_bank, actor, error,
                            next_attempt_at, created_at, finished_at)
    SELECT {merchant}, 'op_' || body, 'pi_' || body, 'authorize',
           CASE status WHEN 'failed' THEN 'failed' ELSE 'succeeded' END, amount, 'pm_card_visa',
           CASE status WHEN 'failed' THEN 'funds' END, true, 'api:bench',
           CASE status WHEN 'failed' THEN 'insufficient_funds' END, at, at, at
    FROM bench_seed WHERE status <> 'open' ORDER BY n
    """,
    """
    INSERT INTO refunds (merchant_id, id, payment_id, status, amount_minor, currency, reason,
                         requested_by, origin, processor_reference, attempts, created_at, updated_at)
    SELECT {merchant}, 're_' || later_body, 'pi_' || body, 'succeeded', 1000, 'USD',
           'requested_by_customer', 'api:bench', 'api', 're_' || md5(n::text), 1,
           at + interval '1 day', at + interval '1 day'
    FROM bench_seed WHERE is_refunded ORDER BY n
    """,
    """
    INSERT INTO events (merchant_id, id, name, subject_type, subject_id, payment_id, actor, data,
                        event_at, created_at)
    SELECT {merchant}, 'evt_' || body, 'payment.' || status, 'payment', 'pi_' || body,
           'pi_' || body, 'api:bench', '{{"currency": "USD"}}', at, at
    FROM bench_seed ORDER BY n
    """,
    # The second journal of a fact has the same id but for its last character.
    """
    INSERT INTO journals (merchant_id, id, event, source_id, payment_id, event_at, created_at)
    SELECT {merchant}, 'jr_' || j.body, j.event, j.source_id, 'pi_' || s.body, j.at, j.at
    FROM bench_seed s CROSS JOIN LATERAL (VALUES
        (s.body, 'payment_captured', 'pi_' || s.body, s.at, true),
        (left(s.body, 25) || 'z', 'processor_fee_charged', 'pi_' || s.body, s.at, true),
        (s.later_body, 'refund_requested', 're_' || s.later_body, s.at + interval '1 day',
         s.is_refunded),
        (left(s.later_body, 25) || 'z', 'refund_settled', 're_' || s.later_body,
         s.at + interval '1 day', s.is_refunded)) AS j(body, event, source_id, at, is_there)
    WHERE s.status = 'captured' AND j.is_there ORDER BY s.n
    """,
    """
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at, created_at)
    SELECT {merchant}, 'jr_' || p.body, p.line, p.debit, p.credit, 'USD', p.amount,
           p.at::date + 2, p.at, p.at
    FROM bench_seed s CROSS JOIN LATERAL (VALUES
        (s.body, 1, 'processor_receivable:stripe', 'merchant_pending', s.amount, s.at, true),
        (s.body, 2, 'merchant_pending', 'platform_fees', s.fee, s.at, true),
        (left(s.body, 25) || 'z', 1, 'processor_fees', 'processor_receivable:stripe', 85, s.at, true),
        (s.later_body, 1, 'merchant_pending', 'refunds_in_transit', 1000, s.at + interval '1 day',
         s.is_refunded),
        (left(s.later_body, 25) || 'z', 1, 'refunds_in_transit', 'processor_receivable:stripe', 1000,
         s.at + interval '1 day', s.is_refunded))
        AS p(body, line, debit, credit, amount, at, is_there)
    WHERE s.status = 'captured' AND p.is_there ORDER BY s.n
    """,
    """
    WITH days AS (
        SELECT available_on, bench_body(available_on + interval '1 hour', 0) AS body,
               sum(CASE WHEN credit = 'merchant_pending' THEN amount_minor ELSE -amount_minor END)
                   AS net
        FROM postings WHERE 'merchant_pending' IN (debit, credit) AND available_on < now()::date
        GROUP BY available_on
    ), released AS (
        INSERT INTO journals (merchant_id, id, event, source_id, event_at, created_at)
        SELECT {merchant}, 'jr_' || body, 'funds_released', 'USD ' || available_on, available_on,
               available_on
        FROM days
    ), balance AS (
        INSERT INTO account_balances (merchant_id, code, currency, balance_minor)
        SELECT {merchant}, 'merchant_available', 'USD', sum(net) FROM days
    )
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at, created_at)
    SELECT {merchant}, 'jr_' || body, 1, 'merchant_pending', 'merchant_available', 'USD', net,
           available_on, available_on, available_on
    FROM days
    """,
    """
    INSERT INTO books (merchant_id, sealed_seq, seals, head)
    SELECT {merchant}, max(seq), 0, decode(repeat('00', 32), 'hex') FROM journals
    """,
    "UPDATE ledger_horizon SET sealed_seq = (SELECT max(seq) FROM journals)",
    """
    INSERT INTO account_days (merchant_id, code, currency, day, debit_minor, credit_minor)
    SELECT {merchant}, side.code, p.currency, (p.created_at AT TIME ZONE 'UTC')::date,
           sum(side.debit), sum(side.credit)
    FROM postings p CROSS JOIN LATERAL
        (VALUES (p.debit, p.amount_minor, 0), (p.credit, 0, p.amount_minor))
        AS side (code, debit, credit)
    GROUP BY 2, 3, 4
    """,
    """
    INSERT INTO account_hours (merchant_id, code, currency, hour, debit_minor, credit_minor)
    SELECT {merchant}, side.code, p.currency, date_trunc('hour', p.created_at),
           sum(side.debit), sum(side.credit)
    FROM postings p CROSS JOIN LATERAL
        (VALUES (p.debit, p.amount_minor, 0), (p.credit, 0, p.amount_minor))
        AS side (code, debit, credit)
    GROUP BY 2, 3, 4
    """,
    f"""
    INSERT INTO movement_hours (merchant_id, currency, event, hour, moves, gross_minor, fee_minor,
                                with_fee)
    SELECT {{merchant}}, p.currency, j.event, date_trunc('hour', p.created_at),
           count(DISTINCT p.journal_id), {GROSS}, {FEE}, {WITH_FEE}
    FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    WHERE j.event <> 'funds_released' AND {IS_OWN} GROUP BY 2, 3, 4
    """,
    """
    INSERT INTO pending_days (merchant_id, currency, available_on, net_minor)
    SELECT {merchant}, currency, available_on,
           sum(CASE WHEN credit = 'merchant_pending' THEN amount_minor ELSE -amount_minor END)
    FROM postings WHERE 'merchant_pending' IN (debit, credit) GROUP BY 2, 3
    """,
    """
    INSERT INTO public_events (merchant_id, id, type, object_id, source_event_id, body, created_at,
                               published_at)
    SELECT {merchant}, 'evt_' || body, type, 'pi_' || body, 'evt_' || body,
           convert_to(replace(replace({event}, '{{body}}', body), '{{type}}', type), 'UTF8'), at, at
    FROM bench_seed CROSS JOIN LATERAL (SELECT CASE status
        WHEN 'captured' THEN 'payment_intent.succeeded'
        WHEN 'failed' THEN 'payment_intent.payment_failed' ELSE 'payment_intent.created' END AS type
    ) told
    WHERE at > now() - interval '30 days' ORDER BY n
    """,
)


def fill(stage: Stage, count: int) -> None:
    """Give the stage's first merchant a history of `count` payments; nothing else is in the database."""
    merchant = stage.merchants[0]
    values = {
        "count": count,
        "customers": max(int(count * CUSTOMERS_PER_PAYMENT), 1),
        "days": DAYS,
        "merchant": f"'{merchant.id}'",
        "account": f"'{merchant.account_id}'",
        "accounts": ", ".join(
            f"('{code}', '{account_of(code).kind}', '{account_of(code).normal}')"
            for code in _ACCOUNTS
        ),
        "event": "'" + _event(stage, merchant).replace("'", "''") + "'",
    }
    _write(stage, (_BODY,), {})
    _write(stage, (_SEED, _CUSTOMERS), values)
    problems: list[Exception] = []

    def write(statements: Sequence[str]) -> None:
        try:
            _write(stage, statements, values)
        except psycopg.Error as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(one,)) for one in (_FIRST, _SECOND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    _write(stage, ("DROP TABLE bench_seed, bench_customers", "VACUUM ANALYZE", "CHECKPOINT"), {})


def _write(stage: Stage, statements: Sequence[str], values: dict[str, object]) -> None:
    with psycopg.connect(stage.database_url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute((statement.format(**values) if values else statement).encode())


def _event(stage: Stage, merchant: BenchMerchant) -> str:
    """A published event with places for the payment's own part of its ids."""
    app = product.build(stage.settings)
    with app.app_context():
        now = app.extensions["farthing"].clock.now()
        sample = samples([merchant], 1, now)[0]
    answer = sample.outcome.answer
    if answer is None:
        raise AssertionError("a sample has an answer")
    told = orjson.loads(answer.body) | {"id": "pi_{body}", "latest_charge": "ch_{body}"}
    told |= {"payment_method": "pm_{body}"}
    body = {
        "id": "evt_{body}",
        "object": "event",
        "api_version": API_VERSION,
        "created": told["created"],
        "data": {"object": told},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "{type}",
    }
    return orjson.dumps(body).decode()
