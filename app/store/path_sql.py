"""The statements of the payment path. Each is one unit of work and one round trip.

A statement is written for the shape of its rows: what is not needed (a checkout's row, a webhook's) is not in
it, since every part costs executor time even when it finds nothing. There are few shapes, each is built
once, and each connection prepares it once.
"""

from functools import cache

from app.store.path_plans import HOLD, ONWARD
from app.store.path_rows import CHANGEABLE_COLUMNS, OPERATION_COLUMNS, READ_COLUMNS
from app.store.path_source import (
    AS_JSON,
    EVENTS,
    INTENTS,
    JOURNALS,
    OUTCOMES,
    POSTINGS,
    IntentShape,
    OutcomeShape,
    Source,
)


def _input(source: Source, count: int) -> str:
    """The rows themselves. A single row is folded into each use as constants; a document is read once."""
    kept = "MATERIALIZED" if count == AS_JSON else "NOT MATERIALIZED"
    return f"input AS {kept} (SELECT * FROM {source.item(1, count)})"


def _new_events(owner: str, first: int, count: int, name: str = "e.name") -> str:
    return f"""new_events AS (
    INSERT INTO events (merchant_id, id, name, subject_type, subject_id, payment_id, actor, data,
                        event_at, created_at, request_id, idempotency_key)
    SELECT o.merchant_id, e.id, {name}, e.subject_type, e.subject_id, o.id, o.actor, e.data, o.at, o.at,
           e.request_id, e.idempotency_key
    FROM {EVENTS.item(first, count)} JOIN {owner} o ON o.ord = e.ord
    RETURNING merchant_id, id
), to_publish AS (
    INSERT INTO outbox (merchant_id, event_id) SELECT merchant_id, id FROM new_events
)"""


_ALLOWED = """allowed AS MATERIALIZED (
    SELECT i.ord FROM input i
    WHERE i.api_key_hash IS NULL OR EXISTS (
        SELECT FROM api_keys a
        WHERE a.key_hash = i.api_key_hash AND a.revoked_at IS NULL
          AND (a.expires_at IS NULL OR a.expires_at > i.at)
          AND (a.allowed_networks = '{}'
               OR i.client_address <<= ANY (a.allowed_networks::inet[]))
          AND a.merchant_id = i.merchant_id)
)"""

_ALL_ALLOWED = "allowed AS MATERIALIZED (SELECT ord FROM input)"

_OPEN_SESSION = """open_session AS MATERIALIZED (
    SELECT s.merchant_id, s.id FROM checkout_sessions s JOIN input i
        ON i.session_must_be_open AND s.merchant_id = i.merchant_id AND s.id = i.session_id
    JOIN allowed ON allowed.ord = i.ord
    WHERE s.status = 'open' AND s.expires_at > i.at
    FOR UPDATE OF s
)"""

_CLAIMED = """claimed AS (
    INSERT INTO idempotency_keys
        (merchant_id, scope, key, request_id, request_hash, state, lease_token, leased_until,
         subject_id, created_at)
    SELECT i.merchant_id, i.scope, i.key, i.request_id, i.request_hash, 'started', i.lease_token,
           now() + make_interval(secs => i.lease_seconds), i.id, i.at
    FROM input i JOIN allowed ON allowed.ord = i.ord
    WHERE i.key IS NOT NULL
    ON CONFLICT (merchant_id, scope, key) DO NOTHING
    RETURNING merchant_id, scope, key
)"""

_HAS_KEY = """ AND (i.key IS NULL OR EXISTS (
    SELECT FROM claimed c WHERE c.merchant_id = i.merchant_id AND c.scope = i.scope AND c.key = i.key))"""

_HAS_SESSION = """ AND (NOT i.session_must_be_open OR EXISTS (
    SELECT FROM open_session s WHERE s.merchant_id = i.merchant_id AND s.id = i.session_id))"""

_NEW_PAYMENT = """new_payment AS (
    INSERT INTO payments (merchant_id, id, session_id, client_key, status, amount_minor, currency,
                          capture_method, fee_schedule, processor, processor_account_id, description,
                          customer_email, customer_name, metadata, customer_id, payment_method,
                          escrow, attempt_id, method, method_types, created_at, updated_at)
    SELECT i.merchant_id, i.id, i.session_id, i.client_key, i.status, i.amount_minor, i.currency,
           i.capture_method, i.fee_schedule, i.processor, i.processor_account_id, i.description,
           i.customer_email, i.customer_name, i.metadata, i.customer_id, i.payment_method,
           i.escrow, i.operation_id, i.method, i.method_types, i.created_at, i.at
    FROM input i JOIN go ON go.ord = i.ord
)"""

_NEW_OPERATION = """new_operation AS (
    INSERT INTO operations (merchant_id, id, payment_id, kind, status, amount_minor,
                            payment_method_token, return_url, customer_reference, is_off_session,
                            payment_method_id, details, actor, next_attempt_at, created_at)
    SELECT i.merchant_id, i.operation_id, i.id, i.operation_kind, 'requested', i.amount_minor,
           i.operation_token, i.operation_return_url, i.operation_customer_reference,
           i.operation_is_off_session, i.operation_payment_method_id, i.operation_details, i.actor,
           i.at + make_interval(secs => i.lease_seconds), i.at
    FROM input i JOIN go ON go.ord = i.ord
    WHERE i.operation_id IS NOT NULL
)"""

# A key that was claimed here is not read again: only one that somebody else has tells us something.
_BEGUN = """SELECT i.ord, go.ord IS NOT NULL, allowed.ord IS NOT NULL, k.state, k.request_hash,
       k.subject_id, coalesce(k.leased_until > now(), false), k.response_status, k.response_body,
       k.request_id
FROM input i
LEFT JOIN allowed ON allowed.ord = i.ord
LEFT JOIN go ON go.ord = i.ord
LEFT JOIN idempotency_keys k
    ON go.ord IS NULL AND k.merchant_id = i.merchant_id AND k.scope = i.scope AND k.key = i.key"""


@cache
def begin_new(shape: IntentShape) -> bytes:
    """Intents of new payments: parameters are the intents, then the events."""
    parts = [_input(INTENTS, shape.intents), _ALLOWED if shape.has_api_key else _ALL_ALLOWED]
    if shape.has_session:
        parts.append(_OPEN_SESSION)
    if shape.has_key:
        parts.append(_CLAIMED)
    conditions = _HAS_KEY * shape.has_key + _HAS_SESSION * shape.has_session
    parts.append(f"""go AS MATERIALIZED (
    SELECT i.ord, i.merchant_id, i.id, i.actor, i.at
    FROM input i JOIN allowed ON allowed.ord = i.ord WHERE true{conditions}
)""")
    parts.append(_NEW_PAYMENT)
    if shape.has_operation:
        parts.append(_NEW_OPERATION)
    if shape.events:
        parts.append(_new_events("go", 1 + INTENTS.width(shape.intents), shape.events))
    return f"WITH {', '.join(parts)}\n{_BEGUN}".encode()


BEGIN_OPERATION = f"""
WITH input AS MATERIALIZED (
    SELECT t.* FROM json_to_record($1::json) AS t(
        merchant_id text, payment_id text, version int, status text, at timestamptz, actor text,
        session_id text, session_must_be_open boolean, customer_email text, customer_name text,
        operation_id text, kind text, amount_minor bigint, token text, return_url text, reason text,
        customer_reference text, is_off_session boolean, payment_method_id text, payment_method text,
        details jsonb, method text, next_attempt_at timestamptz)
), open_session AS MATERIALIZED (
    SELECT s.id FROM checkout_sessions s JOIN input i
        ON s.merchant_id = i.merchant_id AND s.id = i.session_id
    WHERE i.session_must_be_open AND s.status = 'open' AND s.expires_at > i.at
    FOR UPDATE OF s
), moved AS (
    UPDATE payments p
    SET status = i.status, version = p.version + 1, updated_at = i.at,
        customer_email = coalesce(i.customer_email, p.customer_email),
        customer_name = coalesce(i.customer_name, p.customer_name),
        payment_method = coalesce(i.payment_method, p.payment_method),
        method = coalesce(i.method, p.method),
        method_details = CASE WHEN i.method IS NULL THEN p.method_details ELSE '{{}}' END,
        attempt_id = CASE i.kind WHEN 'authorize' THEN i.operation_id ELSE p.attempt_id END
    FROM input i
    WHERE p.merchant_id = i.merchant_id AND p.id = i.payment_id AND p.version = i.version
      AND (NOT i.session_must_be_open OR EXISTS (SELECT FROM open_session))
    RETURNING 0 AS ord, p.merchant_id, p.id, i.actor, i.at
), new_operation AS (
    INSERT INTO operations (merchant_id, id, payment_id, kind, status, amount_minor,
                            payment_method_token, return_url, reason, customer_reference,
                            is_off_session, payment_method_id, details, actor, next_attempt_at,
                            created_at)
    SELECT m.merchant_id, i.operation_id, m.id, i.kind, 'requested', i.amount_minor, i.token,
           i.return_url, i.reason, i.customer_reference, i.is_off_session, i.payment_method_id,
           i.details, i.actor, i.next_attempt_at, i.at
    FROM moved m, input i
), {_new_events("moved", 2, AS_JSON)}
SELECT id FROM moved
""".encode()

# The checkout's row is locked before the payment's, as every try to pay does.
_HELD = """held AS MATERIALIZED (
    SELECT i.ord, s.status FROM input i JOIN checkout_sessions s
        ON i.session_completed AND s.merchant_id = i.merchant_id AND s.id = i.session_id
    FOR UPDATE OF s
)"""

# Whoever pays after the checkout was expired had been told that nothing was taken.
_IS_LATE = "(SELECT h.status = 'expired' FROM held h WHERE h.ord = i.ord)"
_LATE_NAME = """CASE WHEN e.name = 'checkout.completed'
        AND (SELECT h.status = 'expired' FROM held h WHERE h.ord = e.ord)
        THEN 'checkout.completed_late' ELSE e.name END"""


def _moved(*, has_session: bool) -> str:
    changes = {name: f"i.{name}" for name in CHANGEABLE_COLUMNS}
    condition = ""
    if has_session:
        changes["needs_reversal"] = f"i.needs_reversal OR coalesce({_IS_LATE}, false)"
        condition = """
      AND (NOT i.session_completed OR EXISTS (SELECT FROM held h WHERE h.ord = i.ord))"""
    return f"""moved AS (
    UPDATE payments p
    SET version = p.version + 1, updated_at = i.at,
        {", ".join(f"{name} = {value}" for name, value in changes.items())}
    FROM input i
    WHERE p.merchant_id = i.merchant_id AND p.id = i.id AND p.version = i.expected_version{condition}
    RETURNING i.ord, p.merchant_id, p.id, i.actor, i.at, p.escrow, p.currency,
              p.captured_minor, p.captured_minor - p.fee_minor AS net_minor
)"""


# Without a status of its own the call had ended already, in a question to the customer: what came of
# the try is written beside it.
_OPERATION = """operation AS (
    UPDATE operations o
    SET status = coalesce(i.operation_status, o.status), error = i.operation_error,
        reason = CASE o.kind WHEN 'authorize' THEN i.decline_reason ELSE o.reason END,
        reached_bank = o.reached_bank OR coalesce(o.id = i.charge_attempt_id, false),
        next_attempt_at = coalesce(i.next_attempt_at, o.next_attempt_at),
        payment_method_token = CASE
            WHEN i.operation_status IN ('succeeded', 'failed') AND o.payment_method_token LIKE 'sealed:%'
            THEN 'erased:' || split_part(o.payment_method_token, ':', 2)
            ELSE o.payment_method_token END,
        finished_at = CASE WHEN i.operation_status IN ('succeeded', 'failed') THEN i.at
                           WHEN i.operation_status IS NULL THEN o.finished_at END
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE o.merchant_id = i.merchant_id AND o.id = i.operation_id
)"""

# The try that the customer's answer to the bank belongs to: a bank has decided about it now.
_TRY = """try AS (
    UPDATE operations o
    SET reached_bank = true, reason = i.decline_reason, error = i.operation_error
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE o.merchant_id = i.merchant_id AND o.id = i.charge_attempt_id AND o.id <> i.operation_id
)"""

_SESSION = """session AS (
    UPDATE checkout_sessions s SET status = 'complete', completed_at = i.at
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE i.session_completed AND s.merchant_id = i.merchant_id AND s.id = i.session_id
)"""

_ANSWER = """answer AS (
    UPDATE idempotency_keys k
    SET state = 'finished', response_status = i.response_status,
        response_body = convert_to(i.response_body, 'UTF8'), finished_at = i.at
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE k.merchant_id = i.merchant_id AND k.scope = i.scope AND k.key = i.key
      AND k.lease_token = i.lease_token
      AND k.state = 'started'
)"""

_NEWS = """news AS (
    UPDATE inbox n SET status = 'handled', handled_at = i.at, error = NULL
    FROM input i JOIN moved m ON m.ord = i.ord
    WHERE n.merchant_id = i.merchant_id AND n.id = i.inbox_id
)"""


@cache
def record(shape: OutcomeShape) -> bytes:
    """Outcomes: parameters are the outcomes, then the events, journals and postings."""
    parts = [_input(OUTCOMES, shape.outcomes)]
    if shape.has_session:
        parts.append(_HELD)
    parts.append(_moved(has_session=shape.has_session))
    wanted = (
        (_OPERATION, shape.has_operation),
        (_TRY, shape.has_finish),
        (_SESSION, shape.has_session),
        (_ANSWER, shape.has_answer),
        (_NEWS, shape.has_news),
        (HOLD, shape.has_hold),
        (ONWARD, shape.has_onward),
    )
    parts += [part for part, is_wanted in wanted if is_wanted]
    first = 1 + OUTCOMES.width(shape.outcomes)
    if shape.events:
        name = _LATE_NAME if shape.has_session else "e.name"
        parts.append(_new_events("moved", first, shape.events, name))
    first += EVENTS.width(shape.events)
    if shape.journals:
        parts.append(_new_journals(first, shape.journals))
    first += JOURNALS.width(shape.journals)
    if shape.postings:
        parts.append(_new_postings(first, shape.postings))
    return f"WITH {', '.join(parts)}\nSELECT ord FROM moved".encode()


def _new_journals(first: int, count: int) -> str:
    return f"""new_journals AS (
    INSERT INTO journals (merchant_id, id, event, source_id, payment_id, event_at, created_at)
    SELECT m.merchant_id, j.id, j.event, j.source_id, m.id, m.at, m.at
    FROM {JOURNALS.item(first, count)} JOIN moved m ON m.ord = j.ord
)"""


def _new_postings(first: int, count: int) -> str:
    return f"""new_postings AS (
    INSERT INTO postings (merchant_id, journal_id, line, debit, credit, currency, amount_minor,
                          available_on, event_at, created_at)
    SELECT m.merchant_id, t.journal_id, t.line, t.debit, t.credit, t.currency, t.amount_minor,
           t.available_on, m.at, m.at
    FROM {POSTINGS.item(first, count)} JOIN moved m ON m.ord = t.ord
)"""


OPEN_ACCOUNTS = b"""
INSERT INTO accounts (merchant_id, code, currency, kind, normal_side)
SELECT t.* FROM json_to_recordset($1::json)
    AS t(merchant_id text, code text, currency text, kind text, normal_side text)
ON CONFLICT DO NOTHING
RETURNING code
"""

_LOAD = (
    f"SELECT {', '.join('p.' + name for name in READ_COLUMNS)},"
    f" {', '.join('o.' + name for name in OPERATION_COLUMNS)}"
    " FROM payments p LEFT JOIN operations o ON o.merchant_id = p.merchant_id"
    " AND o.payment_id = p.id AND o.status IN ('requested', 'unknown')"
    " WHERE p.merchant_id = $1 AND "
)

LOAD_BY_ID = (_LOAD + "p.id = $2").encode()
LOAD_BY_SESSION = (_LOAD + "p.session_id = $2").encode()
LOAD_BY_REFERENCE = (_LOAD + "p.processor_account_id = $2 AND p.processor_reference = $3").encode()

TAKE_OVER = b"""
UPDATE idempotency_keys
SET lease_token = $4, leased_until = now() + make_interval(secs => $5::int)
WHERE merchant_id = $1 AND scope = $2 AND key = $3 AND state = 'started' AND leased_until <= now()
"""

RELEASE_KEY = b"""
UPDATE idempotency_keys SET leased_until = now()
WHERE merchant_id = $1 AND scope = $2 AND key = $3 AND lease_token = $4 AND state = 'started'
"""

FINISH_KEY = b"""
UPDATE idempotency_keys
SET state = 'finished', response_status = $5::smallint, response_body = $6, finished_at = now()
WHERE merchant_id = $1 AND scope = $2 AND key = $3 AND lease_token = $4 AND state = 'started'
"""
