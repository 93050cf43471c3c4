"""Processors that cannot be asked: what they told is found by payment, and a card's sealed fields are erased.

A processor that only tells has told all that can be known of a payment, in facts of their own: they are
read together, by its name for the payment or by ours. Fields that a browser sealed for it stand sealed once
more in the row of their call, until that has an outcome; the index finds what is left of them.
"""

from alembic import op

revision = "0034_told_payments"
down_revision = "0033_bank_money"

_KINDS = "ALTER TABLE operations DROP CONSTRAINT operations_kind_check"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE inbox
            ADD COLUMN told_payment_id text,
            ADD COLUMN is_told boolean NOT NULL DEFAULT false
    """)
    op.execute("""
        CREATE INDEX inbox_told_payment ON inbox (merchant_id, told_payment_id)
            WHERE told_payment_id IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX inbox_told_reference ON inbox (merchant_id, payment_reference) WHERE is_told
    """)
    op.execute(_KINDS)
    op.execute("""
        ALTER TABLE operations ADD CONSTRAINT operations_kind_check
            CHECK (kind IN ('authorize', 'finish', 'capture', 'cancel'))
    """)
    op.execute("""
        CREATE INDEX operations_sealed ON operations (created_at)
            WHERE payment_method_token LIKE 'sealed:%'
    """)


def downgrade() -> None:
    # Not while there are calls of the new kind: what they did could not be told any more.
    op.execute("DROP INDEX operations_sealed, inbox_told_reference, inbox_told_payment")
    op.execute("ALTER TABLE inbox DROP COLUMN told_payment_id, DROP COLUMN is_told")
    op.execute(_KINDS)
    op.execute("""
        ALTER TABLE operations ADD CONSTRAINT operations_kind_check
            CHECK (kind IN ('authorize', 'capture', 'cancel'))
    """)
