import ast
import re

import psycopg
import pytest
from alembic.script import ScriptDirectory

from app.store import migrate
from tests.codebase.project import read, texts
from tests.servers import Servers, empty_database

FILES = texts(".py", ("migrations/versions/",))
NAMES = [name.rpartition("/")[2].removesuffix(".py") for name in FILES]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", name) for name in NAMES)
    assert [int(name[:4]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_migrations_are_one_line_with_one_head() -> None:
    scripts = ScriptDirectory.from_config(migrate.config())

    assert scripts.get_heads() == [NAMES[-1]]
    assert [script.revision for script in scripts.walk_revisions()] == NAMES[::-1]


@pytest.mark.parametrize("name", FILES)
def test_a_migration_says_what_it_is_for_and_can_be_undone_or_says_why_not(name: str) -> None:
    tree = ast.parse(read(name))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert ast.get_docstring(tree)
    assert functions["upgrade"].body
    body = functions["downgrade"].body
    assert not isinstance(body[0], ast.Pass)


def test_up_down_and_up_again_ends_in_the_same_schema(servers: Servers) -> None:
    url = empty_database(servers, f"migrations_{servers.worker}")
    migrate.upgrade(url)
    first = schema(url)

    migrate.downgrade(url, "base")
    nothing = schema(url)
    migrate.upgrade(url)

    assert {line for line in nothing if not line.startswith("alembic_version")} == set()
    assert schema(url) == first


def test_each_step_can_be_taken_alone(servers: Servers) -> None:
    url = empty_database(servers, f"steps_{servers.worker}")

    for name in NAMES:
        migrate.upgrade(url, name)
        before = schema(url)
        migrate.downgrade(url, "-1")
        migrate.upgrade(url, name)
        assert schema(url) == before, name


def schema(url: str) -> set[str]:
    """Describe every column, constraint, index, trigger, view, function and privilege, a line each."""
    # The number in the name of an unnamed NOT NULL is the table's, which is made anew.
    queries = (
        """SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                  || ' ' || coalesce(column_default, '')
           FROM information_schema.columns WHERE table_schema = 'public'""",
        """SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
           FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
        "SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'",
        """SELECT tgrelid::regclass || ' ' || pg_get_triggerdef(oid)
           FROM pg_trigger WHERE NOT tgisinternal""",
        "SELECT viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'",
        """SELECT proname || ' ' || prosrc FROM pg_proc
           WHERE pronamespace = 'public'::regnamespace""",
        """SELECT table_name || ' ' || grantee || ' ' || privilege_type
           FROM information_schema.table_privileges WHERE table_schema = 'public'""",
    )
    with psycopg.connect(url) as connection:
        return {str(row[0]) for query in queries for row in connection.execute(query).fetchall()}
