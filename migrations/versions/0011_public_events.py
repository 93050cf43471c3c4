"""What merchants are told: an outbox of events not yet published, and the published ones.

A row of the outbox is written with its event, in the same unit of work, and goes when the event
is published. A published event is the bytes that every endpoint is sent, for ever the same.
"""

from alembic import op

revision = "0011_public_events"
down_revision = "0010_keys_with_limits"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE outbox (
            merchant_id text NOT NULL,
            event_id text NOT NULL,
            PRIMARY KEY (event_id, merchant_id)
        )
    """)
    op.execute("""
        CREATE TABLE public_events (
            merchant_id text NOT NULL,
            id text NOT NULL,
            type text NOT NULL,
            object_id text NOT NULL,
            source_event_id text NOT NULL,
            body bytea NOT NULL,
            created_at timestamptz NOT NULL,
            published_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX public_events_type ON public_events (merchant_id, type, id)")
    op.execute("CREATE INDEX public_events_object ON public_events (merchant_id, object_id, id)")
    op.execute("CREATE INDEX public_events_age ON public_events USING brin (published_at)")
    op.execute("REVOKE UPDATE, TRUNCATE ON public_events FROM farthing_app")


def downgrade() -> None:
    op.execute("DROP TABLE public_events, outbox")
