"""What a merchant has agreed to pay: versions of schedules, and the volumes that choose their tiers.

A version is never changed, or payments made under it could no longer be explained; a new one is added.
A volume is counted once, by whoever needs it first, so that all of a month's payments see the same.
"""

from alembic import op

revision = "0021_fee_schedules"
down_revision = "0020_payouts"

_TABLES = ("fee_schedules", "fee_volumes")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE fee_schedules (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            method text NOT NULL CHECK (method ~ '^[a-z][a-z0-9_]*$'),
            version integer NOT NULL CHECK (version > 0),
            rules jsonb NOT NULL,
            valid_from timestamptz NOT NULL,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, method, version),
            CONSTRAINT fee_schedules_are_for_later CHECK (valid_from > created_at),
            CONSTRAINT fee_schedules_rates CHECK (
                jsonb_typeof(rules) = 'object'
                AND rules ?& ARRAY['basis_points', 'fixed', 'conversion_basis_points']
                AND (rules ->> 'basis_points')::bigint BETWEEN 0 AND 10000
                AND (rules ->> 'conversion_basis_points')::bigint BETWEEN 0 AND 10000
                AND jsonb_typeof(rules -> 'fixed') IN ('number', 'object')),
            CONSTRAINT fee_schedules_whole_numbers CHECK (rules::text !~ '[-.]')
        )
    """)
    op.execute("""
        CREATE TABLE fee_volumes (
            merchant_id text NOT NULL REFERENCES merchants (id),
            month date NOT NULL CHECK (month = date_trunc('month', month)::date),
            volumes jsonb NOT NULL CHECK (
                jsonb_typeof(volumes) = 'object' AND volumes::text !~ '[-.]'),
            counted_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, month)
        )
    """)
    for table in _TABLES:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM farthing_app")
        op.execute(f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """)
        op.execute(f"""
            CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)


def downgrade() -> None:
    op.execute("DROP TABLE fee_volumes, fee_schedules")
