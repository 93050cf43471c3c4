"""The command `python -m app.launch`; with `seed` or `verify`, one command against the demo."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType

from app.host import HostError
from app.launch import plan as planning
from app.launch import servers
from app.launch.application import COMMANDS, flask, flask_command
from app.launch.plan import ROOT, Plan
from app.launch.processes import Demo
from app.launch.seeding import discard_half_made, seed_once
from app.launch.words import say


def main(arguments: list[str]) -> int:
    """Run the demo, or one command of the application against its data."""
    try:
        plan = planning.remembered(os.environ) if arguments else planning.read(os.environ)
        if arguments:
            return _command(plan, arguments[0])
        return _run(plan)
    except HostError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 0


def _run(plan: Plan) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, lambda _number, _frame: os.kill(os.getpid(), signal.SIGTERM))
    if plan.notice:
        say(plan.notice)
    with servers.only_one(plan):
        planning.check_ports(plan)
        planning.remember(plan)
        with servers.started(plan) as (environ, running):
            _prepare(plan, environ)
            return Demo(plan, environ, running).run()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _command(plan: Plan, name: str) -> int:
    """Run a command of the application: on the running demo, or on servers for it alone."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(servers.only_one(plan))
            environ, _ = stack.enter_context(servers.started(plan))
        except servers.AlreadyRunningError:
            environ = plan.environment(*servers.urls(plan))
        else:
            _prepare(plan, environ)
        command = flask_command(COMMANDS[name])
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def _prepare(plan: Plan, environ: Mapping[str, str]) -> None:
    """Bring the database to where the processes expect it."""
    discard_half_made(plan)
    say("Applying migrations …")
    flask(environ, ["db-upgrade"])
    seed_once(plan, environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
