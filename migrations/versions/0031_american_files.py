"""What American banks need to know: the kind of account and of holder, and a number for every order.

A bank sends an order back under the trace id that it had in its file, so each has one of its own, which
follows from its number: the count of the rail's orders. A bank's day has several files, told apart by
their place in it.
"""

from alembic import op

revision = "0031_american_files"
down_revision = "0030_transfers_of_a_seller"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE bank_accounts
            ADD COLUMN holder_type text NOT NULL DEFAULT 'company'
                CHECK (holder_type IN ('company', 'individual')),
            ADD COLUMN account_type text NOT NULL DEFAULT 'checking'
                CHECK (account_type IN ('checking', 'savings'))
    """)
    op.execute("ALTER TABLE payout_files ADD COLUMN file_day date, ADD COLUMN day_number integer")
    op.execute("""
        UPDATE payout_files f SET file_day = n.file_day, day_number = n.day_number
        FROM (SELECT id, (created_at AT TIME ZONE 'UTC')::date AS file_day,
                     row_number() OVER (
                         PARTITION BY rail, (created_at AT TIME ZONE 'UTC')::date ORDER BY id
                     ) - 1 AS day_number
              FROM payout_files) n
        WHERE f.id = n.id
    """)
    op.execute("""
        ALTER TABLE payout_files
            ALTER COLUMN file_day SET NOT NULL, ALTER COLUMN day_number SET NOT NULL,
            ADD CONSTRAINT payout_files_of_a_day UNIQUE (rail, file_day, day_number)
    """)
    op.execute("""
        ALTER TABLE payout_file_orders ADD COLUMN sequence bigint, ADD COLUMN trace_id text
    """)
    op.execute("""
        UPDATE payout_file_orders o SET sequence = n.sequence, trace_id = o.reference
        FROM (SELECT reference,
                     row_number() OVER (PARTITION BY rail ORDER BY created_at, reference) AS sequence
              FROM payout_file_orders WHERE file_id IS NOT NULL) n
        WHERE o.reference = n.reference
    """)
    op.execute("""
        ALTER TABLE payout_file_orders
            ADD CHECK (file_id IS NULL OR (sequence IS NOT NULL AND trace_id IS NOT NULL)),
            ADD CONSTRAINT payout_file_orders_numbered UNIQUE (rail, sequence)
    """)
    op.execute("""
        CREATE INDEX payout_file_orders_traced ON payout_file_orders (rail, trace_id)
            WHERE trace_id IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX payout_file_orders_unanswered ON payout_file_orders (rail, arrival_date)
            WHERE status = 'in_file'
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE payout_file_orders DROP COLUMN sequence, DROP COLUMN trace_id")
    op.execute("DROP INDEX payout_file_orders_unanswered")
    op.execute("ALTER TABLE payout_files DROP COLUMN file_day, DROP COLUMN day_number")
    op.execute("ALTER TABLE bank_accounts DROP COLUMN holder_type, DROP COLUMN account_type")
