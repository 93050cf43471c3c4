"""The statements of the payment path. Each is one unit of work and one round trip.

Written once as text: the planner sees the same statement every time and each connection prepares it
once.
"""

from app.store.path_rows import CARD_COLUMNS, OPERATION_COLUMNS, PLAIN_COLUMNS, READ_COLUMNS

_TYPES = {
    "authorized_minor": "bigint",
    "captured_minor": "bigint",
    "fee_minor": "bigint",
    "processor_fee_minor": "bigint",
    "metadata": "jsonb",
    "needs_reversal": "boolean",
    "available_on": "date",
    "capture_before": "timestamptz",
    "captured_at": "timestamptz",
    "created_at": "timestamptz",
    "card_exp_month": "smallint",
    "card_exp_year": "smallint",
}

_COLUMNS = (*PLAIN_COLUMNS, "status", "amount_minor", "currency", "decline_reason", *CARD_COLUMNS)
_TYPES["amount_minor"] = "bigint"

# What an outcome may change; the rest of the row was settled by its intent.
_CHANGEABLE = (
    "status",
    "authorized_minor",
    "captured_minor",
    "fee_minor",
    "processor_reference",
    "processor_charge_reference",
    "processor_fee_minor",
    "client_secret",
    "decline_reason",
    "decline_code",
    "cancel_reason",
    "needs_reversal",
    "available_on",
    "capture_before",
    "captured_at",
    *CARD_COLUMNS,
)


def _record(extra: str) -> str:
    """The JSON document's rows as a record set: the payment's columns and `extra` ones."""
    columns = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COLUMNS)
    return f"json_to_recordset(doc->'rows') AS t(ord int, {columns}, {extra})"


_EVENTS = """
    json_to_recordset(doc->'events') AS e(ord int, id text, name text, subject_type text,
        subject_id text, payment_id text, actor text, data jsonb, event_at timestamptz)
"""

_EVENT_COLUMNS = (
    "merchant_id, id, name, subject_type, subject_id, payment_id, actor, data, event_at, created_at"
)

BEGIN_NEW = f"""
WITH document AS MATERIALIZED (SELECT %s::json AS doc),
input AS MATERIALIZED (
    SELECT t.* FROM document, {
    _record(
        "client_key text, fee_schedule text, actor text, at timestamptz, session_must_be_open boolean,"
        " key text, request_hash text, lease_token text, lease_seconds int, api_key_hash text,"
        " operation_id text, operation_kind text, operation_token text, operation_return_url text"
    )
}
), allowed AS MATERIALIZED (
    SELECT i.* FROM input i
    WHERE i.api_key_hash IS NULL OR EXISTS (
        SELECT FROM api_keys a
        WHERE a.key_hash = decode(i.api_key_hash, 'hex') AND a.revoked_at IS NULL
          AND a.merchant_id = i.merchant_id)
), open_session AS MATERIALIZED (
    SELECT s.merchant_id, s.id FROM checkout_sessions s JOIN allowed i
        ON i.session_must_be_open AND s.merchant_id = i.merchant_id AND s.id = i.session_id
    WHERE s.status = 'open' AND s.expires_at > i.at
    FOR UPDATE OF s
), claimed AS (
    INSERT INTO idempotency_keys
        (merchant_id, key, request_hash, state, lease_token, leased_until, subject_id, created_at)
    SELECT merchant_id, key, decode(request_hash, 'hex'), 'started', lease_token,
           now() + make_interval(secs => lease_seconds), id, at
    FROM allowed WHERE key IS NOT NULL
    ON CONFLICT (merchant_id, key) DO NOTHING
    RETURNING merchant_id, key
), go AS MATERIALIZED (
    SELECT i.* FROM allowed i
    WHERE (i.key IS NULL OR EXISTS (
              SELECT FROM claimed c WHERE c.merchant_id = i.merchant_id AND c.key = i.key))
      AND (NOT i.session_must_be_open OR EXISTS (
              SELECT FROM open_session s WHERE s.merchant_id = i.merchant_id AND s.id = i.session_id))
), new_payment AS (
    INSERT INTO payments ({", ".join(PLAIN_COLUMNS)}, status, amount_minor, currency, client_key,
                          fee_schedule, updated_at)
    SELECT {", ".join(PLAIN_COLUMNS)}, status, amount_minor, currency, client_key, fee_schedule, at
    FROM go
), new_operation AS (
    INSERT INTO operations (merchant_id, id, payment_id, kind, status, amount_minor,
                            payment_method_token, return_url, actor, next_attempt_at, created_at)
    SELECT merchant_id, operation_id, id, operation_kind, 'requested', amount_minor, operation_token,
           operation_return_url,
           actor, at + make_interval(secs => coalesce(lease_seconds, 60)), at
    FROM go WHERE operation_id IS NOT NULL
), new_events AS (
    INSERT INTO events ({_EVENT_COLUMNS})
    SELECT go.merchant_id, e.id, e.name, e.subject_type, e.subject_id, e.payment_id, e.actor, e.data,
           e.event_at, e.event_at
    FROM document, {_EVENTS} JOIN go ON go.ord = e.ord
)
SELECT i.ord, go.ord IS NOT NULL, allowed.ord IS NOT NULL, k.state, k.request_hash, k.subject_id,
       coalesce(k.leased_until > now(), false), k.response_status, k.response_body
FROM input i
LEFT JOIN allowed ON allowed.ord = i.ord
LEFT JOIN go ON go.ord = i.ord
LEFT JOIN idempotency_keys k ON k.merchant_id = i.merchant_id AND k.key = i.key
""".encode()

BEGIN_OPERATION = f"""
WITH document AS MATERIALIZED (SELECT %s::json AS doc),
input AS MATERIALIZED (
    SELECT t.* FROM document, json_to_record(doc->'row') AS t(
        merchant_id text, payment_id text, version int, status text, at timestamptz, actor text,
        session_id text, session_must_be_open boolean, customer_email text, customer_name text,
        operation_id text, kind text, amount_minor bigint, token text, return_url text, reason text,
        next_attempt_at timestamptz)
), open_session AS MATERIALIZED (
    SELECT s.id FROM checkout_sessions s JOIN input i
        ON s.merchant_id = i.merchant_id AND s.id = i.session_id
    WHERE i.session_must_be_open AND s.status = 'open' AND s.expires_at > i.at
    FOR UPDATE OF s
), moved AS (
    UPDATE payments p
    SET status = i.status, version = p.version + 1, updated_at = i.at,
        customer_email = coalesce(i.customer_email, p.customer_email),
        customer_name = coalesce(i.customer_name, p.customer_name)
    FROM input i
    WHERE p.merchant_id = i.merchant_id AND p.id = i.payment_id AND p.version = i.version
      AND (NOT i.session_must_be_open OR EXISTS (SELECT FROM open_session))
    RETURNING p.merchant_id, p.id
), new_operation AS (
    INSERT INTO operations (merchant_id, id, payment_id, kind, status, amount_minor,
                            payment_method_token, return_url, reason, actor, next_attempt_at,
                            created_at)
    SELECT m.merchant_id, i.operation_id, m.id, i.kind, 'requested', i.amount_minor, i.token,
           i.return_url, i.reason,
           i.actor, i.next_attempt_at, i.at
    FROM moved m, input i
), new_events AS (
    INSERT INTO events ({_EVENT_COLUMNS})
    SELECT m.merchant_id, e.id, e.name, e.subject_type, e.subject_id, e.payment_id, e.actor, e.data,
           e.event_at, e.event_at
    FROM moved m, document, {_EVENTS}
)
SELECT id FROM moved
""".encode()

RECORD = f"""
WITH document AS MATERIALIZED (SELECT %s::json AS doc),
input AS MATERIALIZED (
    SELECT t.* FROM document, {
    _record(
        "expected_version int, at timestamptz, operation_id text, operation_status text,"
        " operation_error text, next_attempt_at timestamptz, key text, lease_token text,"
        " response_status smallint, response_body text, inbox_id text, session_completed boolean"
    )
}
), moved AS (
    UPDATE payments p
    SET version = p.version + 1, updated_at = i.at,
        {", ".join(f"{name} = i.{name}" for name in _CHANGEABLE)}
    FROM input i
    WHERE p.merchant_id = i.merchant_id AND p.id = i.id AND p.version = i.expected_version
    RETURNING i.ord, p.merchant_id, p.id
), operation AS (
    UPDATE operations o
    SET status = i.operation_status, error = i.operation_error,
        next_attempt_at = coalesce(i.next_attempt_at, o.next_attempt_at),
        finished_at = CASE WHEN i.operation_status IN ('succeeded', 'failed') THEN i.at END
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE o.merchant_id = i.merchant_id AND o.id = i.operation_id
), session AS (
    UPDATE checkout_sessions s SET status = 'complete', completed_at = i.at
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE i.session_completed AND s.merchant_id = i.merchant_id AND s.id = i.session_id
), answer AS (
    UPDATE idempotency_keys k
    SET state = 'finished', response_status = i.response_status,
        response_body = convert_to(i.response_body, 'UTF8'), finished_at = i.at
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE k.merchant_id = i.merchant_id AND k.key = i.key AND k.lease_token = i.lease_token
      AND k.state = 'started'
), news AS (
    UPDATE inbox n SET status = 'handled', handled_at = i.at, error = NULL
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE n.merchant_id = i.merchant_id AND n.id = i.inbox_id
), new_journals AS (
    INSERT INTO journals (merchant_id, id, event, source_id, payment_id, event_at, created_at)
    SELECT m.merchant_id, j.id, j.event, j.source_id, j.payment_id, j.at, j.at
    FROM document, json_to_recordset(doc->'journals')
        AS j(ord int, id text, event text, source_id text, payment_id text, at timestamptz)
    JOIN moved m ON m.ord = j.ord
), new_postings AS (
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at, created_at)
    SELECT m.merchant_id, t.journal_id, t.line, t.debit, t.credit, t.currency, t.amount_minor,
           t.available_on, t.at, t.at
    FROM document, json_to_recordset(doc->'postings')
        AS t(ord int, journal_id text, line smallint, debit text, credit text, currency text,
             amount_minor bigint, available_on date, at timestamptz)
    JOIN moved m ON m.ord = t.ord
), new_events AS (
    INSERT INTO events ({_EVENT_COLUMNS})
    SELECT m.merchant_id, e.id, e.name, e.subject_type, e.subject_id, e.payment_id, e.actor, e.data,
           e.event_at, e.event_at
    FROM document, {_EVENTS} JOIN moved m ON m.ord = e.ord
)
SELECT ord FROM moved
""".encode()

OPEN_ACCOUNTS = b"""
INSERT INTO accounts (merchant_id, code, currency, kind, normal_side)
SELECT t.* FROM json_to_recordset(%s::json->'rows')
    AS t(merchant_id text, code text, currency text, kind text, normal_side text)
ON CONFLICT DO NOTHING
RETURNING code
"""

_LOAD = (
    f"SELECT {', '.join('p.' + name for name in READ_COLUMNS)},"
    f" {', '.join('o.' + name for name in OPERATION_COLUMNS)}"
    " FROM payments p LEFT JOIN operations o ON o.merchant_id = p.merchant_id"
    " AND o.payment_id = p.id AND o.status IN ('requested', 'unknown')"
    " WHERE p.merchant_id = %s AND "
)

LOAD_BY_ID = (_LOAD + "p.id = %s").encode()
LOAD_BY_SESSION = (_LOAD + "p.session_id = %s").encode()
LOAD_BY_REFERENCE = (_LOAD + "p.processor_account_id = %s AND p.processor_reference = %s").encode()

TAKE_OVER = b"""
UPDATE idempotency_keys
SET lease_token = %s, leased_until = now() + make_interval(secs => %s)
WHERE merchant_id = %s AND key = %s AND state = 'started' AND leased_until <= now()
"""

RELEASE_KEY = b"""
UPDATE idempotency_keys SET leased_until = now()
WHERE merchant_id = %s AND key = %s AND lease_token = %s AND state = 'started'
"""

FINISH_KEY = b"""
UPDATE idempotency_keys
SET state = 'finished', response_status = %s, response_body = %s, finished_at = now()
WHERE merchant_id = %s AND key = %s AND lease_token = %s AND state = 'started'
"""
