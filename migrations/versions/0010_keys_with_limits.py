"""Keys that may do less: per resource, from some addresses, until some time."""

from alembic import op

revision = "0010_keys_with_limits"
down_revision = "0009_payment_attempts"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE api_keys
            DROP CONSTRAINT api_keys_kind_check,
            ADD CONSTRAINT api_keys_kind_check
                CHECK (kind IN ('secret', 'publishable', 'restricted')),
            ADD COLUMN permissions jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN allowed_networks text[] NOT NULL DEFAULT '{}',
            ADD COLUMN expires_at timestamptz,
            ADD COLUMN replaced_by text,
            ADD COLUMN created_by text NOT NULL DEFAULT 'system',
            ADD COLUMN last_used_ip text,
            ADD COLUMN publishable_text text,
            ADD CHECK (kind = 'restricted' OR permissions = '{}'),
            ADD CHECK (kind = 'publishable' OR publishable_text IS NULL)
    """)
    op.execute("ALTER TABLE api_keys ALTER COLUMN created_by DROP DEFAULT")
    op.execute("""
        CREATE TABLE audit_entries (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            action text NOT NULL,
            subject_id text NOT NULL,
            actor text NOT NULL,
            ip text,
            data jsonb NOT NULL DEFAULT '{}',
            at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM farthing_app")


def downgrade() -> None:
    op.execute("DROP TABLE audit_entries")
    op.execute("DELETE FROM api_keys WHERE kind = 'restricted'")
    op.execute("""
        ALTER TABLE api_keys
            DROP CONSTRAINT api_keys_kind_check,
            DROP COLUMN permissions, DROP COLUMN allowed_networks, DROP COLUMN expires_at,
            DROP COLUMN replaced_by, DROP COLUMN created_by, DROP COLUMN last_used_ip,
            DROP COLUMN publishable_text,
            ADD CONSTRAINT api_keys_kind_check CHECK (kind IN ('secret', 'publishable'))
    """)
