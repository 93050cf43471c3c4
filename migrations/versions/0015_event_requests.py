"""An event names the API request that caused it, and that request's idempotency key."""

from alembic import op

revision = "0015_event_requests"
down_revision = "0014_mails"


def upgrade() -> None:
    op.execute("ALTER TABLE events ADD COLUMN request_id text, ADD COLUMN idempotency_key text")


def downgrade() -> None:
    op.execute("ALTER TABLE events DROP COLUMN request_id, DROP COLUMN idempotency_key")
