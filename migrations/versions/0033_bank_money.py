"""Money that customers send by bank: who pays, what the processor told of their balance, and what goes back.

A payer is a customer of the merchant's, the guest of one payment, or nobody whom we know. A fact is what the
processor told, once and never changed: `seq` is the order in which it was told, which is the order in which
it happened. A return is money of the balance on its way to the payer's bank.
"""

from alembic import op

revision = "0033_bank_money"
down_revision = "0032_bank_facts"


def upgrade() -> None:
    op.execute("ALTER TABLE inbox ADD COLUMN payer_reference text")
    op.execute("""
        CREATE TABLE bank_payers (
            merchant_id text NOT NULL,
            id text NOT NULL,
            processor text NOT NULL,
            processor_account_id text NOT NULL,
            processor_reference text NOT NULL,
            customer_id text,
            payment_id text,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, processor_account_id, processor_reference),
            CHECK (customer_id IS NULL OR payment_id IS NULL),
            FOREIGN KEY (merchant_id, processor_account_id)
                REFERENCES processor_accounts (merchant_id, id),
            FOREIGN KEY (merchant_id, customer_id) REFERENCES customers (merchant_id, id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE TABLE payer_facts (
            merchant_id text NOT NULL,
            id text NOT NULL,
            seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            payer_id text NOT NULL,
            external_id text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('received', 'refunded', 'applied', 'unapplied', 'returned',
                                               'return_failed', 'reversed', 'other')),
            amount_minor bigint NOT NULL,
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            payment_id text,
            details jsonb NOT NULL DEFAULT '{}',
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            CONSTRAINT payer_facts_told_once UNIQUE (merchant_id, payer_id, external_id),
            FOREIGN KEY (merchant_id, payer_id) REFERENCES bank_payers (merchant_id, id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX payer_facts_of_payer ON payer_facts (merchant_id, payer_id, seq)")
    op.execute("""
        CREATE INDEX payer_facts_of_payment ON payer_facts (merchant_id, payment_id)
            WHERE payment_id IS NOT NULL
    """)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON payer_facts FROM farthing_app")
    op.execute("""
        CREATE TRIGGER payer_facts_append_only BEFORE UPDATE OR DELETE ON payer_facts
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER payer_facts_no_truncate BEFORE TRUNCATE ON payer_facts
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TABLE bank_returns (
            merchant_id text NOT NULL,
            id text NOT NULL,
            payer_id text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('requested', 'unknown', 'pending', 'succeeded', 'failed')),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            requested_by text NOT NULL,
            client_key text,
            processor_reference text,
            failure_reason text,
            sent_at timestamptz,
            attempts bigint NOT NULL DEFAULT 0,
            next_attempt_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, client_key),
            FOREIGN KEY (merchant_id, payer_id) REFERENCES bank_payers (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX bank_returns_of_payer ON bank_returns (merchant_id, payer_id)")
    op.execute("""
        CREATE INDEX bank_returns_due ON bank_returns (next_attempt_at)
            WHERE status IN ('requested', 'unknown', 'pending')
    """)


def downgrade() -> None:
    op.execute("DROP TABLE bank_returns, payer_facts, bank_payers")
    op.execute("ALTER TABLE inbox DROP COLUMN payer_reference")
