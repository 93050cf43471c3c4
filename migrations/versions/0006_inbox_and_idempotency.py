"""What came in: webhooks to be handled once, and API requests to be answered once."""

from alembic import op

revision = "0006_inbox_and_idempotency"
down_revision = "0005_append_only"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE inbox (
            merchant_id text NOT NULL,
            id text NOT NULL,
            processor_account_id text NOT NULL,
            external_id text NOT NULL,
            kind text NOT NULL,
            payment_reference text,
            refund_reference text,
            body bytea NOT NULL,
            status text NOT NULL
                CHECK (status IN ('received', 'handled', 'unmatched', 'failed', 'ignored')),
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz NOT NULL,
            error text,
            received_at timestamptz NOT NULL,
            handled_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, processor_account_id, external_id),
            FOREIGN KEY (merchant_id, processor_account_id)
                REFERENCES processor_accounts (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE INDEX inbox_due ON inbox (next_attempt_at) WHERE status IN ('received', 'unmatched')
    """)
    op.execute("""
        CREATE TABLE idempotency_keys (
            merchant_id text NOT NULL REFERENCES merchants (id),
            key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
            request_hash bytea NOT NULL,
            state text NOT NULL CHECK (state IN ('started', 'finished')),
            lease_token text NOT NULL,
            leased_until timestamptz NOT NULL,
            subject_id text,
            response_status smallint,
            response_body bytea,
            created_at timestamptz NOT NULL,
            finished_at timestamptz,
            PRIMARY KEY (merchant_id, key),
            CHECK ((state = 'finished') = (response_status IS NOT NULL))
        ) WITH (fillfactor = 85)
    """)
    op.execute("CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys, inbox")
