"""The whole database in a few figures, to prove that something changed nothing."""

from functools import cache

import psycopg
from psycopg import sql

Digest = dict[str, tuple[int, str]]

# Written whatever is asked: the log of requests, and when somebody was last seen.
LOGS = frozenset({"api_requests"})
SIGNS_OF_LIFE = ["last_seen_at", "last_used_at", "last_used_ip"]


def digest(database_url: str) -> Digest:
    """How many rows each table has, and a hash of all of them in any order."""
    with psycopg.connect(database_url) as connection:
        found = connection.execute(_query(database_url), {"skipped": SIGNS_OF_LIFE}).fetchall()
    assert len(found) > 20
    return {table: (count, str(hashed)) for table, count, hashed in found}


@cache
def _query(database_url: str) -> sql.Composed:
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    with psycopg.connect(database_url) as connection:
        tables = [row[0] for row in connection.execute(listed).fetchall() if row[0] not in LOGS]
    one = sql.SQL(
        "SELECT {}, count(*), sum(hashtextextended((to_jsonb(r) - %(skipped)s::text[])::text, 0))"
        " FROM {} r"
    )
    return sql.SQL(" UNION ALL ").join(
        one.format(sql.Literal(table), sql.Identifier(table)) for table in tables
    )


def grown(before: Digest, after: Digest) -> dict[str, int]:
    """How many rows each table got or lost."""
    changes = {table: after[table][0] - before[table][0] for table in after}
    return {table: change for table, change in changes.items() if change}


def changed(before: Digest, after: Digest) -> set[str]:
    """The tables that are not what they were."""
    return {table for table in after if after[table] != before[table]}
