"""Looking for a piece of text in the whole of a database."""

import psycopg
from psycopg import sql


def columns_with(database_url: str, needle: str) -> list[str]:
    """Each column of any type whose text, without separators, holds the needle."""
    found = []
    with psycopg.connect(database_url) as connection:
        columns = connection.execute(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
            " JOIN pg_tables t ON t.schemaname = c.table_schema AND t.tablename = c.table_name"
            " WHERE c.table_schema = 'public'"
        ).fetchall()
        assert len(columns) > 100
        for table, column, kind in columns:
            value = sql.Identifier(column)
            if kind == "bytea":
                text = sql.SQL("encode({}, 'escape')").format(value)
            else:
                text = sql.SQL("{}::text").format(value)
            query = sql.SQL(
                "SELECT count(*) FROM {} WHERE regexp_replace({}, '[^0-9A-Za-z]', '', 'g') LIKE %s"
            ).format(sql.Identifier(table), text)
            row = connection.execute(query, (f"%{needle}%",)).fetchone()
            if row is not None and row[0]:
                found.append(f"{table}.{column}")
    return found
