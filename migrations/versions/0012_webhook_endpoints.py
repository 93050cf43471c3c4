"""Where merchants want to be told, what is to be delivered there, and every try."""

from alembic import op

revision = "0012_webhook_endpoints"
down_revision = "0011_public_events"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE webhook_endpoints (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            url text NOT NULL,
            description text,
            enabled_events text[] NOT NULL CHECK (cardinality(enabled_events) > 0),
            status text NOT NULL CHECK (status IN ('enabled', 'disabled')),
            disabled_reason text CHECK (disabled_reason IN ('by_merchant', 'gone', 'failing')),
            disabled_at timestamptz,
            secret_sealed bytea NOT NULL,
            old_secret_sealed bytea,
            old_secret_until timestamptz,
            failing_since timestamptz,
            consecutive_failures integer NOT NULL DEFAULT 0,
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE TABLE deliveries (
            merchant_id text NOT NULL,
            id text NOT NULL,
            endpoint_id text NOT NULL,
            event_id text NOT NULL,
            event_type text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('pending', 'delivered', 'failed', 'canceled')),
            attempts integer NOT NULL DEFAULT 0,
            tries integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            leased_until timestamptz,
            lease_token text,
            is_manual boolean NOT NULL DEFAULT false,
            last_code integer,
            last_error text,
            created_at timestamptz NOT NULL,
            first_attempt_at timestamptz,
            finished_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, endpoint_id, event_id),
            FOREIGN KEY (merchant_id, endpoint_id) REFERENCES webhook_endpoints (merchant_id, id),
            CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE INDEX deliveries_due ON deliveries (next_attempt_at) WHERE status = 'pending'
    """)
    op.execute("""
        CREATE INDEX deliveries_of_endpoint_due
            ON deliveries (merchant_id, endpoint_id, next_attempt_at) WHERE status = 'pending'
    """)
    op.execute("""
        CREATE INDEX deliveries_leased ON deliveries (merchant_id, endpoint_id)
            WHERE lease_token IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX deliveries_manual_due ON deliveries (next_attempt_at)
            WHERE status = 'pending' AND is_manual
    """)
    op.execute("CREATE INDEX deliveries_finished ON deliveries USING brin (finished_at)")
    op.execute("CREATE INDEX deliveries_endpoint ON deliveries (merchant_id, endpoint_id, id)")
    op.execute("CREATE INDEX deliveries_event ON deliveries (merchant_id, event_id)")
    op.execute("""
        CREATE TABLE delivery_attempts (
            merchant_id text NOT NULL,
            delivery_id text NOT NULL,
            number integer NOT NULL,
            endpoint_id text NOT NULL,
            at timestamptz NOT NULL,
            duration_ms integer NOT NULL,
            response_code integer,
            response_body text,
            error text,
            is_manual boolean NOT NULL DEFAULT false,
            PRIMARY KEY (merchant_id, delivery_id, number),
            FOREIGN KEY (merchant_id, delivery_id) REFERENCES deliveries (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE INDEX delivery_attempts_recent ON delivery_attempts (merchant_id, endpoint_id, at)
    """)


def downgrade() -> None:
    op.execute("DROP TABLE delivery_attempts, deliveries, webhook_endpoints")
