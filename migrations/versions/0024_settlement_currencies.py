"""In which currency a payment is settled, at which rate, and what came of it.

`settlement_currency` without a rate is money that waits for one. A merchant that names no currencies
keeps each that it is paid in, as before.
"""

from alembic import op

revision = "0024_settlement_currencies"
down_revision = "0023_exchange_rates"


def upgrade() -> None:
    op.execute("ALTER TABLE merchants ADD COLUMN settlement_currencies text[]")
    op.execute("""
        ALTER TABLE payments
            ADD COLUMN settlement_currency text
                CHECK (settlement_currency ~ '^[A-Z]{3}$' AND settlement_currency <> currency),
            ADD COLUMN fx_rate_id text REFERENCES fx_rates (id),
            ADD COLUMN settled_minor bigint CHECK (settled_minor > 0),
            ADD COLUMN fx_fee_minor bigint CHECK (fx_fee_minor BETWEEN 0 AND settled_minor),
            ADD CONSTRAINT payments_conversion_is_whole
                CHECK (num_nulls(fx_rate_id, settled_minor, fx_fee_minor) IN (0, 3)
                       AND (fx_rate_id IS NULL OR settlement_currency IS NOT NULL))
    """)
    op.execute("""
        ALTER TABLE refunds
            ADD COLUMN settlement_currency text
                CHECK (settlement_currency ~ '^[A-Z]{3}$' AND settlement_currency <> currency),
            ADD COLUMN fx_rate_id text REFERENCES fx_rates (id),
            ADD COLUMN settled_minor bigint CHECK (settled_minor > 0),
            ADD CONSTRAINT refunds_conversion_is_whole
                CHECK (num_nulls(fx_rate_id, settled_minor) IN (0, 2)
                       AND (fx_rate_id IS NULL OR settlement_currency IS NOT NULL))
    """)
    for table in ("payments", "refunds"):
        op.execute(f"""
            CREATE INDEX {table}_unconverted ON {table} (id)
                WHERE settlement_currency IS NOT NULL AND fx_rate_id IS NULL
        """)


def downgrade() -> None:
    for table in ("payments", "refunds"):
        op.execute(f"DROP INDEX {table}_unconverted")
    op.execute("""
        ALTER TABLE refunds DROP COLUMN settled_minor, DROP COLUMN fx_rate_id,
            DROP COLUMN settlement_currency
    """)
    op.execute("""
        ALTER TABLE payments DROP COLUMN fx_fee_minor, DROP COLUMN settled_minor,
            DROP COLUMN fx_rate_id, DROP COLUMN settlement_currency
    """)
    op.execute("ALTER TABLE merchants DROP COLUMN settlement_currencies")
