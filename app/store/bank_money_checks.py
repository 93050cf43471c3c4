"""The invariants of what customers sent by bank, as `ledger_checks` has the others: no rows is the proof."""

from app.domain.methods import METHODS, Flow

_TRANSFERS = ", ".join(f"'{m.name}'" for m in METHODS.values() if m.flow is Flow.TRANSFER)
_BOOKED = "'bank_money_received', 'bank_money_returned', 'unmatched_receipt', 'unmatched_refund'"

BANK_MONEY_CHECKS: dict[str, tuple[str, str]] = {
    "payer_facts_booked": (
        "Every fact of a payer's balance that moved money is booked once, with its amount and sign.",
        f"""WITH booked AS (
             SELECT j.merchant_id, j.source_id, count(*) AS times,
                    sum(CASE WHEN j.event IN ('bank_money_received', 'unmatched_receipt')
                        THEN p.amount_minor ELSE -p.amount_minor END)::bigint AS amount
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.event IN ({_BOOKED}) GROUP BY 1, 2),
           told AS (
             SELECT merchant_id, external_id, amount_minor FROM payer_facts
             WHERE kind NOT IN ('applied', 'unapplied') AND amount_minor <> 0)
           SELECT coalesce(t.external_id, b.source_id) FROM told t FULL JOIN booked b
             ON b.merchant_id = t.merchant_id AND b.source_id = t.external_id
           WHERE (b.times, b.amount) IS DISTINCT FROM (1::bigint, t.amount_minor)
             AND (t.external_id IS NOT NULL OR EXISTS (
               SELECT FROM journals j WHERE j.merchant_id = b.merchant_id AND j.source_id = b.source_id
                 AND j.event LIKE 'bank_money%'))""",  # noqa: S608 - our own constants
    ),
    "transfers_applied": (
        "What a captured bank transfer took is taken from what its customer had sent, once; nothing else is.",
        f"""WITH booked AS (
             SELECT j.merchant_id, j.source_id, sum(p.amount_minor)::bigint AS amount
             FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.event = 'bank_money_applied' GROUP BY 1, 2)
           SELECT coalesce(b.source_id, p.id) FROM booked b
           FULL JOIN (SELECT merchant_id, id, captured_minor FROM payments
                      WHERE captured_minor > 0 AND method IN ({_TRANSFERS})) p
             ON p.merchant_id = b.merchant_id AND p.id = b.source_id
           WHERE p.captured_minor IS DISTINCT FROM b.amount""",  # noqa: S608 - our own methods
    ),
    "customers_money_is_theirs": (
        "Customers have with us what they sent, less what was applied and sent back; never below zero.",
        f"""WITH parts AS (
             SELECT f.merchant_id, f.currency, f.amount_minor FROM payer_facts f
             JOIN bank_payers y ON y.merchant_id = f.merchant_id AND y.id = f.payer_id
               AND (y.customer_id IS NOT NULL OR y.payment_id IS NOT NULL)
             WHERE f.kind NOT IN ('applied', 'unapplied')
             UNION ALL
             SELECT merchant_id, currency, -captured_minor FROM payments
             WHERE captured_minor > 0 AND method IN ({_TRANSFERS})),
           wanted AS (SELECT merchant_id, currency, sum(amount_minor) AS total FROM parts GROUP BY 1, 2),
           kept AS (SELECT merchant_id, currency, -sum(signed_minor) AS total FROM ledger_entries
                    WHERE account = 'customer_balance' GROUP BY 1, 2)
           SELECT coalesce(w.merchant_id, k.merchant_id) || '/' || coalesce(w.currency, k.currency)
           FROM wanted w FULL JOIN kept k
             ON k.merchant_id = w.merchant_id AND k.currency = w.currency
           WHERE coalesce(w.total, 0) <> coalesce(k.total, 0) OR k.total < 0""",  # noqa: S608
    ),
    "payers_have_what_they_sent": (
        "Nobody's balance is below zero, unless their bank took back what it had sent.",
        """SELECT merchant_id || '/' || payer_id || '/' || currency FROM payer_facts
           GROUP BY merchant_id, payer_id, currency
           HAVING sum(amount_minor) < 0 AND bool_and(kind NOT IN ('reversed', 'other'))""",
    ),
}
