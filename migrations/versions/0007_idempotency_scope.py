"""An idempotency key belongs to one route, and knows what became of it.

The same key on another route is another request. The reply is forgotten after a day; the row of a
key that made a payment or a refund stays, so that no later request can make it twice.
"""

from alembic import op

revision = "0007_idempotency_scope"
down_revision = "0006_inbox_and_idempotency"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE idempotency_keys
            ADD COLUMN scope text NOT NULL DEFAULT 'POST /payments',
            ADD COLUMN is_forgotten boolean NOT NULL DEFAULT false,
            ADD COLUMN request_id text,
            DROP CONSTRAINT idempotency_keys_pkey,
            DROP CONSTRAINT idempotency_keys_check,
            ADD PRIMARY KEY (merchant_id, scope, key),
            ADD CHECK ((state = 'finished' AND NOT is_forgotten) = (response_status IS NOT NULL))
    """)
    op.execute("ALTER TABLE idempotency_keys ALTER COLUMN scope DROP DEFAULT")
    op.execute("""
        UPDATE idempotency_keys SET scope = 'POST /v1/checkout/sessions'
        WHERE subject_id LIKE 'cs\\_%'
    """)
    op.execute("""
        UPDATE payments SET client_key = 'POST /payments ' || client_key
        WHERE client_key IS NOT NULL
    """)


def downgrade() -> None:
    op.execute("""
        UPDATE payments SET client_key = substr(client_key, length('POST /payments ') + 1)
        WHERE client_key LIKE 'POST /payments %'
    """)
    op.execute("DELETE FROM idempotency_keys WHERE is_forgotten")
    # Where one key was used on two routes, the first use is kept.
    op.execute("""
        DELETE FROM idempotency_keys k USING idempotency_keys older
        WHERE older.merchant_id = k.merchant_id AND older.key = k.key
          AND (older.created_at, older.scope) < (k.created_at, k.scope)
    """)
    op.execute("""
        ALTER TABLE idempotency_keys
            DROP CONSTRAINT idempotency_keys_pkey,
            DROP CONSTRAINT idempotency_keys_check,
            DROP COLUMN scope, DROP COLUMN is_forgotten, DROP COLUMN request_id,
            ADD PRIMARY KEY (merchant_id, key),
            ADD CHECK ((state = 'finished') = (response_status IS NOT NULL))
    """)
