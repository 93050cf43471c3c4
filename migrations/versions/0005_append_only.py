"""Ledger rows and events are never changed.

The guard lives in the database so that a statement typed into psql obeys it too. To undo a mistake,
post a correction. A superuser can switch triggers off; `flask ledger verify` says so if they are.
"""

from alembic import op

revision = "0005_append_only"
down_revision = "0004_ledger"

_TABLES = ("journals", "postings", "events")


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: post a correction', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table in _TABLES:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM farthing_app")
        op.execute(f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """)
        op.execute(f"""
            CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON accounts FROM farthing_app")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute(f"GRANT UPDATE, DELETE ON {table} TO farthing_app")
    op.execute("GRANT UPDATE, DELETE ON accounts TO farthing_app")
    op.execute("DROP FUNCTION refuse_change()")
