"""What banks told us, each fact once: whether it was about an order of ours, and what became of it.

A fact that fits no order is kept like the others and stays open until somebody has looked at it. What it
was about never changes; `detail` may hold an account number and is sealed.
"""

from alembic import op

revision = "0032_bank_facts"
down_revision = "0031_american_files"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE bank_facts (
            id text PRIMARY KEY,
            rail text NOT NULL,
            digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
            outcome text NOT NULL
                CHECK (outcome IN ('paid', 'refused', 'returned', 'correction', 'other')),
            message_id text NOT NULL,
            reference text,
            amount_minor bigint,
            currency text,
            reason text NOT NULL,
            message text NOT NULL,
            detail_sealed bytea,
            said_at timestamptz NOT NULL,
            read_at timestamptz NOT NULL,
            result text NOT NULL CHECK (
                result IN ('applied', 'known', 'unmatched', 'contradicting', 'not_about_payouts')
            ),
            merchant_id text,
            payout_id text,
            closed_at timestamptz,
            closed_by text,
            note text,
            FOREIGN KEY (merchant_id, payout_id)
                REFERENCES payout_file_orders (merchant_id, payout_id),
            CHECK ((merchant_id IS NULL) = (payout_id IS NULL)),
            CHECK ((amount_minor IS NULL) = (currency IS NULL)),
            CHECK ((closed_at IS NULL) = (closed_by IS NULL AND note IS NULL))
        )
    """)
    op.execute("""
        CREATE INDEX bank_facts_open ON bank_facts (id)
            WHERE closed_at IS NULL AND result IN ('unmatched', 'contradicting')
    """)
    op.execute("CREATE INDEX bank_facts_of_order ON bank_facts (merchant_id, payout_id)")


def downgrade() -> None:
    op.execute("DROP TABLE bank_facts")
