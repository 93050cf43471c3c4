"""The invariants of payouts and reserves, as `ledger_checks` has them: no rows is the proof."""

from app.domain.payouts import CATEGORIES, Category

_BAR = "CASE event " + " ".join(
    f"WHEN '{event}' THEN '{category.value}'" for event, category in CATEGORIES.items()
)
_BAR += " ELSE 'other' END"

_SUMS = ", ".join(
    f"coalesce(sum(gross_minor) FILTER (WHERE bar = '{one.value}'), 0) AS {one.value}"
    for one in Category
    if one is not Category.FEES
)
_DIFFERS = " OR ".join(f"p.{one.value}_minor <> coalesce(l.{one.value}, 0)" for one in Category)

PAYOUT_CHECKS: dict[str, tuple[str, str]] = {
    "payouts_are_their_lines": (
        "Every payout's sums are those of its lines.",
        f"""WITH lines AS (
              SELECT merchant_id, payout_id, count(*) AS lines, -sum(fee_minor) AS fees, {_SUMS}
              FROM (SELECT *, {_BAR} AS bar FROM payout_lines) AS barred GROUP BY 1, 2)
           SELECT p.id FROM payouts p
           LEFT JOIN lines l ON l.merchant_id = p.merchant_id AND l.payout_id = p.id
           WHERE p.line_count <> coalesce(l.lines, 0) OR {_DIFFERS}""",  # noqa: S608 - constants above
    ),
    "payout_lines_are_journals": (
        "Every line of a payout is what its journal did to the merchant's payable money.",
        """SELECT l.payout_id || '/' || l.journal_id FROM payout_lines l LEFT JOIN LATERAL (
             SELECT sum(CASE WHEN p.credit IN ('merchant_pending', 'merchant_available')
                             THEN p.amount_minor ELSE 0 END)
                    - sum(CASE WHEN p.debit IN ('merchant_pending', 'merchant_available')
                               THEN p.amount_minor ELSE 0 END) AS net
             FROM postings p WHERE p.merchant_id = l.merchant_id AND p.journal_id = l.journal_id
               AND p.currency = l.currency) b ON true
           WHERE l.gross_minor - l.fee_minor <> coalesce(b.net, 0)""",
    ),
    "payouts_follow_each_other": (
        "Every payout begins with what the one before carried on.",
        """SELECT id FROM (
             SELECT id, number, opening_minor,
                    lag(carried_minor, 1, 0::bigint) OVER period AS carried,
                    row_number() OVER period AS place
             FROM payouts WINDOW period AS (PARTITION BY merchant_id, currency ORDER BY number)) p
           WHERE number <> place OR opening_minor <> carried""",
    ),
    "payouts_booked": (
        "Every payout is booked as its status says.",
        """SELECT o.id FROM payouts o LEFT JOIN LATERAL (
             SELECT count(*) FILTER (WHERE j.event = 'payout_sent') AS sent,
                    count(*) FILTER (WHERE j.event = 'payout_paid') AS paid,
                    count(*) FILTER (WHERE j.event = 'payout_failed') AS failed,
                    count(*) FILTER (WHERE j.event = 'payout_canceled') AS canceled,
                    count(*) FILTER (WHERE j.event = 'payout_returned') AS returned,
                    bool_and(p.amount_minor = o.amount_minor) AS same
             FROM journals j
             JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
             WHERE j.merchant_id = o.merchant_id AND j.source_id = o.id
               AND j.event LIKE 'payout\\_%') b ON true
           WHERE NOT coalesce(b.same, false)
              OR (b.sent, b.paid, b.failed, b.canceled, b.returned) NOT IN (
                   SELECT sent, paid, failed, canceled, returned FROM (VALUES
                     ('pending', 1, 0, 0, 0, 0), ('unknown', 1, 0, 0, 0, 0),
                     ('in_transit', 1, 0, 0, 0, 0), ('paid', 1, 1, 0, 0, 0),
                     ('failed', 1, 0, 1, 0, 0), ('failed', 1, 1, 0, 0, 1),
                     ('canceled', 1, 0, 0, 1, 0))
                   AS told (status, sent, paid, failed, canceled, returned)
                   WHERE told.status = o.status)""",
    ),
    "reserves_are_kept": (
        "What is kept back is the sum of the reserves that have not ended.",
        """WITH told AS (SELECT merchant_id, currency, sum(amount_minor) AS total FROM reserves
                         WHERE released_at IS NULL GROUP BY 1, 2),
           kept AS (SELECT merchant_id, currency, balance_minor FROM account_balances
                    WHERE code = 'merchant_reserved')
           SELECT coalesce(t.merchant_id, k.merchant_id) || '/' || coalesce(t.currency, k.currency)
           FROM told t FULL JOIN kept k ON k.merchant_id = t.merchant_id AND k.currency = t.currency
           WHERE coalesce(t.total, 0) <> coalesce(k.balance_minor, 0)""",
    ),
}
