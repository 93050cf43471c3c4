"""Exchange rates, each kept for ever under its id: what was converted can be computed again.

A rate is a fact that a source told once; a source that corrects itself tells a new one. Rates belong to
no merchant.
"""

from alembic import op

revision = "0023_exchange_rates"
down_revision = "0022_fee_parts"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE fx_rates (
            id text PRIMARY KEY,
            base text NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
            quote text NOT NULL CHECK (quote ~ '^[A-Z]{3}$' AND quote <> base),
            value numeric NOT NULL CHECK (value > 0),
            source text NOT NULL,
            derived_from text[] NOT NULL DEFAULT '{}',
            observed_at timestamptz NOT NULL,
            fetched_at timestamptz NOT NULL,
            UNIQUE (source, base, quote, observed_at)
        )
    """)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON fx_rates FROM farthing_app")
    op.execute("""
        CREATE TRIGGER fx_rates_append_only BEFORE UPDATE OR DELETE ON fx_rates
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER fx_rates_no_truncate BEFORE TRUNCATE ON fx_rates
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE fx_rates")
