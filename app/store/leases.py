"""Who may post which delivery, and until when.

Leasers take turns, so that what is allowed per endpoint holds across all workers. The cost grows with
the endpoints that something waits for, not with how much: of each only the first few deliveries are
looked at, and the endpoints are found by stepping from one to the next along an index.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext('farthing.deliveries'))")

# A failing endpoint is tried with one delivery at a time and with pauses, the longest waiting first;
# what a person asked for goes before everything, and is not held up by the pause.
_LEASE = text("""
    WITH RECURSIVE waiting AS (
        (SELECT merchant_id, endpoint_id FROM deliveries WHERE status = 'pending'
         ORDER BY merchant_id, endpoint_id LIMIT 1)
        UNION ALL
        SELECT n.merchant_id, n.endpoint_id FROM waiting w CROSS JOIN LATERAL (
            SELECT merchant_id, endpoint_id FROM deliveries
            WHERE status = 'pending'
              AND (merchant_id, endpoint_id) > (w.merchant_id, w.endpoint_id)
            ORDER BY merchant_id, endpoint_id LIMIT 1) n
    ), open AS (
        SELECT e.merchant_id, e.id, e.consecutive_failures >= :failing_from AS is_failing,
               e.consecutive_failures - :failing_from AS excess,
               CASE WHEN e.consecutive_failures >= :failing_from THEN 1 ELSE :most_posts END
                   - (SELECT count(*) FROM deliveries d
                      WHERE d.merchant_id = e.merchant_id AND d.endpoint_id = e.id
                        AND d.lease_token IS NOT NULL AND d.leased_until > :now) AS room
        FROM waiting w
        JOIN webhook_endpoints e ON e.merchant_id = w.merchant_id AND e.id = w.endpoint_id
        WHERE e.status = 'enabled' AND e.deleted_at IS NULL
    ), ready AS (
        SELECT o.*, last.at AS last_at,
               o.is_failing AND last.at > :now
                   - make_interval(secs => least(:longest_pause, power(2, least(o.excess, 10))))
                   AS is_paused
        FROM open o
        LEFT JOIN LATERAL (
            SELECT max(a.at) AS at FROM delivery_attempts a
            WHERE a.merchant_id = o.merchant_id AND a.endpoint_id = o.id) last ON true
        WHERE o.room > 0
    ), heads AS (
        SELECT d.merchant_id, d.id, r.id AS endpoint_id, r.is_failing, r.room, r.last_at,
               d.next_attempt_at, false AS is_manual
        FROM ready r CROSS JOIN LATERAL (
            SELECT merchant_id, id, next_attempt_at FROM deliveries
            WHERE merchant_id = r.merchant_id AND endpoint_id = r.id AND status = 'pending'
              AND NOT is_manual AND next_attempt_at <= :now
              AND (leased_until IS NULL OR leased_until <= :now)
            ORDER BY next_attempt_at, id LIMIT :most_posts) d
        WHERE NOT coalesce(r.is_paused, false)
        UNION ALL
        SELECT d.merchant_id, d.id, r.id, r.is_failing, r.room, r.last_at, d.next_attempt_at, true
        FROM deliveries d JOIN ready r ON r.merchant_id = d.merchant_id AND r.id = d.endpoint_id
        WHERE d.status = 'pending' AND d.is_manual AND d.next_attempt_at <= :now
          AND (d.leased_until IS NULL OR d.leased_until <= :now)
    ), ranked AS (
        SELECT h.*, row_number() OVER (PARTITION BY merchant_id, endpoint_id
            ORDER BY h.is_manual DESC, next_attempt_at, id) AS place
        FROM heads h
    ), queued AS (
        SELECT r.*, row_number() OVER (PARTITION BY is_failing
            ORDER BY r.is_manual DESC, place, last_at NULLS FIRST, next_attempt_at) AS turn
        FROM ranked r WHERE place <= room
    ), chosen AS (
        SELECT merchant_id, id FROM queued WHERE NOT is_failing OR turn <= :failing_slots
        ORDER BY is_manual DESC, is_failing, turn LIMIT :slots
    ), leased AS (
        UPDATE deliveries d SET lease_token = :token, leased_until = :until
        FROM chosen c WHERE d.merchant_id = c.merchant_id AND d.id = c.id AND d.status = 'pending'
        RETURNING d.*
    )
    SELECT l.merchant_id, l.id, l.endpoint_id, l.event_id, p.body, e.url, e.secret_sealed,
           e.old_secret_sealed, e.old_secret_until, l.is_manual,
           e.consecutive_failures >= :failing_from AS is_failing
    FROM leased l
    JOIN public_events p ON p.merchant_id = l.merchant_id AND p.id = l.event_id
    JOIN webhook_endpoints e ON e.merchant_id = l.merchant_id AND e.id = l.endpoint_id
    ORDER BY l.next_attempt_at, l.id
""")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A leased delivery with all that posting it needs."""

    merchant_id: str
    delivery_id: str
    endpoint_id: str
    event_id: str
    body: bytes
    url: str
    secret_sealed: bytes
    old_secret_sealed: bytes | None
    old_secret_until: datetime | None
    is_manual: bool
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Slots:
    """How much may be posted at once, in all and to failing endpoints."""

    free: int
    free_for_failing: int
    per_endpoint: int
    failing_from: int
    longest_pause_seconds: int


def lease(
    session: Session, slots: Slots, *, token: str, now: datetime, until: datetime
) -> list[Parcel]:
    """Take what may be posted now, fairly over endpoints, in the caller's unit of work."""
    session.execute(_TAKE_TURNS)
    rows = session.execute(
        _LEASE,
        {
            "now": now,
            "until": until,
            "token": token,
            "slots": slots.free,
            "failing_slots": slots.free_for_failing,
            "most_posts": slots.per_endpoint,
            "failing_from": slots.failing_from,
            "longest_pause": slots.longest_pause_seconds,
        },
    ).all()
    return [Parcel(*row) for row in rows]
