"""Orders that go to a bank by file, and the files: each order is in one file at most, for ever.

Files hold whole account numbers, so they and the orders' destinations are sealed. A file is written in
the transaction that marks its orders, so there is no moment at which one exists without the other.
"""

from alembic import op

revision = "0019_payout_files"
down_revision = "0018_bank_accounts"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payout_files (
            id text PRIMARY KEY,
            rail text NOT NULL,
            message_id text NOT NULL UNIQUE,
            file_name text NOT NULL,
            content_sealed bytea NOT NULL,
            content_hash bytea NOT NULL CHECK (length(content_hash) = 32),
            currency text NOT NULL,
            order_count integer NOT NULL CHECK (order_count > 0),
            total_minor bigint NOT NULL CHECK (total_minor > 0),
            execution_date date NOT NULL,
            created_at timestamptz NOT NULL,
            downloaded_at timestamptz,
            downloads integer NOT NULL DEFAULT 0
        )
    """)
    op.execute("""
        CREATE TABLE payout_file_orders (
            merchant_id text NOT NULL REFERENCES merchants (id),
            payout_id text NOT NULL,
            rail text NOT NULL,
            reference text NOT NULL UNIQUE,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL,
            fingerprint text NOT NULL,
            line_sealed bytea NOT NULL,
            file_id text REFERENCES payout_files (id),
            status text NOT NULL
                CHECK (status IN ('waiting', 'in_file', 'paid', 'refused', 'returned')),
            arrival_date date,
            failure_code text,
            message text NOT NULL DEFAULT '',
            outcome_at timestamptz,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, payout_id),
            CHECK ((status = 'waiting') = (file_id IS NULL)),
            CHECK (status NOT IN ('paid', 'refused', 'returned') OR outcome_at IS NOT NULL)
        )
    """)
    op.execute("""
        CREATE INDEX payout_file_orders_waiting ON payout_file_orders (rail, currency, created_at)
            WHERE status = 'waiting'
    """)
    op.execute("CREATE INDEX payout_file_orders_file ON payout_file_orders (file_id)")


def downgrade() -> None:
    op.execute("DROP TABLE payout_file_orders, payout_files")
