"""Payouts: periods of a balance that end in a transfer, their lines, and what is kept back.

A payout says on its own row why it is what it is: what was carried in, each kind of movement, what is
carried on. The database refuses one that does not add up. A movement belongs to one payout at most, for
ever: its key says so.
"""

from alembic import op

revision = "0020_payouts"
down_revision = "0019_payout_files"

_COMMON = "('payment_captured', 'processor_fee_charged', 'refund_settled')"
_OWN = "('merchant_pending', 'merchant_available')"
_STATUSES = "'pending', 'unknown', 'in_transit', 'paid', 'failed', 'canceled'"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE payout_settings (
            merchant_id text NOT NULL REFERENCES merchants (id),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            schedule text NOT NULL CHECK (schedule IN ('manual', 'daily', 'weekly', 'monthly')),
            weekday smallint NOT NULL DEFAULT 1 CHECK (weekday BETWEEN 1 AND 7),
            monthday smallint NOT NULL DEFAULT 1 CHECK (monthday BETWEEN 1 AND 31),
            delay_days smallint NOT NULL DEFAULT 0 CHECK (delay_days BETWEEN 0 AND 90),
            minimum_minor bigint NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0),
            retained_minor bigint NOT NULL DEFAULT 0 CHECK (retained_minor >= 0),
            reserve_basis_points integer NOT NULL DEFAULT 0
                CHECK (reserve_basis_points BETWEEN 0 AND 10000),
            reserve_days smallint NOT NULL DEFAULT 90 CHECK (reserve_days BETWEEN 1 AND 365),
            statement_descriptor text,
            next_on date,
            held_reason text,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, currency)
        )
    """)
    op.execute("""
        CREATE INDEX payout_settings_due ON payout_settings (next_on) WHERE schedule <> 'manual'
    """)
    op.execute(f"""
        CREATE TABLE payouts (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            number bigint NOT NULL CHECK (number > 0),
            status text NOT NULL CHECK (status IN ({_STATUSES})),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            opening_minor bigint NOT NULL,
            gross_minor bigint NOT NULL,
            fees_minor bigint NOT NULL,
            refunds_minor bigint NOT NULL,
            disputes_minor bigint NOT NULL,
            reserve_minor bigint NOT NULL,
            fx_minor bigint NOT NULL,
            transfers_minor bigint NOT NULL,
            returned_minor bigint NOT NULL,
            other_minor bigint NOT NULL,
            carried_minor bigint NOT NULL,
            line_count bigint NOT NULL CHECK (line_count >= 0),
            cut_on date NOT NULL,
            cut_seq bigint NOT NULL,
            is_automatic boolean NOT NULL,
            bank_account_id text NOT NULL,
            statement_descriptor text,
            description text,
            metadata jsonb NOT NULL DEFAULT '{{}}',
            requested_by text NOT NULL,
            client_key text,
            rail text NOT NULL,
            rail_reference text,
            trace_id text,
            arrival_date date,
            failure_code text,
            sent_at timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            next_attempt_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            ended_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, bank_account_id) REFERENCES bank_accounts (merchant_id, id),
            CONSTRAINT payouts_one_per_period UNIQUE (merchant_id, currency, number),
            UNIQUE (merchant_id, client_key),
            CONSTRAINT payouts_add_up CHECK (
                opening_minor + gross_minor + fees_minor + refunds_minor + disputes_minor
                + reserve_minor + fx_minor + transfers_minor + returned_minor + other_minor
                = amount_minor + carried_minor)
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE INDEX payouts_on_their_way ON payouts (merchant_id, bank_account_id)
            WHERE status IN ('pending', 'unknown', 'in_transit')
    """)
    op.execute("""
        CREATE INDEX payouts_due ON payouts (next_attempt_at)
            WHERE status IN ('pending', 'unknown', 'in_transit', 'paid')
    """)
    # The lines are found in one statement, and only then is it known what the payout is.
    op.execute("""
        CREATE TABLE payout_lines (
            merchant_id text NOT NULL,
            journal_id text NOT NULL,
            currency text NOT NULL,
            payout_id text NOT NULL,
            event text NOT NULL,
            gross_minor bigint NOT NULL,
            fee_minor bigint NOT NULL,
            PRIMARY KEY (merchant_id, journal_id, currency),
            FOREIGN KEY (merchant_id, journal_id) REFERENCES journals (merchant_id, id),
            FOREIGN KEY (merchant_id, payout_id) REFERENCES payouts (merchant_id, id)
                DEFERRABLE INITIALLY DEFERRED
        )
    """)
    op.execute("""
        CREATE INDEX payout_lines_payout ON payout_lines (merchant_id, payout_id, journal_id)
    """)
    op.execute("""
        CREATE TABLE reserves (
            merchant_id text NOT NULL,
            id text NOT NULL,
            payout_id text NOT NULL,
            currency text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            release_on date NOT NULL,
            released_at timestamptz,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, payout_id),
            FOREIGN KEY (merchant_id, payout_id) REFERENCES payouts (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX reserves_due ON reserves (release_on) WHERE released_at IS NULL")
    # Lists of one kind of movement, found without reading past all payments.
    op.execute("DROP INDEX journals_given_back")
    op.execute(f"""
        CREATE INDEX journals_rare ON journals (merchant_id, event, id)
            WHERE event NOT IN {_COMMON}
    """)
    # Lists of one currency: what moves available money is a movement too.
    op.execute("DROP INDEX postings_own")
    op.execute(f"""
        CREATE INDEX postings_own ON postings (merchant_id, currency, journal_id)
            WHERE line = 1 AND (credit IN {_OWN} OR debit IN {_OWN})
    """)


def downgrade() -> None:
    op.execute("DROP INDEX journals_rare, postings_own")
    op.execute("""
        CREATE INDEX journals_given_back ON journals (merchant_id, event, id)
            WHERE event IN ('refund_requested', 'refund_failed', 'refund_returned')
    """)
    op.execute("""
        CREATE INDEX postings_own ON postings (merchant_id, currency, journal_id)
            WHERE line = 1 AND (credit = 'merchant_pending' OR debit = 'merchant_pending')
    """)
    op.execute("DROP TABLE reserves, payout_lines, payouts, payout_settings")
