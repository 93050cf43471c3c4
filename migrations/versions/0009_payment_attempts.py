"""A payment knows its last attempt, its customer and the method it is to be paid with.

An attempt (an operation of kind `authorize`) is what the API calls a charge.
"""

from alembic import op

revision = "0009_payment_attempts"
down_revision = "0008_customers_and_methods"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payments
            ADD COLUMN attempt_id text,
            ADD COLUMN customer_id text,
            ADD COLUMN payment_method text,
            ADD COLUMN canceled_at timestamptz,
            ADD FOREIGN KEY (merchant_id, customer_id) REFERENCES customers (merchant_id, id)
    """)
    op.execute("""
        ALTER TABLE operations
            ADD COLUMN customer_reference text,
            ADD COLUMN is_off_session boolean NOT NULL DEFAULT false,
            ADD COLUMN payment_method_id text
    """)
    op.execute("ALTER TABLE refunds ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}'")
    op.execute("""
        UPDATE payments p SET attempt_id = o.id
        FROM (
            SELECT DISTINCT ON (merchant_id, payment_id) merchant_id, payment_id, id
            FROM operations WHERE kind = 'authorize'
            ORDER BY merchant_id, payment_id, id DESC
        ) o
        WHERE o.merchant_id = p.merchant_id AND o.payment_id = p.id
    """)
    op.execute("""
        UPDATE payments SET canceled_at = updated_at WHERE status IN ('canceled', 'expired')
    """)
    op.execute("""
        CREATE INDEX payments_customer ON payments (merchant_id, customer_id, id)
            WHERE customer_id IS NOT NULL
    """)
    op.execute("CREATE INDEX operations_payment ON operations (merchant_id, payment_id)")
    # Balance transactions of rare kinds and currencies, found without reading past all others.
    op.execute("""
        CREATE INDEX journals_given_back ON journals (merchant_id, event, id)
            WHERE event IN ('refund_requested', 'refund_failed', 'refund_returned')
    """)
    op.execute("""
        CREATE INDEX postings_own ON postings (merchant_id, currency, journal_id)
            WHERE line = 1 AND (credit = 'merchant_pending' OR debit = 'merchant_pending')
    """)


def downgrade() -> None:
    op.execute("DROP INDEX postings_own, journals_given_back, operations_payment")
    op.execute("ALTER TABLE refunds DROP COLUMN metadata")
    op.execute("""
        ALTER TABLE operations
            DROP COLUMN customer_reference, DROP COLUMN is_off_session, DROP COLUMN payment_method_id
    """)
    op.execute("""
        ALTER TABLE payments
            DROP COLUMN attempt_id, DROP COLUMN customer_id, DROP COLUMN payment_method,
            DROP COLUMN canceled_at
    """)
