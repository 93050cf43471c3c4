"""State in one SQLite file: objects as JSON, one transaction per effect of a request.

One connection under one lock: whoever holds a `Transaction` is alone, so every limit checked inside
it holds when it commits. Nothing waits (sleeps, calls the network) while holding it. Fields whose
name starts with an underscore are the simulator's own and never leave it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import orjson

from app.sandbox.errors import Json

SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


class Transaction:
    """What can be read and written while the lock is held."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Any statement; `sql` is always a constant of this package."""
        return self.connection.execute(sql, values)

    def insert(self, account: str, body: Json, *, owner: str = "") -> Json:
        """A new object; `owner` is the object whose list it appears in."""
        self.run(
            "INSERT INTO objects (account, kind, id, owner, created, body) VALUES (?,?,?,?,?,?)",
            (
                account,
                body["object"],
                body["id"],
                owner,
                body["created"],
                orjson.dumps(body).decode(),
            ),
        )
        return body

    def save(self, account: str, body: Json) -> Json:
        """The object as it is now."""
        self.run(
            "UPDATE objects SET body = ? WHERE account = ? AND id = ?",
            (orjson.dumps(body).decode(), account, body["id"]),
        )
        return body

    def delete(self, account: str, object_id: str) -> None:
        """Forget an object."""
        self.run("DELETE FROM objects WHERE account = ? AND id = ?", (account, object_id))

    def find(self, account: str, kind: str, object_id: str) -> Json | None:
        """One object of the account, or None."""
        row = self.run(
            "SELECT body FROM objects WHERE account = ? AND id = ? AND kind = ?",
            (account, object_id, kind),
        ).fetchone()
        return None if row is None else _load(row[0])

    def owned(self, account: str, kind: str, owner: str) -> list[Json]:
        """Every object of that kind belonging to another, oldest first."""
        rows = self.run(
            "SELECT body FROM objects WHERE account = ? AND owner = ? AND kind = ? ORDER BY seq",
            (account, owner, kind),
        )
        return [_load(row[0]) for row in rows]

    def every(self, account: str, kind: str) -> list[Json]:
        """Every object of that kind in the account, oldest first."""
        rows = self.run(
            "SELECT body FROM objects WHERE account = ? AND kind = ? ORDER BY seq", (account, kind)
        )
        return [_load(row[0]) for row in rows]

    def setting(self, name: str) -> Any:
        """A setting of the sandbox, or None."""
        row = self.run("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def set_setting(self, name: str, value: Any) -> None:
        """Remember a setting of the sandbox."""
        self.run(
            "INSERT INTO settings (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, orjson.dumps(value).decode()),
        )

    def chore(self, account: str, kind: str, subject: str, due: float) -> None:
        """Something the world will do by itself later."""
        self.run(
            "INSERT INTO chores (account, kind, subject, due) VALUES (?,?,?,?)",
            (account, kind, subject, due),
        )


class Store:
    """The file. Safe to use from many threads; they take turns."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = RLock()
        # A killed process loses nothing in WAL mode; only a power cut could, and this is a
        # simulator.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One unit of work: all of it is committed, or none. Units do not nest."""
        with self._lock:
            if self._connection.in_transaction:
                raise RuntimeError("transactions do not nest")
            self._connection.execute("BEGIN IMMEDIATE")
            unit = Transaction(self._connection)
            try:
                yield unit
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _load(text: str) -> Json:
    body: Json = orjson.loads(text)
    return body
