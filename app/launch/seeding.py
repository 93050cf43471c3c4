"""Demo data before anything else runs: only the sandbox is up, so no worker takes the past for overdue.

The payments of ninety days are made on a clock of their own; a worker on today's clock would find every
one of them long expired while it is being made.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

from app import embedded
from app.host import HostError
from app.launch.application import COMMANDS, flask
from app.launch.health import HEALTHY_SECONDS, is_healthy
from app.launch.plan import ROOT, Plan
from app.launch.words import say


def discard_half_made(plan: Plan) -> None:
    """Throw away demo data whose making was interrupted: nobody has seen it, and half a past is none.

    Only what was made here is thrown away; a database that was given is its owner's to empty.
    """
    if not _marker(plan).exists():
        return
    if not plan.needs("POSTGRES_PORT"):
        raise HostError(
            "The demo data in the database of DATABASE_URL is half made: empty that database,"
            f" remove {_marker(plan)}, and start again."
        )
    say("The demo data was left half made, so it is made anew.")
    embedded.empty_database(plan.data_dir / "postgresql", plan.ports["POSTGRES_PORT"])
    shutil.rmtree(plan.data_dir / "sandbox", ignore_errors=True)


def seed_once(plan: Plan, environ: Mapping[str, str]) -> None:
    """Make the demo data unless it was made before; raises HostError with the command's words."""
    made = plan.data_dir / "demo.json"
    # A database that holds merchants is somebody's, whatever files are missing: it gets no marker.
    if (made.exists() and not _marker(plan).exists()) or _has_merchants(environ):
        return
    say("Making ninety days of demo data (about half a minute) …")
    _marker(plan).touch()
    with _sandbox_alone(plan, environ):
        flask(environ, COMMANDS["seed"])
    if made.exists():
        made.chmod(0o600)  # It holds a log-in and an API key.
    _marker(plan).unlink()


def _has_merchants(environ: Mapping[str, str]) -> bool:
    with psycopg.connect(environ["DATABASE_URL"]) as connection:
        return connection.execute("SELECT FROM merchants LIMIT 1").fetchone() is not None


def _marker(plan: Plan) -> Path:
    """Return the file that exists while demo data is being made."""
    return plan.data_dir / "seeding"


@contextlib.contextmanager
def _sandbox_alone(plan: Plan, environ: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        plan.commands()["sandbox"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not is_healthy(f"{plan.sandbox_url}/healthz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise HostError("The sandbox did not start, so no demo data could be made.")
            time.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
