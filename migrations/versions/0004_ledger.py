"""The books: accounts, journals, one-row postings, their two-sided view, and balances that
authorise.

A posting names the account that gives and the account that takes, in one currency: it cannot be
unbalanced. Both composite foreign keys carry the posting's currency, so it cannot cross currencies
either.
"""

from alembic import op

revision = "0004_ledger"
down_revision = "0003_payments"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE accounts (
            merchant_id text NOT NULL REFERENCES merchants (id),
            code text NOT NULL,
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            kind text NOT NULL CHECK (kind IN ('merchant', 'customer', 'platform', 'escrow')),
            normal_side text NOT NULL CHECK (normal_side IN ('debit', 'credit')),
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, code, currency)
        )
    """)
    op.execute("""
        CREATE TABLE journals (
            merchant_id text NOT NULL,
            id text NOT NULL,
            event text NOT NULL,
            source_id text NOT NULL,
            payment_id text,
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, id),
            CONSTRAINT journals_one_per_fact UNIQUE (merchant_id, event, source_id)
        )
    """)
    op.execute("CREATE INDEX journals_payment ON journals (merchant_id, payment_id)")
    op.execute("""
        CREATE TABLE postings (
            merchant_id text NOT NULL,
            journal_id text NOT NULL,
            line smallint NOT NULL CHECK (line > 0),
            debit text NOT NULL,
            credit text NOT NULL CHECK (credit <> debit),
            currency text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            available_on date NOT NULL,
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, journal_id, line),
            FOREIGN KEY (merchant_id, journal_id) REFERENCES journals (merchant_id, id),
            FOREIGN KEY (merchant_id, debit, currency)
                REFERENCES accounts (merchant_id, code, currency),
            FOREIGN KEY (merchant_id, credit, currency)
                REFERENCES accounts (merchant_id, code, currency)
        )
    """)
    op.execute("CREATE INDEX postings_time ON postings USING brin (created_at)")
    op.execute("""
        CREATE INDEX postings_debit ON postings (merchant_id, debit, currency, available_on)
    """)
    op.execute("""
        CREATE INDEX postings_credit ON postings (merchant_id, credit, currency, available_on)
    """)
    op.execute("""
        CREATE TABLE account_balances (
            merchant_id text NOT NULL,
            code text NOT NULL,
            currency text NOT NULL,
            balance_minor bigint NOT NULL DEFAULT 0,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, code, currency),
            FOREIGN KEY (merchant_id, code, currency)
                REFERENCES accounts (merchant_id, code, currency)
        )
    """)
    op.execute("""
        CREATE VIEW ledger_entries AS
        SELECT p.merchant_id,
               p.journal_id || '-' || p.line || side.suffix AS id,
               p.journal_id || '-' || p.line || side.other AS counterpart_id,
               j.event, j.source_id, j.payment_id, p.journal_id, p.line,
               side.entry_type,
               CASE side.entry_type WHEN 'DEBIT' THEN p.debit ELSE p.credit END AS account,
               CASE side.entry_type WHEN 'DEBIT' THEN p.credit ELSE p.debit END AS counterpart,
               p.currency, p.amount_minor,
               CASE side.entry_type WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END
                   AS signed_minor,
               p.available_on, p.event_at, p.created_at
        FROM postings p
        JOIN journals j ON j.merchant_id = p.merchant_id AND j.id = p.journal_id
        CROSS JOIN (VALUES ('DEBIT', 'd', 'c'), ('CREDIT', 'c', 'd'))
            AS side (entry_type, suffix, other)
    """)


def downgrade() -> None:
    op.execute("DROP VIEW ledger_entries")
    op.execute("DROP TABLE account_balances, postings, journals, accounts")
