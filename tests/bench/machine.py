"""CPU time and facts of the machine, read from /proc.

The CPU time of a PostgreSQL session appears in its parent only once the session is reaped. So nothing is
reaped here: every session that a candidate uses stays open over its window, and is read directly, by its
own process id. A session that ends inside a window is an error, not a missing figure.
"""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
import psycopg

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU time of one process: its threads', and of its children that were reaped."""
    # The process's name stands in parentheses and may hold blanks; fields count from behind it.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND


def tree_cpu_seconds(pid: int) -> float:
    """CPU time of a process and all its living descendants."""
    root = psutil.Process(pid)
    return sum(cpu_seconds(one.pid) for one in [root, *root.children(recursive=True)])


class Sessions:
    """The CPU time of PostgreSQL's client sessions, our own look-outs apart."""

    def __init__(self, admin_url: str) -> None:
        self._connection = psycopg.connect(admin_url, autocommit=True)
        self._found: dict[int, float] = {}

    def start(self) -> None:
        """Open a window."""
        self._found = self._read()

    def seconds(self) -> float:
        """CPU time of all sessions since `start`; raises if one has gone meanwhile."""
        now = self._read()
        gone = set(self._found) - set(now)
        if gone:
            raise RuntimeError(f"sessions {sorted(gone)} ended inside a window")
        return sum(now.values()) - sum(self._found.values())

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _read(self) -> dict[int, float]:
        query = """
            SELECT pid FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
        return {pid: cpu_seconds(pid) for (pid,) in self._connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Facts:
    """Where and with what the figures were taken."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    versions: dict[str, str]
    durability: dict[str, str]


PACKAGES = ("flask", "granian", "psycopg", "orjson", "sqlalchemy")


def facts(admin_url: str) -> Facts:
    """Describe this machine and the servers under test."""
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
    with psycopg.connect(admin_url) as connection:
        shown = {name: _show(connection, name) for name in names}
    versions = {"Python": platform.python_version(), "PostgreSQL": shown.pop("server_version")}
    versions |= {name: metadata.version(name) for name in PACKAGES}
    return Facts(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
        versions=versions,
        durability=shown,
    )


def _show(connection: psycopg.Connection[tuple[object, ...]], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
