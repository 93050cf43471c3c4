"""Checks of the books, as they were run: how far one is, what it found, and the keys that sign downloads.

A check of a long book takes many small units of work; what it has counted so far stands in its row, so that
it goes on after a crash and holds nobody up. Keys are never changed or deleted: what was signed years ago
must still be verifiable.
"""

from alembic import op

revision = "0025_book_proofs"
down_revision = "0024_settlement_currencies"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE book_proofs (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            requested_by text NOT NULL,
            result text CHECK (result IN ('sound', 'broken', 'stopped')),
            offence_kind text CHECK (offence_kind IN ('journal', 'seal', 'account', 'book')),
            offender text,
            offence text,
            seals bigint NOT NULL DEFAULT 0,
            through_seal bigint NOT NULL DEFAULT 0,
            through_seq bigint NOT NULL DEFAULT 0,
            head bytea NOT NULL CHECK (length(head) = 32),
            journals bigint NOT NULL DEFAULT 0,
            unsealed bigint NOT NULL DEFAULT 0,
            postings bigint NOT NULL DEFAULT 0,
            tally jsonb,
            totals jsonb,
            attempts integer NOT NULL DEFAULT 0,
            leased_until timestamptz,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            PRIMARY KEY (merchant_id, id),
            CHECK ((result IS NULL) = (finished_at IS NULL)),
            CHECK ((result IN ('broken', 'stopped')) = (offence IS NOT NULL))
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX book_proofs_one_at_a_time ON book_proofs (merchant_id)
            WHERE result IS NULL
    """)
    op.execute("""
        CREATE TABLE proof_keys (
            id text PRIMARY KEY,
            public_key bytea NOT NULL CHECK (length(public_key) = 32),
            sealed_private_key bytea NOT NULL,
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON proof_keys FROM farthing_app")
    op.execute("""
        CREATE TRIGGER proof_keys_append_only BEFORE UPDATE OR DELETE ON proof_keys
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """)
    op.execute("""
        CREATE TRIGGER proof_keys_no_truncate BEFORE TRUNCATE ON proof_keys
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE proof_keys, book_proofs")
