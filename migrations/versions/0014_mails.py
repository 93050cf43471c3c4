"""Mails to be sent: written with what they tell of, sent afterwards by the worker."""

from alembic import op

revision = "0014_mails"
down_revision = "0013_api_requests"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE mails (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            kind text NOT NULL,
            recipient text NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            status text NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            error text,
            created_at timestamptz NOT NULL,
            sent_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
        )
    """)
    op.execute("CREATE INDEX mails_due ON mails (next_attempt_at) WHERE status = 'pending'")


def downgrade() -> None:
    op.execute("DROP TABLE mails")
