"""Closed books: journals are numbered as they are written, sealed in a hash chain, and summed up behind it.

A number alone does not tell what is final, since transactions commit out of order: the job that seals first
waits until everyone who could have taken a lower number is done. The default takes the transaction's id
before the number, so whoever has a number can be waited for.

Sums follow the seals: what is sealed is in the sums, what is not is read from its postings. So a balance
costs the same after ten journals and after ten million, and no row is shared on the payment path.
"""

from alembic import op

revision = "0017_closed_books"
down_revision = "0016_what_may_be_told"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE journals_seq")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE journals_seq TO farthing_app")
    op.execute("""
        ALTER TABLE journals ADD COLUMN seq bigint NOT NULL
            DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('journals_seq') END
    """)
    op.execute("ALTER SEQUENCE journals_seq OWNED BY journals.seq")
    op.execute("CREATE UNIQUE INDEX journals_seq_in_book ON journals (merchant_id, seq)")
    op.execute("CREATE INDEX journals_seq_range ON journals USING brin (seq)")
    op.execute("""
        CREATE TABLE books (
            merchant_id text PRIMARY KEY REFERENCES merchants (id),
            sealed_seq bigint NOT NULL DEFAULT 0,
            seals bigint NOT NULL DEFAULT 0,
            head bytea NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE ledger_horizon (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
            sealed_seq bigint NOT NULL
        )
    """)
    op.execute("INSERT INTO ledger_horizon (sealed_seq) VALUES (0)")
    op.execute("""
        CREATE TABLE seals (
            merchant_id text NOT NULL REFERENCES books (merchant_id),
            number bigint NOT NULL CHECK (number > 0),
            from_seq bigint NOT NULL,
            to_seq bigint NOT NULL CHECK (to_seq > from_seq),
            journal_ids text[] NOT NULL,
            leaves bytea NOT NULL CHECK (length(leaves) = 32 * cardinality(journal_ids)),
            previous bytea NOT NULL CHECK (length(previous) = 32),
            hash bytea NOT NULL CHECK (length(hash) = 32),
            sealed_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, number)
        )
    """)
    op.execute("CREATE INDEX seals_seq ON seals (merchant_id, to_seq)")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON seals FROM farthing_app")
    op.execute("""
        CREATE TRIGGER seals_append_only BEFORE UPDATE OR DELETE ON seals
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER seals_no_truncate BEFORE TRUNCATE ON seals
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TABLE account_days (
            merchant_id text NOT NULL REFERENCES books (merchant_id),
            code text NOT NULL,
            currency text NOT NULL,
            day date NOT NULL,
            debit_minor bigint NOT NULL CHECK (debit_minor >= 0),
            credit_minor bigint NOT NULL CHECK (credit_minor >= 0),
            PRIMARY KEY (merchant_id, code, currency, day)
        ) WITH (fillfactor = 85)
    """)
    # A moment within a day: its whole hours.
    op.execute("""
        CREATE TABLE account_hours (
            merchant_id text NOT NULL REFERENCES books (merchant_id),
            code text NOT NULL,
            currency text NOT NULL,
            hour timestamptz NOT NULL,
            debit_minor bigint NOT NULL CHECK (debit_minor >= 0),
            credit_minor bigint NOT NULL CHECK (credit_minor >= 0),
            PRIMARY KEY (merchant_id, code, currency, hour)
        ) WITH (fillfactor = 85)
    """)
    # What statements tell: each kind of movement of the merchant's payable money.
    op.execute("""
        CREATE TABLE movement_hours (
            merchant_id text NOT NULL REFERENCES books (merchant_id),
            currency text NOT NULL,
            event text NOT NULL,
            hour timestamptz NOT NULL,
            moves bigint NOT NULL,
            gross_minor bigint NOT NULL,
            fee_minor bigint NOT NULL,
            with_fee bigint NOT NULL,
            PRIMARY KEY (merchant_id, currency, event, hour)
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE TABLE pending_days (
            merchant_id text NOT NULL REFERENCES books (merchant_id),
            currency text NOT NULL,
            available_on date NOT NULL,
            net_minor bigint NOT NULL,
            PRIMARY KEY (merchant_id, currency, available_on)
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE INDEX pending_days_due ON pending_days (merchant_id, available_on)
            WHERE net_minor <> 0
    """)


def downgrade() -> None:
    op.execute(
        "DROP TABLE pending_days, movement_hours, account_hours, account_days, seals,"
        " ledger_horizon, books"
    )
    op.execute("ALTER TABLE journals DROP COLUMN seq")
