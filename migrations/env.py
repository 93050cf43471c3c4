"""Alembic's entry: runs the numbered migrations on the connection that `app.store.migrate` hands
over.

Each migration is one transaction with short time-outs, so that it fails rather than queues behind
traffic.
"""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata"),
    transaction_per_migration=True,
)
with context.begin_transaction():
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '30s'"))
    context.run_migrations()
