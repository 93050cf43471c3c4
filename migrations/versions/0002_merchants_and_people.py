"""Merchants, their people, keys and accounts at processors."""

from alembic import op

revision = "0002_merchants_and_people"
down_revision = "0001_app_role"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE merchants (
            id text PRIMARY KEY,
            name text NOT NULL,
            mode text NOT NULL CHECK (mode IN ('test', 'live')),
            country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
            default_currency text NOT NULL CHECK (default_currency ~ '^[A-Z]{3}$'),
            timezone text NOT NULL,
            support_email text NOT NULL,
            brand jsonb NOT NULL DEFAULT '{}',
            statement_descriptor text,
            return_origins text[] NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE users (
            id text PRIMARY KEY,
            email text NOT NULL CHECK (email = lower(email)),
            name text NOT NULL,
            password_hash text NOT NULL,
            created_at timestamptz NOT NULL,
            disabled_at timestamptz,
            UNIQUE (email)
        )
    """)
    op.execute("""
        CREATE TABLE memberships (
            user_id text NOT NULL REFERENCES users (id),
            merchant_id text NOT NULL REFERENCES merchants (id),
            role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'support', 'analyst')),
            created_at timestamptz NOT NULL,
            PRIMARY KEY (user_id, merchant_id)
        )
    """)
    op.execute("""
        CREATE TABLE user_sessions (
            token_hash text PRIMARY KEY,
            user_id text NOT NULL REFERENCES users (id),
            merchant_id text REFERENCES merchants (id),
            created_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            ip text NOT NULL,
            user_agent text NOT NULL
        )
    """)
    op.execute("CREATE INDEX user_sessions_user ON user_sessions (user_id)")
    op.execute("""
        CREATE TABLE sign_in_failures (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            email text NOT NULL,
            ip text NOT NULL,
            at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX sign_in_failures_email ON sign_in_failures (email, at)")
    op.execute("CREATE INDEX sign_in_failures_ip ON sign_in_failures (ip, at)")
    op.execute("""
        CREATE TABLE api_keys (
            key_hash bytea PRIMARY KEY,
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('secret', 'publishable')),
            prefix text NOT NULL,
            last4 text NOT NULL,
            name text NOT NULL,
            created_at timestamptz NOT NULL,
            last_used_at timestamptz,
            revoked_at timestamptz,
            UNIQUE (merchant_id, id)
        )
    """)
    op.execute("""
        CREATE TABLE processor_accounts (
            merchant_id text NOT NULL REFERENCES merchants (id),
            id text NOT NULL,
            processor text NOT NULL,
            external_account text NOT NULL,
            publishable_key text NOT NULL,
            secret_key_sealed bytea NOT NULL,
            webhook_secrets_sealed bytea NOT NULL,
            news_seen_until timestamptz,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (merchant_id, id)
        )
    """)
    op.execute("CREATE INDEX processor_accounts_id ON processor_accounts (id)")


def downgrade() -> None:
    op.execute("DROP TABLE processor_accounts, api_keys, sign_in_failures, user_sessions")
    op.execute("DROP TABLE memberships, users, merchants")
