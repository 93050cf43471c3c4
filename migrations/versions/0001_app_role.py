"""The application's role: it may read and write rows, and owns nothing.

The application connects with any log-in and steps down to this role, so that what the role may not
do (change a ledger row, alter a table) no statement of the application can do.
"""

from alembic import op

revision = "0001_app_role"
down_revision = None


def upgrade() -> None:
    op.execute("""
        DO $$ BEGIN
            CREATE ROLE farthing_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
    """)
    op.execute("""
        DO $$ BEGIN
            IF NOT pg_has_role(current_user, 'farthing_app', 'MEMBER') THEN
                EXECUTE format('GRANT farthing_app TO %I', current_user);
            END IF;
        END $$
    """)
    op.execute("GRANT USAGE ON SCHEMA public TO farthing_app")
    op.execute("""
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO farthing_app
    """)
    op.execute("GRANT SELECT ON alembic_version TO farthing_app")


def downgrade() -> None:
    # The role itself stays: other databases of the same server may use it.
    op.execute("REVOKE SELECT ON alembic_version FROM farthing_app")
    op.execute("""
        ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM farthing_app
    """)
    op.execute("REVOKE USAGE ON SCHEMA public FROM farthing_app")
