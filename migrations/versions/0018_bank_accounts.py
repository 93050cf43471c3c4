"""Merchants' bank accounts, their numbers sealed, and the micro-deposits that prove whose they are.

A number is found again by its keyed fingerprint, so that nobody who reads the database can try numbers
out. One account is the default of a currency; the index says so, not the code.
"""

from alembic import op

revision = "0018_bank_accounts"
down_revision = "0017_closed_books"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE bank_accounts (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            holder_name text NOT NULL,
            country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            kind text NOT NULL CHECK (kind IN ('iban', 'us_account')),
            number_sealed bytea NOT NULL,
            routing text NOT NULL,
            bank_name text NOT NULL,
            last4 text NOT NULL CHECK (length(last4) = 4),
            fingerprint text NOT NULL,
            status text NOT NULL CHECK (status IN ('new', 'verified', 'errored', 'removed')),
            failure_code text,
            wrong_tries smallint NOT NULL DEFAULT 0 CHECK (wrong_tries BETWEEN 0 AND 3),
            is_default boolean NOT NULL DEFAULT false,
            cooling_off_until timestamptz,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            verified_at timestamptz,
            removed_at timestamptz,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            CHECK (NOT is_default OR status IN ('verified', 'errored')),
            CHECK (status <> 'verified' OR verified_at IS NOT NULL),
            CHECK ((status = 'removed') = (removed_at IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX bank_accounts_default ON bank_accounts (merchant_id, currency)
            WHERE is_default
    """)
    op.execute("""
        CREATE UNIQUE INDEX bank_accounts_once ON bank_accounts (merchant_id, currency, fingerprint)
            WHERE status <> 'removed'
    """)
    op.execute("""
        CREATE TABLE micro_deposits (
            merchant_id text NOT NULL,
            id text NOT NULL,
            bank_account_id text NOT NULL,
            rail text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('requested', 'unknown', 'sent', 'paid', 'failed', 'returned')),
            rail_reference text,
            trace_id text,
            arrival_date date,
            failure_code text,
            sent_at timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, bank_account_id) REFERENCES bank_accounts (merchant_id, id),
            CHECK (status NOT IN ('requested', 'unknown') OR next_attempt_at IS NOT NULL)
        )
    """)
    op.execute("""
        CREATE INDEX micro_deposits_due ON micro_deposits (next_attempt_at)
            WHERE next_attempt_at IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX micro_deposits_of_account ON micro_deposits (merchant_id, bank_account_id)
    """)


def downgrade() -> None:
    op.execute("DROP TABLE micro_deposits, bank_accounts")
