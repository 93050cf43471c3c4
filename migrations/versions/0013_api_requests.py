"""The API's request log: what was asked and answered, without anything secret. Kept for 30 days."""

from alembic import op

revision = "0013_api_requests"
down_revision = "0012_webhook_endpoints"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE api_requests (
            merchant_id text NOT NULL,
            id text NOT NULL,
            method text NOT NULL,
            path text NOT NULL,
            route text NOT NULL,
            status smallint NOT NULL,
            error_code text,
            key_id text NOT NULL,
            ip text NOT NULL,
            user_agent text NOT NULL,
            api_version text,
            idempotency_key text,
            idempotency_scope text,
            idempotency_outcome text CHECK (idempotency_outcome IN
                ('first', 'resumed', 'replayed', 'mismatch', 'in_use')),
            object_id text,
            query text,
            request_body json,
            response_body json,
            duration_ms integer NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE INDEX api_requests_key ON api_requests (merchant_id, idempotency_key, id)
            WHERE idempotency_key IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX api_requests_errors ON api_requests (merchant_id, id) WHERE status >= 400
    """)
    op.execute("CREATE INDEX api_requests_age ON api_requests USING brin (at)")


def downgrade() -> None:
    op.execute("DROP TABLE api_requests")
