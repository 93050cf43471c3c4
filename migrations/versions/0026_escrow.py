"""Escrow: payments marked for it, what is held, who got it, and what was given back.

A hold is one row per payment, so its CHECK decides between two releases, and nobody waits for anybody
else's payment. A release is unique by its key, a milestone is released once, and a transfer never names
an account that is not connected.
"""

from alembic import op

revision = "0026_escrow"
down_revision = "0025_book_proofs"

MARKED = ("payments", "checkout_sessions", "payment_links")


def upgrade() -> None:
    op.execute("""
        ALTER TABLE merchants ADD COLUMN escrow_release_days bigint
            CHECK (escrow_release_days BETWEEN 1 AND 365)
    """)
    for table in MARKED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN escrow jsonb")
    op.execute("""
        ALTER TABLE refunds ADD COLUMN escrow_minor bigint NOT NULL DEFAULT 0
            CHECK (escrow_minor BETWEEN 0 AND amount_minor)
    """)
    op.execute("""
        CREATE TABLE connected_sellers (
            merchant_id text NOT NULL REFERENCES merchants (id),
            seller_merchant_id text NOT NULL REFERENCES merchants (id)
                CHECK (seller_merchant_id <> merchant_id),
            is_active boolean NOT NULL,
            commission_basis_points bigint NOT NULL
                CHECK (commission_basis_points BETWEEN 0 AND 10000),
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (merchant_id, seller_merchant_id)
        )
    """)
    op.execute("""
        CREATE TABLE escrow_holds (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            payment_id text NOT NULL,
            status text NOT NULL DEFAULT 'held' CHECK (status IN
                ('held', 'partly_released', 'frozen', 'released', 'refunded', 'closed')),
            currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
            held_minor bigint NOT NULL CHECK (held_minor > 0),
            released_minor bigint NOT NULL DEFAULT 0 CHECK (released_minor >= 0),
            refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
            plan jsonb NOT NULL,
            transfer_group text,
            frozen_at timestamptz,
            frozen_reason text,
            auto_release_at timestamptz,
            next_attempt_at timestamptz,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            UNIQUE (merchant_id, payment_id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id),
            CONSTRAINT escrow_never_more_than_held CHECK (released_minor + refunded_minor <= held_minor),
            CHECK ((frozen_at IS NULL) = (frozen_reason IS NULL))
        ) WITH (fillfactor = 85)
    """)
    op.execute("""
        CREATE INDEX escrow_holds_due ON escrow_holds (auto_release_at)
            WHERE auto_release_at IS NOT NULL AND status IN ('held', 'partly_released')
    """)
    op.execute("""
        CREATE INDEX escrow_holds_open ON escrow_holds (merchant_id, id)
            WHERE status IN ('held', 'partly_released', 'frozen')
    """)
    op.execute("""
        CREATE INDEX escrow_holds_group ON escrow_holds (merchant_id, transfer_group)
            WHERE transfer_group IS NOT NULL
    """)
    op.execute("""
        CREATE TABLE escrow_releases (
            merchant_id text NOT NULL,
            id text NOT NULL,
            hold_id text NOT NULL,
            release_key text NOT NULL,
            asked text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            commission_minor bigint NOT NULL CHECK (commission_minor BETWEEN 0 AND amount_minor),
            currency text NOT NULL,
            milestone text,
            actor text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, hold_id) REFERENCES escrow_holds (merchant_id, id),
            CONSTRAINT escrow_one_release_per_key UNIQUE (merchant_id, hold_id, release_key),
            CONSTRAINT escrow_one_release_per_milestone UNIQUE (merchant_id, hold_id, milestone)
        )
    """)
    op.execute("""
        CREATE TABLE transfers (
            merchant_id text NOT NULL,
            id text NOT NULL,
            release_id text NOT NULL,
            hold_id text NOT NULL,
            payment_id text NOT NULL,
            seller_merchant_id text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            commission_minor bigint NOT NULL CHECK (commission_minor >= 0),
            reversed_minor bigint NOT NULL DEFAULT 0
                CHECK (reversed_minor BETWEEN 0 AND amount_minor),
            currency text NOT NULL,
            available_on date NOT NULL,
            transfer_group text,
            description text,
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, release_id) REFERENCES escrow_releases (merchant_id, id),
            FOREIGN KEY (merchant_id, hold_id) REFERENCES escrow_holds (merchant_id, id),
            FOREIGN KEY (merchant_id, payment_id) REFERENCES payments (merchant_id, id),
            FOREIGN KEY (merchant_id, seller_merchant_id)
                REFERENCES connected_sellers (merchant_id, seller_merchant_id)
        )
    """)
    op.execute("CREATE INDEX transfers_of_hold ON transfers (merchant_id, hold_id)")
    op.execute("CREATE INDEX transfers_of_release ON transfers (merchant_id, release_id)")
    op.execute("""
        CREATE TABLE transfer_reversals (
            merchant_id text NOT NULL,
            id text NOT NULL,
            transfer_id text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL,
            actor text NOT NULL,
            description text,
            metadata jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id),
            FOREIGN KEY (merchant_id, transfer_id) REFERENCES transfers (merchant_id, id)
        )
    """)
    op.execute(
        "CREATE INDEX transfer_reversals_of ON transfer_reversals (merchant_id, transfer_id)"
    )


def downgrade() -> None:
    op.execute("""
        DROP TABLE transfer_reversals, transfers, escrow_releases, escrow_holds, connected_sellers
    """)
    op.execute("ALTER TABLE refunds DROP COLUMN escrow_minor")
    for table in MARKED:
        op.execute(f"ALTER TABLE {table} DROP COLUMN escrow")
    op.execute("ALTER TABLE merchants DROP COLUMN escrow_release_days")
