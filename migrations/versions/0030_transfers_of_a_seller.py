"""Money that goes on to a seller when it is captured, and a seller's own list of what came to them.

What is due is a row that the capture's own statement writes; `transfer_id` says that it is done, `dropped_at`
that it never will be. A payment
goes on once. Transfers belong to the platform, and are found by the seller too.
"""

from alembic import op

revision = "0030_transfers_of_a_seller"
down_revision = "0029_fees_go_back"


def upgrade() -> None:
    op.execute("CREATE INDEX transfers_of_seller ON transfers (seller_merchant_id, id)")
    op.execute("""
        ALTER TABLE transfers
            ALTER COLUMN release_id DROP NOT NULL,
            ALTER COLUMN hold_id DROP NOT NULL,
            ADD COLUMN application_fee_minor bigint NOT NULL DEFAULT 0
                CHECK (application_fee_minor BETWEEN 0 AND amount_minor),
            ADD COLUMN application_fee_refunded_minor bigint NOT NULL DEFAULT 0,
            ADD CONSTRAINT transfers_application_fee_refunded_within_it
                CHECK (application_fee_refunded_minor BETWEEN 0 AND application_fee_minor),
            ADD CONSTRAINT transfers_released_or_onward CHECK (
                (release_id IS NULL) = (hold_id IS NULL)
                AND (release_id IS NULL OR application_fee_minor = 0))
    """)
    op.execute("""
        CREATE UNIQUE INDEX transfers_onward_once ON transfers (merchant_id, payment_id)
            WHERE release_id IS NULL
    """)
    op.execute("""
        CREATE TABLE onward_payments (
            merchant_id text NOT NULL,
            payment_id text NOT NULL,
            seller_merchant_id text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            application_fee_minor bigint NOT NULL
                CHECK (application_fee_minor BETWEEN 0 AND amount_minor),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            transfer_group text,
            transfer_id text,
            dropped_at timestamptz,
            next_attempt_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, payment_id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id),
            FOREIGN KEY (merchant_id, transfer_id) REFERENCES transfers (merchant_id, id),
            FOREIGN KEY (merchant_id, seller_merchant_id)
                REFERENCES connected_sellers (merchant_id, seller_merchant_id),
            CHECK (transfer_id IS NULL OR dropped_at IS NULL)
        )
    """)
    op.execute("""
        CREATE INDEX onward_payments_due ON onward_payments (next_attempt_at)
            WHERE transfer_id IS NULL AND dropped_at IS NULL
    """)
    op.execute("""
        ALTER TABLE refunds
            ADD COLUMN reversal_id text,
            ADD COLUMN reversed_minor bigint CHECK (reversed_minor >= 0),
            ADD COLUMN application_fee_minor bigint CHECK (application_fee_minor >= 0),
            ADD CONSTRAINT refunds_reversal FOREIGN KEY (merchant_id, reversal_id)
                REFERENCES transfer_reversals (merchant_id, id)
    """)
    op.execute("""
        CREATE INDEX refunds_by_reversal ON refunds (merchant_id, reversal_id)
            WHERE reversal_id IS NOT NULL
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE refunds DROP COLUMN application_fee_minor, DROP COLUMN reversed_minor,
            DROP COLUMN reversal_id
    """)
    op.execute("DROP TABLE onward_payments")
    op.execute("DROP INDEX transfers_onward_once, transfers_of_seller")
    # Where anything went on, there is no release that it could name: this does not succeed then.
    op.execute("""
        ALTER TABLE transfers
            DROP CONSTRAINT transfers_released_or_onward,
            DROP COLUMN application_fee_refunded_minor, DROP COLUMN application_fee_minor,
            ALTER COLUMN release_id SET NOT NULL, ALTER COLUMN hold_id SET NOT NULL
    """)
