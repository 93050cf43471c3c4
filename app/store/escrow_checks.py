"""The invariants of escrow and transfers, as `ledger_checks` has the others: no rows is the proof."""

ESCROW_CHECKS: dict[str, tuple[str, str]] = {
    "escrow_is_held": (
        "What was captured for escrow is held, less its fee; nothing else is.",
        """WITH marked AS (SELECT merchant_id, id, captured_minor - fee_minor AS net FROM payments
                           WHERE escrow IS NOT NULL AND NOT escrow ? 'on_capture'
                             AND captured_minor > fee_minor)
           SELECT coalesce(h.id, m.id) FROM marked m FULL JOIN escrow_holds h
             ON h.merchant_id = m.merchant_id AND h.payment_id = m.id
           WHERE m.net IS DISTINCT FROM h.held_minor""",
    ),
    "escrow_is_booked": (
        "The account of what is held has, for each hold, what its row says.",
        """WITH booked AS (
             SELECT merchant_id, payment_id, -sum(signed_minor) AS total FROM ledger_entries
             WHERE account = 'escrow_held' GROUP BY 1, 2),
           held AS (SELECT merchant_id, id, payment_id,
                           held_minor - released_minor - refunded_minor AS total FROM escrow_holds)
           SELECT coalesce(h.id, b.merchant_id || '/' || coalesce(b.payment_id, '-'))
           FROM held h FULL JOIN booked b
             ON b.merchant_id = h.merchant_id AND b.payment_id = h.payment_id
           WHERE h.total IS DISTINCT FROM b.total""",
    ),
    "escrow_status": (
        "A hold stands where its amounts say.",
        """SELECT id FROM escrow_holds WHERE status <> CASE
             WHEN released_minor + refunded_minor < held_minor AND frozen_at IS NOT NULL THEN 'frozen'
             WHEN released_minor + refunded_minor < held_minor AND released_minor > 0
               THEN 'partly_released'
             WHEN released_minor + refunded_minor < held_minor THEN 'held'
             WHEN refunded_minor = 0 THEN 'released'
             WHEN released_minor = 0 THEN 'refunded'
             ELSE 'closed' END""",
    ),
    "escrow_sums": (
        "What left a hold is the sum of its releases and of the refunds that took from it.",
        """SELECT h.id FROM escrow_holds h
           LEFT JOIN (SELECT merchant_id, hold_id, sum(amount_minor) AS total
                      FROM escrow_releases GROUP BY 1, 2) r
             ON r.merchant_id = h.merchant_id AND r.hold_id = h.id
           LEFT JOIN (SELECT merchant_id, payment_id, sum(escrow_minor) AS total
                      FROM refunds WHERE status <> 'failed' GROUP BY 1, 2) f
             ON f.merchant_id = h.merchant_id AND f.payment_id = h.payment_id
           WHERE h.released_minor <> coalesce(r.total, 0)
              OR h.refunded_minor <> coalesce(f.total, 0)""",
    ),
    "releases_are_shared_out": (
        "Every release is its sellers' parts and the platform's commission, in the books too.",
        """WITH parts AS (SELECT merchant_id, release_id, sum(amount_minor) AS amount,
                                 sum(commission_minor) AS commission
                          FROM transfers WHERE release_id IS NOT NULL GROUP BY 1, 2),
           booked AS (
             SELECT j.merchant_id, j.source_id,
                    coalesce(sum(p.amount_minor) FILTER (WHERE p.credit = 'transfers'), 0) AS amount,
                    coalesce(sum(p.amount_minor) FILTER (WHERE p.credit = 'merchant_pending'), 0)
                        AS commission
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.event = 'escrow_released' GROUP BY 1, 2)
           SELECT coalesce(r.id, b.source_id) FROM escrow_releases r
           LEFT JOIN parts t ON t.merchant_id = r.merchant_id AND t.release_id = r.id
           FULL JOIN booked b ON b.merchant_id = r.merchant_id AND b.source_id = r.id
           WHERE (r.amount_minor - r.commission_minor, r.commission_minor)
                 IS DISTINCT FROM (t.amount::bigint, t.commission::bigint)
              OR (r.amount_minor - r.commission_minor, r.commission_minor)
                 IS DISTINCT FROM (b.amount::bigint, b.commission::bigint)""",
    ),
    "transfers_arrive": (
        "What a transfer took from the platform's book came to the seller's; what was reversed, back.",
        """WITH moves AS (
             SELECT t.merchant_id, t.seller_merchant_id, t.id, 'transfer_received' AS seller_event,
                    CASE WHEN t.release_id IS NULL THEN 'transfer_sent' END AS platform_event,
                    t.amount_minor FROM transfers t
             UNION ALL
             SELECT t.merchant_id, t.seller_merchant_id, t.id, 'application_fee_paid',
                    'application_fee_earned', t.application_fee_minor
             FROM transfers t WHERE t.application_fee_minor > 0
             UNION ALL
             SELECT r.merchant_id, t.seller_merchant_id, r.id, 'application_fee_refunded',
                    'application_fee_returned', r.application_fee_minor
             FROM refunds r JOIN transfers t ON t.merchant_id = r.merchant_id
               AND t.payment_id = r.payment_id AND t.release_id IS NULL
             WHERE r.application_fee_minor > 0
             UNION ALL
             SELECT v.merchant_id, t.seller_merchant_id, v.id, 'transfer_reversed',
                    'transfer_returned', v.amount_minor
             FROM transfer_reversals v
             JOIN transfers t ON t.merchant_id = v.merchant_id AND t.id = v.transfer_id),
           wanted AS (
             SELECT seller_merchant_id AS merchant_id, id, seller_event AS event, amount_minor
             FROM moves
             UNION ALL
             SELECT merchant_id, id, platform_event, amount_minor FROM moves
             WHERE platform_event IS NOT NULL),
           booked AS (
             SELECT j.merchant_id, j.source_id, j.event, sum(p.amount_minor)::bigint AS amount_minor
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.event IN ('transfer_received', 'transfer_reversed', 'transfer_returned',
                               'transfer_sent', 'application_fee_paid', 'application_fee_earned',
                               'application_fee_refunded', 'application_fee_returned')
               AND 'transfers' IN (p.debit, p.credit)
             GROUP BY 1, 2, 3)
           SELECT coalesce(w.id, b.source_id) FROM wanted w FULL JOIN booked b
             ON b.merchant_id = w.merchant_id AND b.source_id = w.id AND b.event = w.event
           WHERE w.amount_minor IS DISTINCT FROM b.amount_minor""",
    ),
    "onward_is_sent": (
        "What was captured for a seller is due or was sent, once, in full; its refunds' parts add up.",
        """SELECT coalesce(o.payment_id, p.id) FROM onward_payments o
           FULL JOIN (SELECT * FROM payments WHERE escrow ? 'on_capture' AND captured_minor > 0) p
             ON p.merchant_id = o.merchant_id AND p.id = o.payment_id
           LEFT JOIN transfers t ON t.merchant_id = o.merchant_id AND t.id = o.transfer_id
           LEFT JOIN (SELECT merchant_id, payment_id, sum(application_fee_minor) AS fee,
                             sum(reversed_minor) AS reversed FROM refunds GROUP BY 1, 2) r
             ON r.merchant_id = o.merchant_id AND r.payment_id = o.payment_id
           WHERE p.id IS NULL OR o.payment_id IS NULL OR o.amount_minor > p.captured_minor
              OR (o.transfer_id IS NOT NULL AND ((t.amount_minor, t.application_fee_minor)
                     IS DISTINCT FROM (o.amount_minor, o.application_fee_minor)
                   OR t.application_fee_refunded_minor <> coalesce(r.fee, 0)
                   OR t.reversed_minor < coalesce(r.reversed, 0)))""",
    ),
    "reversals_within_transfers": (
        "What was reversed of a transfer is the sum of its reversals.",
        """SELECT t.id FROM transfers t
           LEFT JOIN (SELECT merchant_id, transfer_id, sum(amount_minor) AS total
                      FROM transfer_reversals GROUP BY 1, 2) v
             ON v.merchant_id = t.merchant_id AND v.transfer_id = t.id
           WHERE t.reversed_minor <> coalesce(v.total, 0)""",
    ),
    "transfers_clear": (
        "Between the books nothing is left: transfers add up to zero over all of them.",
        """SELECT currency FROM ledger_entries WHERE account = 'transfers'
           GROUP BY currency HAVING sum(signed_minor) <> 0""",
    ),
}
