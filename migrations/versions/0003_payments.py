"""Checkouts, payments, calls to processors, refunds and events.

A payment's limits stand on its one row, so one row lock decides: never more captured than
authorised, never more refunded than captured, at any concurrency.
"""

from alembic import op

revision = "0003_payments"
down_revision = "0002_merchants_and_people"

_PAYMENT_STATUSES = (
    "'open', 'processing', 'unknown', 'requires_action', 'authorized', 'captured', 'failed',"
    " 'canceled', 'expired'"
)


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payment_links (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            title text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            is_active boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX payment_links_id ON payment_links (id)")
    op.execute("""
        CREATE TABLE checkout_sessions (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            status text NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            line_items jsonb NOT NULL,
            capture_method text NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
            submit_type text NOT NULL CHECK (submit_type IN ('pay', 'book', 'donate')),
            customer_email text,
            success_url text,
            cancel_url text,
            client_reference_id text,
            description text,
            metadata jsonb NOT NULL DEFAULT '{}',
            payment_metadata jsonb NOT NULL DEFAULT '{}',
            payment_link_id text,
            locale text,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            completed_at timestamptz,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX checkout_sessions_id ON checkout_sessions (id)")
    op.execute("""
        CREATE INDEX checkout_sessions_age ON checkout_sessions (merchant_id, created_at)
    """)
    op.execute("""
        CREATE INDEX checkout_sessions_due ON checkout_sessions (expires_at) WHERE status = 'open'
    """)
    op.execute(f"""
        CREATE TABLE payments (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            version integer NOT NULL DEFAULT 1,
            session_id text,
            client_key text,
            status text NOT NULL CHECK (status IN ({_PAYMENT_STATUSES})),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
            capture_method text NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
            authorized_minor bigint NOT NULL DEFAULT 0,
            captured_minor bigint NOT NULL DEFAULT 0,
            refunded_minor bigint NOT NULL DEFAULT 0,
            refund_reserved_minor bigint NOT NULL DEFAULT 0,
            fee_minor bigint NOT NULL DEFAULT 0 CHECK (fee_minor >= 0),
            fee_schedule text NOT NULL,
            processor text NOT NULL,
            processor_account_id text NOT NULL,
            processor_reference text,
            processor_charge_reference text,
            processor_fee_minor bigint,
            description text,
            customer_email text,
            customer_name text,
            metadata jsonb NOT NULL DEFAULT '{{}}',
            card_brand text,
            card_last4 text CHECK (card_last4 ~ '^[0-9]{{4}}$'),
            card_exp_month smallint,
            card_exp_year smallint,
            card_country text,
            card_funding text,
            card_fingerprint text,
            card_cvc_check text,
            card_postal_check text,
            three_d_secure text,
            authorization_code text,
            client_secret text,
            decline_reason text,
            decline_code text,
            cancel_reason text,
            needs_reversal boolean NOT NULL DEFAULT false,
            available_on date,
            capture_before timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            captured_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, session_id),
            UNIQUE (merchant_id, client_key),
            UNIQUE (merchant_id, processor_account_id, processor_reference),
            FOREIGN KEY (merchant_id, session_id) REFERENCES checkout_sessions (merchant_id, id),
            FOREIGN KEY (merchant_id, processor_account_id)
                REFERENCES processor_accounts (merchant_id, id),
            CONSTRAINT payments_captured_within_authorized
                CHECK (captured_minor BETWEEN 0 AND authorized_minor),
            CONSTRAINT payments_refunds_within_captured
                CHECK (refunded_minor >= 0 AND refund_reserved_minor >= 0
                       AND refunded_minor + refund_reserved_minor <= captured_minor)
        ) WITH (fillfactor = 85)
    """)
    op.execute("CREATE INDEX payments_email ON payments (merchant_id, lower(customer_email))")
    op.execute("""
        CREATE INDEX payments_unsettled ON payments (updated_at)
            WHERE status IN ('processing', 'unknown', 'requires_action', 'authorized')
    """)
    op.execute("CREATE INDEX payments_reversals ON payments (merchant_id) WHERE needs_reversal")
    op.execute("""
        CREATE TABLE operations (
            merchant_id text NOT NULL,
            id text NOT NULL,
            payment_id text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('authorize', 'capture', 'cancel')),
            status text NOT NULL CHECK (status IN ('requested', 'unknown', 'succeeded', 'failed')),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            payment_method_token text,
            return_url text,
            reason text,
            actor text NOT NULL,
            error text,
            attempts integer NOT NULL DEFAULT 1,
            next_attempt_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            finished_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id)
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE UNIQUE INDEX operations_one_in_flight ON operations (merchant_id, payment_id)
            WHERE status IN ('requested', 'unknown')
    """)
    op.execute("""
        CREATE INDEX operations_due ON operations (next_attempt_at)
            WHERE status IN ('requested', 'unknown')
    """)
    op.execute("""
        CREATE TABLE refunds (
            merchant_id text NOT NULL,
            id text NOT NULL,
            payment_id text NOT NULL,
            status text NOT NULL
                CHECK (status IN ('requested', 'pending', 'unknown', 'succeeded', 'failed')),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            reason text,
            note text,
            requested_by text NOT NULL,
            origin text NOT NULL
                CHECK (origin IN ('merchant', 'api', 'processor', 'late_payment')),
            client_key text,
            processor_reference text,
            failure_reason text,
            sent_at timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, client_key),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id)
        ) WITH (fillfactor = 85)
    """)
    op.execute("CREATE INDEX refunds_payment ON refunds (merchant_id, payment_id)")
    op.execute("""
        CREATE UNIQUE INDEX refunds_reference ON refunds (merchant_id, processor_reference)
            WHERE processor_reference IS NOT NULL
    """)
    op.execute("""
        CREATE INDEX refunds_due ON refunds (next_attempt_at)
            WHERE status IN ('requested', 'unknown', 'pending')
    """)
    op.execute("""
        CREATE TABLE events (
            merchant_id text NOT NULL,
            id text NOT NULL,
            name text NOT NULL,
            subject_type text NOT NULL,
            subject_id text NOT NULL,
            payment_id text,
            actor text NOT NULL,
            data jsonb NOT NULL DEFAULT '{}',
            event_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX events_payment ON events (merchant_id, payment_id)")


def downgrade() -> None:
    op.execute("DROP TABLE events, refunds, operations, payments, checkout_sessions, payment_links")
