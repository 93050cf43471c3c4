"""What of its fee each refund gives back, and what all refunds of a payment did together.

The payment's CHECK is what keeps refunds from ever returning more than the fee, whatever runs at once.
Nothing went back before, so rows that are there have nothing.
"""

from alembic import op

revision = "0029_fees_go_back"
down_revision = "0028_wallets"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE payments
            ADD COLUMN fee_returned_minor bigint NOT NULL DEFAULT 0,
            ADD CONSTRAINT payments_fee_returned_within_fee
                CHECK (fee_returned_minor BETWEEN 0 AND fee_minor)
    """)
    op.execute("""
        ALTER TABLE refunds
            ADD COLUMN fee_returned_minor bigint NOT NULL DEFAULT 0,
            ADD CONSTRAINT refunds_fee_returned_within_refund
                CHECK (fee_returned_minor BETWEEN 0 AND amount_minor)
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE refunds DROP COLUMN fee_returned_minor")
    op.execute("ALTER TABLE payments DROP COLUMN fee_returned_minor")
