"""Commands of the application, run in a process of their own with the demo's environment."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping

from app.host import HostError
from app.launch.plan import ROOT

COMMANDS = {"seed": ["seed", "--if-empty"], "verify": ["ledger", "verify"]}


def flask_command(arguments: list[str]) -> list[str]:
    """Return the command line of a command of the application."""
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def flask(
    environ: Mapping[str, str], arguments: list[str], over: threading.Event | None = None
) -> None:
    """Run a command of the application until it ends or all is `over`.

    Raises HostError with its last words when it fails.
    """
    over = over or threading.Event()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            flask_command(arguments),
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None and not over.wait(0.05):
                pass
        finally:
            process.terminate()
        output.seek(0)
        words = output.read().decode(errors="replace")[-4000:]
    if process.wait() and not over.is_set():
        message = f"{words}\n`flask {' '.join(arguments)}` failed; its words are above."
        raise HostError(message)
