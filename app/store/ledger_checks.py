"""Every invariant of the books as one query: it returns the offenders, so no rows is the proof.

Name → (what it means, SQL giving one column that names the offender).
"""

from app.domain.accounts import CHART
from app.store.bank_money_checks import BANK_MONEY_CHECKS
from app.store.books import FEE, GROSS, IS_OWN, WITH_FEE
from app.store.escrow_checks import ESCROW_CHECKS
from app.store.fx_checks import FX_CHECKS
from app.store.payout_checks import PAYOUT_CHECKS

_CODES = ", ".join(f"'{code}'" for code in CHART)
_AUTHORIZING = ", ".join(f"'{one.code}'" for one in CHART.values() if one.is_authorizing)

CHECKS: dict[str, tuple[str, str]] = {
    "entries_balance": (
        "Debits equal credits in every journal and currency.",
        """SELECT merchant_id || '/' || journal_id FROM ledger_entries
           GROUP BY merchant_id, journal_id, currency HAVING sum(signed_minor) <> 0""",
    ),
    "counterparts_exist": (
        "Every entry has its counterpart of the same amount and currency on the other side.",
        """SELECT e.id FROM ledger_entries e LEFT JOIN ledger_entries c
             ON c.merchant_id = e.merchant_id AND c.id = e.counterpart_id
            AND c.amount_minor = e.amount_minor AND c.currency = e.currency
            AND c.entry_type <> e.entry_type
           WHERE c.id IS NULL""",
    ),
    "journals_have_postings": (
        "No journal is empty.",
        """SELECT j.merchant_id || '/' || j.id FROM journals j WHERE NOT EXISTS (
             SELECT FROM postings p WHERE p.merchant_id = j.merchant_id AND p.journal_id = j.id)""",
    ),
    "accounts_in_chart": (
        "Every account is in the chart of accounts.",
        f"""SELECT merchant_id || '/' || code FROM accounts
            WHERE split_part(code, ':', 1) NOT IN ({_CODES})""",  # noqa: S608 - our own chart
    ),
    "stored_balances": (
        "Every stored balance is the sum of its entries.",
        f"""WITH kept AS (SELECT merchant_id, account AS code, currency, -sum(signed_minor) AS total
                         FROM ledger_entries WHERE account IN ({_AUTHORIZING})
                         GROUP BY 1, 2, 3)
           SELECT coalesce(k.merchant_id, b.merchant_id) || '/' || coalesce(k.code, b.code)
                  || '/' || coalesce(k.currency, b.currency)
           FROM kept k FULL JOIN account_balances b
             ON b.merchant_id = k.merchant_id AND b.code = k.code AND b.currency = k.currency
           WHERE coalesce(k.total, 0) <> coalesce(b.balance_minor, 0)""",  # noqa: S608 - our own chart
    ),
    "sums_follow_seals": (
        "The sums by day are those of the sealed postings.",
        """WITH told AS (
             SELECT p.merchant_id, side.code, p.currency, (p.created_at AT TIME ZONE 'UTC')::date AS day,
                    sum(side.debit) AS debit, sum(side.credit) AS credit
             FROM books b
             JOIN journals j ON j.merchant_id = b.merchant_id AND j.seq <= b.sealed_seq
             JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             CROSS JOIN LATERAL (VALUES (p.debit, p.amount_minor, 0), (p.credit, 0, p.amount_minor))
               AS side (code, debit, credit)
             GROUP BY 1, 2, 3, 4)
           SELECT coalesce(t.merchant_id, a.merchant_id) || '/' || coalesce(t.code, a.code)
                  || '/' || coalesce(t.currency, a.currency) || '/' || coalesce(t.day, a.day)
           FROM told t FULL JOIN account_days a ON a.merchant_id = t.merchant_id AND a.code = t.code
             AND a.currency = t.currency AND a.day = t.day
           WHERE (t.debit, t.credit) IS DISTINCT FROM (a.debit_minor, a.credit_minor)""",
    ),
    "hours_follow_seals": (
        "The sums by hour are those by day, and the movements by hour those of the sealed postings.",
        f"""SELECT coalesce(d.merchant_id, h.merchant_id) || '/' || coalesce(d.code, h.code)
              || '/' || coalesce(d.currency, h.currency) || '/' || coalesce(d.day, h.day)
            FROM account_days d
            FULL JOIN (SELECT merchant_id, code, currency, (hour AT TIME ZONE 'UTC')::date AS day,
                              sum(debit_minor) AS debit, sum(credit_minor) AS credit
                       FROM account_hours GROUP BY 1, 2, 3, 4) h
              ON h.merchant_id = d.merchant_id AND h.code = d.code AND h.currency = d.currency
             AND h.day = d.day
            WHERE (d.debit_minor, d.credit_minor) IS DISTINCT FROM (h.debit, h.credit)
            UNION ALL
            SELECT coalesce(t.merchant_id, m.merchant_id) || '/' || coalesce(t.event, m.event)
            FROM (SELECT p.merchant_id, p.currency, j.event,
                         date_trunc('hour', p.created_at) AS hour,
                         count(DISTINCT p.journal_id) AS moves, {GROSS} AS gross, {FEE} AS fee,
                         {WITH_FEE} AS with_fee
                  FROM books b
                  JOIN journals j ON j.merchant_id = b.merchant_id AND j.seq <= b.sealed_seq
                  JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
                  WHERE j.event <> 'funds_released' AND {IS_OWN} GROUP BY 1, 2, 3, 4) t
            FULL JOIN movement_hours m ON m.merchant_id = t.merchant_id AND m.event = t.event
              AND m.currency = t.currency AND m.hour = t.hour
            WHERE (t.moves, t.gross, t.fee, t.with_fee)
              IS DISTINCT FROM (m.moves, m.gross_minor, m.fee_minor, m.with_fee)""",  # noqa: S608
    ),
    "pending_follows_seals": (
        "Pending money by day is that of the sealed postings.",
        """WITH told AS (
             SELECT p.merchant_id, p.currency, p.available_on,
                    sum(CASE WHEN p.credit = 'merchant_pending' THEN p.amount_minor
                             ELSE -p.amount_minor END) AS net
             FROM books b
             JOIN journals j ON j.merchant_id = b.merchant_id AND j.seq <= b.sealed_seq
             JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE 'merchant_pending' IN (p.debit, p.credit) GROUP BY 1, 2, 3)
           SELECT coalesce(t.merchant_id, d.merchant_id) || '/' || coalesce(t.currency, d.currency)
                  || '/' || coalesce(t.available_on, d.available_on)
           FROM told t FULL JOIN pending_days d ON d.merchant_id = t.merchant_id
             AND d.currency = t.currency AND d.available_on = t.available_on
           WHERE coalesce(t.net, 0) <> coalesce(d.net_minor, 0)""",
    ),
    "seals_are_whole": (
        "Every journal up to where a book is sealed is in one of its seals, and no other is.",
        """WITH told AS (SELECT s.merchant_id, s.number, one.id
                         FROM seals s CROSS JOIN LATERAL unnest(s.journal_ids) AS one (id)),
           written AS (SELECT j.merchant_id, j.id FROM journals j
                       JOIN books b ON b.merchant_id = j.merchant_id AND j.seq <= b.sealed_seq)
           SELECT coalesce(t.merchant_id, w.merchant_id) || '/' || coalesce(t.id, w.id)
           FROM told t FULL JOIN written w ON w.merchant_id = t.merchant_id AND w.id = t.id
           WHERE t.id IS NULL OR w.id IS NULL""",
    ),
    "captures_booked": (
        "Every captured payment is booked once, with its amount and fee; no other is.",
        """WITH booked AS (
             SELECT j.merchant_id, j.source_id,
                    sum(p.amount_minor) FILTER (WHERE p.credit = 'merchant_pending') AS amount,
                    coalesce(sum(p.amount_minor) FILTER (WHERE p.credit = 'platform_fees'), 0) AS fee
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.event = 'payment_captured' GROUP BY 1, 2)
           SELECT coalesce(b.source_id, p.id) FROM booked b
           FULL JOIN (SELECT * FROM payments WHERE captured_minor > 0) p
             ON p.merchant_id = b.merchant_id AND p.id = b.source_id
           WHERE p.captured_minor IS DISTINCT FROM b.amount OR p.fee_minor IS DISTINCT FROM b.fee""",
    ),
    "fees_add_up": (
        "The lines of every fee add up to it; only a fee of before lines were kept has none.",
        """SELECT p.id FROM payments p CROSS JOIN LATERAL (
             SELECT coalesce(sum((part ->> 'minor')::bigint), 0) AS total
             FROM jsonb_array_elements(p.fee_parts) AS part) lines
           WHERE (p.fee_parts IS NOT NULL AND lines.total <> p.fee_minor)
              OR (p.captured_minor = 0 AND p.fee_parts <> '[]')
              OR (p.captured_minor > 0 AND p.fee_parts IS NULL
                  AND p.fee_schedule <> 'card-standard-1')""",
    ),
    "fee_schedules_known": (
        "Every payment is priced by a standard schedule or by one of its merchant's own.",
        """SELECT p.id FROM payments p WHERE p.fee_schedule !~ '-standard-[0-9]+$'
             AND NOT EXISTS (SELECT FROM fee_schedules f
                             WHERE f.merchant_id = p.merchant_id AND f.id = p.fee_schedule)""",
    ),
    "returns_booked": (
        "Every payment that a bank took back is booked as that once; no other is.",
        """SELECT coalesce(j.payment_id, p.id) FROM
             (SELECT merchant_id, payment_id, count(*) AS times FROM journals
              WHERE event = 'payment_returned' GROUP BY 1, 2) j
           FULL JOIN (SELECT merchant_id, id FROM payments WHERE status = 'returned') p
             ON p.merchant_id = j.merchant_id AND p.id = j.payment_id
           WHERE p.id IS NULL OR j.times IS DISTINCT FROM 1""",
    ),
    "refunds_booked": (
        "Every refund is booked as its status says.",
        r"""SELECT r.id FROM refunds r LEFT JOIN LATERAL (
             SELECT count(DISTINCT j.id) FILTER (WHERE j.event = 'refund_requested') AS requested,
                    count(DISTINCT j.id) FILTER (WHERE j.event = 'refund_settled') AS settled,
                    count(DISTINCT j.id) FILTER (WHERE j.event = 'refund_failed') AS failed,
                    count(DISTINCT j.id) FILTER (WHERE j.event = 'refund_returned') AS returned,
                    bool_and(p.amount_minor = r.amount_minor)
                      FILTER (WHERE 'platform_fees' NOT IN (p.debit, p.credit)) AS same,
                    coalesce(sum(p.amount_minor) FILTER (WHERE p.debit = 'platform_fees'), 0) AS given,
                    coalesce(sum(p.amount_minor) FILTER (WHERE p.credit = 'platform_fees'), 0) AS kept
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.merchant_id = r.merchant_id AND j.source_id = r.id
               AND j.event LIKE 'refund\_%') b ON true
           WHERE b.requested <> 1 OR NOT b.same OR b.given <> r.fee_returned_minor
              OR b.kept <> CASE r.status WHEN 'failed' THEN r.fee_returned_minor ELSE 0 END
              OR (r.status IN ('requested', 'pending', 'unknown')
                  AND b.settled + b.failed + b.returned <> 0)
              OR (r.status = 'succeeded' AND (b.settled, b.failed, b.returned) <> (1, 0, 0))
              OR (r.status = 'failed'
                  AND (b.settled, b.failed, b.returned) NOT IN ((0, 1, 0), (1, 0, 1)))""",
    ),
    "refund_sums": (
        "A payment's refunded and reserved amounts, and what its fee gave back, are the sums of its refunds.",
        """SELECT p.id FROM payments p LEFT JOIN (
             SELECT merchant_id, payment_id,
                    sum(amount_minor) FILTER (WHERE status = 'succeeded') AS refunded,
                    sum(amount_minor) FILTER (WHERE status IN ('requested', 'pending', 'unknown'))
                        AS reserved,
                    sum(fee_returned_minor) FILTER (WHERE status <> 'failed') AS fee
             FROM refunds GROUP BY 1, 2) r ON r.merchant_id = p.merchant_id AND r.payment_id = p.id
           WHERE p.refunded_minor <> coalesce(r.refunded, 0)
              OR p.refund_reserved_minor <> coalesce(r.reserved, 0)
              OR p.fee_returned_minor <> coalesce(r.fee, 0)""",
    ),
    "limits": (
        "Captured within authorised; refunded and reserved within captured.",
        """SELECT id FROM payments WHERE captured_minor > authorized_minor
              OR authorized_minor > amount_minor
              OR refunded_minor + refund_reserved_minor > captured_minor""",
    ),
    "status_has_money": (
        "A captured or returned payment has money, no other has; an authorised one is held.",
        """SELECT id FROM payments WHERE (status IN ('captured', 'returned')) <> (captured_minor > 0)
              OR (status = 'authorized' AND authorized_minor = 0)""",
    ),
    "moves_have_events": (
        "Every payment that is not under way has the event that says so.",
        """SELECT p.id FROM payments p
           WHERE p.status IN ('captured', 'returned', 'authorized', 'failed', 'canceled', 'expired')
             AND NOT EXISTS (SELECT FROM events e WHERE e.merchant_id = p.merchant_id
               AND e.payment_id = p.id AND e.name IN ('payment.' || p.status,
                   'payment.' || p.status || '_late'))""",
    ),
    "one_payment_per_session": (
        "No checkout was paid more than once.",
        """SELECT session_id FROM payments WHERE session_id IS NOT NULL
             AND status IN ('captured', 'returned', 'authorized')
           GROUP BY merchant_id, session_id HAVING count(*) > 1""",
    ),
    "sessions_agree": (
        "A checkout is complete exactly when its payment is made or held, or its bank was told to make it.",
        """SELECT s.id FROM checkout_sessions s
           LEFT JOIN payments p ON p.merchant_id = s.merchant_id AND p.session_id = s.id
           WHERE (s.status = 'complete' AND p.captured_minor + p.authorized_minor = 0
                  AND NOT EXISTS (SELECT FROM events e WHERE e.merchant_id = p.merchant_id
                    AND e.payment_id = p.id AND e.name IN ('payment.submitted', 'payment.action_required',
                                                           'payment.processing_confirmed')))
              OR (s.status = 'complete' AND p.id IS NULL)
              OR (s.status <> 'complete' AND p.status IN ('captured', 'returned', 'authorized'))""",
    ),
    "micro_deposits_booked": (
        "Every micro-deposit is booked as its status says.",
        """SELECT d.id FROM micro_deposits d LEFT JOIN LATERAL (
             SELECT count(*) FILTER (WHERE j.event = 'micro_deposit_sent') AS sent,
                    count(*) FILTER (WHERE j.event = 'micro_deposit_returned') AS returned,
                    coalesce(bool_and(p.amount_minor = d.amount_minor), true) AS same
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.merchant_id = d.merchant_id AND j.source_id = d.id) b ON true
           WHERE NOT b.same OR b.returned <> (d.status = 'returned')::int
              OR b.sent <> (d.status IN ('sent', 'paid', 'returned'))::int""",
    ),
    "unknown_is_settled": (
        "No outcome has been unknown for more than a day.",
        """SELECT id FROM operations WHERE status IN ('requested', 'unknown')
             AND created_at < now() - interval '24 hours'
           UNION ALL
           SELECT id FROM refunds WHERE status IN ('requested', 'unknown')
             AND created_at < now() - interval '24 hours'
           UNION ALL
           SELECT id FROM micro_deposits WHERE status IN ('requested', 'unknown')
             AND created_at < now() - interval '24 hours'
           UNION ALL
           SELECT id FROM bank_returns WHERE status IN ('requested', 'unknown')
             AND created_at < now() - interval '24 hours'""",
    ),
    "append_only": (
        "The ledger's and the events' guards are in place.",
        """SELECT t.name FROM (VALUES ('journals'), ('postings'), ('events'), ('seals'),
             ('fee_schedules'), ('fee_volumes'), ('fx_rates'), ('payer_facts')) AS t (name)
           WHERE has_table_privilege('farthing_app', t.name, 'UPDATE')
              OR has_table_privilege('farthing_app', t.name, 'DELETE')
              OR has_table_privilege('farthing_app', t.name, 'TRUNCATE')
              OR (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = t.name::regclass
                    AND g.tgenabled = 'O' AND g.tgname IN
                        (t.name || '_append_only', t.name || '_no_truncate')) <> 2""",
    ),
    **PAYOUT_CHECKS,
    **FX_CHECKS,
    **ESCROW_CHECKS,
    **BANK_MONEY_CHECKS,
}
