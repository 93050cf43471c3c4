"""The invariants of conversions, as queries that return the offenders."""

from app.domain.currencies import CURRENCIES

_EXPONENTS = ", ".join(f"('{row.code}', {row.exponent})" for row in CURRENCIES.values())

# Each conversion that a payment or a refund tells of: what was given, what came of it, at which rate.
_TOLD = """
    SELECT p.merchant_id, p.id, p.fx_rate_id, p.settlement_currency AS gained_currency,
           p.settled_minor AS gained, p.fx_fee_minor AS fee, p.currency AS given_currency,
           NULL::bigint AS given, p.status = 'returned' AS is_back
    FROM payments p WHERE p.fx_rate_id IS NOT NULL
    UNION ALL
    SELECT r.merchant_id, r.id, r.fx_rate_id, r.currency,
           r.amount_minor - r.fee_returned_minor, 0,
           r.settlement_currency, r.settled_minor, r.status = 'failed'
    FROM refunds r WHERE r.fx_rate_id IS NOT NULL"""

_BOOKED = """
    SELECT j.merchant_id, j.source_id, j.event,
           max(p.currency) AS currency, min(p.currency) = max(p.currency) AS is_one,
           sum(p.amount_minor) FILTER (WHERE 'fx_clearing' IN (p.debit, p.credit)) AS amount,
           coalesce(sum(p.amount_minor) FILTER (WHERE p.credit = 'fx_fees'), 0) AS fee
    FROM journals j JOIN postings p ON p.merchant_id = j.merchant_id AND p.journal_id = j.id
    WHERE j.event IN ('money_converted_out', 'money_converted_in',
                      'conversion_reversed_out', 'conversion_reversed_in')
    GROUP BY 1, 2, 3"""

FX_CHECKS: dict[str, tuple[str, str]] = {
    "conversions_booked": (
        "Every conversion has both its legs, of the amounts that its row tells; no leg stands alone.",
        f"""WITH told AS ({_TOLD}), booked AS ({_BOOKED}),
           legs AS (
             SELECT merchant_id, id, 'money_converted_out' AS event, given_currency AS currency,
                    given AS amount, 0::bigint AS fee FROM told
             UNION ALL
             SELECT merchant_id, id, 'money_converted_in', gained_currency, gained, fee FROM told
             UNION ALL
             SELECT merchant_id, id, 'conversion_reversed_out', gained_currency, gained, 0
             FROM told WHERE is_back
             UNION ALL
             SELECT merchant_id, id, 'conversion_reversed_in', given_currency, given, 0
             FROM told WHERE is_back)
           SELECT coalesce(l.id, b.source_id) FROM legs l FULL JOIN booked b
             ON b.merchant_id = l.merchant_id AND b.source_id = l.id AND b.event = l.event
           WHERE l.id IS NULL OR b.source_id IS NULL OR NOT b.is_one OR b.currency <> l.currency
              OR b.fee <> l.fee OR b.amount <> coalesce(l.amount, b.amount)""",  # noqa: S608 - constants above
    ),
    "conversions_at_rate": (
        "What came of every conversion is its amount at the stored rate of its own two currencies.",
        f"""WITH exponents (code, digits) AS (VALUES {_EXPONENTS}),
           presented AS (
             SELECT p.merchant_id, p.id, p.fx_rate_id, p.currency, p.settlement_currency,
                    p.settled_minor, sum(b.amount) AS amount
             FROM payments p JOIN ({_BOOKED}) b ON b.merchant_id = p.merchant_id
               AND b.source_id = p.id AND b.event = 'money_converted_out'
             WHERE p.fx_rate_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
             UNION ALL
             SELECT r.merchant_id, r.id, r.fx_rate_id, r.currency, r.settlement_currency,
                    r.settled_minor, r.amount_minor - r.fee_returned_minor
             FROM refunds r WHERE r.fx_rate_id IS NOT NULL)
           SELECT c.id FROM presented c LEFT JOIN fx_rates x ON x.id = c.fx_rate_id
             AND x.base = c.currency AND x.quote = c.settlement_currency
           LEFT JOIN exponents sold ON sold.code = c.currency
           LEFT JOIN exponents bought ON bought.code = c.settlement_currency
           WHERE x.id IS NULL
              OR abs(greatest(c.amount * x.value * (10::numeric ^ (bought.digits - sold.digits)), 0.5)
                     - c.settled_minor) > 0.5""",  # noqa: S608 - constants above
    ),
}
