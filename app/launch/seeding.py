"""Demo data before anything else runs: only the sandbox is up, so no worker takes the past for overdue.

The payments of ninety days are made on a clock of their own; a worker on today's clock would find every
one of them long expired while it is being made.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping

from app.host import HostError
from app.launch.application import COMMANDS, flask
from app.launch.health import HEALTHY_SECONDS, is_healthy
from app.launch.plan import ROOT, Plan
from app.launch.words import say


def seed_once(plan: Plan, environ: Mapping[str, str]) -> None:
    """Make the demo data unless it was made before; raises HostError with the command's words."""
    if (plan.data_dir / "demo.json").exists():
        return
    say("Making ninety days of demo data (about half a minute) …")
    with _sandbox_alone(plan, environ):
        flask(environ, COMMANDS["seed"])


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
