"""Customers of a merchant, and the cards they keep on file.

A kept card is the processor's token and what may be shown of it; nothing here can be used to pay
anywhere else.
"""

from alembic import op

revision = "0008_customers_and_methods"
down_revision = "0007_idempotency_scope"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE customers (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            email text,
            name text,
            phone text,
            description text,
            address jsonb,
            shipping jsonb,
            metadata jsonb NOT NULL DEFAULT '{}',
            default_payment_method_id text,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            deleted_at timestamptz,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX customers_email ON customers (merchant_id, email, id)")
    op.execute("""
        CREATE TABLE customer_references (
            merchant_id text NOT NULL,
            customer_id text NOT NULL,
            processor_account_id text NOT NULL,
            processor_reference text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, customer_id, processor_account_id),
            FOREIGN KEY (merchant_id, customer_id) REFERENCES customers (merchant_id, id),
            FOREIGN KEY (merchant_id, processor_account_id)
                REFERENCES processor_accounts (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE TABLE payment_methods (
            merchant_id text NOT NULL,
            id text NOT NULL,
            customer_id text,
            processor text NOT NULL,
            processor_account_id text NOT NULL,
            processor_token text NOT NULL,
            card_brand text NOT NULL,
            card_last4 text NOT NULL CHECK (card_last4 ~ '^[0-9]{4}$'),
            card_exp_month smallint NOT NULL,
            card_exp_year smallint NOT NULL,
            card_country text,
            card_funding text,
            card_fingerprint text,
            card_cvc_check text,
            card_postal_check text,
            billing_details jsonb NOT NULL DEFAULT '{}',
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL,
            detached_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, processor_account_id, processor_token),
            FOREIGN KEY (merchant_id, customer_id) REFERENCES customers (merchant_id, id),
            FOREIGN KEY (merchant_id, processor_account_id)
                REFERENCES processor_accounts (merchant_id, id),
            CHECK ((customer_id IS NULL) = (detached_at IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE INDEX payment_methods_customer ON payment_methods (merchant_id, customer_id, id)
    """)
    op.execute("""
        ALTER TABLE checkout_sessions
            ADD COLUMN customer_id text,
            ADD FOREIGN KEY (merchant_id, customer_id) REFERENCES customers (merchant_id, id)
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE checkout_sessions DROP COLUMN customer_id")
    op.execute("DROP TABLE payment_methods, customer_references, customers")
