"""What a capture writes for its payment's plan, as parts of the statement that records it."""

# What was captured for a delivery is held from this very moment: the hold's id is the payment's own.
HOLD = """hold AS (
    INSERT INTO escrow_holds (merchant_id, id, payment_id, currency, held_minor, plan, transfer_group,
                              auto_release_at, created_at, updated_at)
    SELECT m.merchant_id, 'esc' || substr(m.id, 3), m.id, m.currency, m.net_minor, m.escrow,
           m.escrow ->> 'transfer_group',
           CASE WHEN m.escrow ? 'destination' OR m.escrow ? 'milestones'
                THEN m.at + make_interval(days => a.escrow_release_days::int) END, m.at, m.at
    FROM moved m JOIN merchants a ON a.id = m.merchant_id
    WHERE m.escrow IS NOT NULL AND NOT m.escrow ? 'on_capture' AND m.net_minor > 0
    ON CONFLICT DO NOTHING
)"""

# What was captured for a seller is due to them from this very moment; a job sends it on.
ONWARD = """onward AS (
    INSERT INTO onward_payments (merchant_id, payment_id, seller_merchant_id, amount_minor,
                                 application_fee_minor, currency, transfer_group, next_attempt_at,
                                 created_at)
    SELECT m.merchant_id, m.id, m.escrow ->> 'destination', s.amount,
           least(coalesce((m.escrow #>> '{on_capture,application_fee_minor}')::bigint, 0), s.amount),
           m.currency, m.escrow ->> 'transfer_group', m.at, m.at
    FROM moved m CROSS JOIN LATERAL (
        SELECT least(coalesce((m.escrow #>> '{on_capture,amount_minor}')::bigint, m.captured_minor),
                     m.captured_minor) AS amount) s
    WHERE m.escrow ? 'on_capture' AND s.amount > 0
    ON CONFLICT DO NOTHING
)"""
