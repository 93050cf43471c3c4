"""A payment knows its method, what its customer still has to do, and whether a bank took it back.

`method_details` holds what may be shown of an account: its last four characters, its bank, its mandate.
`action` is there while the customer is asked for something. A merchant offers cards until they choose more.
"""

from alembic import op

revision = "0027_methods_of_payments"
down_revision = "0026_escrow"

_STATUSES = (
    "'open', 'processing', 'unknown', 'requires_action', 'authorized', 'captured', 'failed', "
    "'canceled', 'expired'"
)


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payments
            ADD COLUMN method text NOT NULL DEFAULT 'card',
            ADD COLUMN method_types jsonb NOT NULL DEFAULT '["card"]',
            ADD COLUMN method_details jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN action jsonb,
            ADD COLUMN returned_at timestamptz,
            ADD COLUMN return_code text,
            ADD CONSTRAINT payments_returned_is_told
                CHECK ((status = 'returned') = (returned_at IS NOT NULL))
    """)
    op.execute(f"""
        ALTER TABLE payments
            DROP CONSTRAINT payments_status_check,
            ADD CONSTRAINT payments_status_check CHECK (status IN ({_STATUSES}, 'returned'))
    """)
    op.execute("ALTER TABLE operations ADD COLUMN details jsonb NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE checkout_sessions ADD COLUMN methods jsonb")
    op.execute("""ALTER TABLE merchants ADD COLUMN methods jsonb NOT NULL DEFAULT '["card"]'""")


def downgrade() -> None:
    op.execute("ALTER TABLE merchants DROP COLUMN methods")
    op.execute("ALTER TABLE checkout_sessions DROP COLUMN methods")
    op.execute("ALTER TABLE operations DROP COLUMN details")
    op.execute(f"""
        ALTER TABLE payments
            DROP CONSTRAINT payments_status_check,
            ADD CONSTRAINT payments_status_check CHECK (status IN ({_STATUSES}))
    """)
    op.execute("""
        ALTER TABLE payments
            DROP COLUMN method, DROP COLUMN method_types, DROP COLUMN method_details, DROP COLUMN action,
            DROP COLUMN returned_at, DROP COLUMN return_code
    """)
