"""Sandbox, web, worker and scheduler under one process manager, from first to last breath.

The rule it keeps: they live and die together. One that ends by itself ends all, and is named.
"""

import contextlib
import os
import re
import shlex
import signal
import threading
import time
from collections.abc import Mapping
from typing import Any

import redis
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Printer
from honcho.process import Process

from app import embedded, host
from app.host import HostError
from app.launch.health import HEALTHY_SECONDS, is_healthy
from app.launch.plan import ROOT, Plan
from app.launch.words import banner, say

DELIBERATE = {128 + signal.SIGINT, 128 + signal.SIGTERM}


class Printed(Printer):  # type: ignore[misc]
    """Prints what our processes say, and remembers which of them ended first."""

    first_to_end = ""

    def write(self, message: Any) -> None:
        """Print a line of a process; the manager's own chatter is only read."""
        if message.name != SYSTEM_PRINTER_NAME:
            super().write(message)
            return
        found = re.match(r"(\w+) stopped \(rc=(-?\d+)\)", message.data)
        if found and not self.first_to_end:
            self.first_to_end = f"The {found[1]} ended by itself, with code {found[2]}"


class TiedProcess(Process):  # type: ignore[misc]
    """A process that ends when we are killed, though nobody is left to tell it."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:  # noqa: FBT001, FBT002 -- honcho's signature.
        """Run it, as honcho does in a process of its own, watching for our death."""
        threading.Thread(target=self._watch, args=(os.getppid(),), daemon=True).start()
        super().run(events, ignore_signals)

    def _watch(self, parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGTERM)


class Demo:
    """The processes of a demo, from their start to the end of the last."""

    def __init__(
        self, plan: Plan, environ: Mapping[str, str], servers: list[embedded.Server]
    ) -> None:
        self._plan = plan
        self._environ = environ
        self._servers = servers
        self._over = threading.Event()
        self._failure = ""
        self._printer = Printed()
        self._manager = Manager(self._printer)
        self._manager._process_ctor = TiedProcess  # noqa: SLF001 -- honcho offers no other way.
        for name, command in plan.commands().items():
            self._manager.add_process(
                name, f"exec {shlex.join(command)}", env=dict(environ), cwd=str(ROOT)
            )

    def run(self) -> int:
        """Start all, return when all have ended; the result is the exit code."""
        say(f"Starting {', '.join(self._plan.commands())} …")
        conductor = threading.Thread(target=self._conduct, daemon=True)
        conductor.start()
        try:
            self._manager.loop()
        finally:
            self._over.set()
            conductor.join(10)
        return self._result()

    def _result(self) -> int:
        code = int(self._manager.returncode or 0)
        if code in DELIBERATE and not self._failure:
            say("Everything has stopped; the data is kept.")
            return 0
        say(self._failure or f"{self._printer.first_to_end}, so everything was stopped.")
        return 1

    def _conduct(self) -> None:
        """See everything up, print the banner; then watch over the servers."""
        try:
            self._await_health(f"{self._plan.sandbox_url}/healthz")
            self._await_health(f"http://{host.LOOPBACK}:{self._plan.ports['PORT']}/healthz")
            self._await_worker()
            if not self._over.is_set():
                say(banner(self._plan))
            self._watch_servers()
        except HostError as error:
            self._fail(str(error))

    def _fail(self, words: str) -> None:
        if not self._over.is_set():
            self._failure = words
            self._manager.terminate()

    def _await_health(self, url: str) -> None:
        deadline = time.monotonic() + HEALTHY_SECONDS
        while not self._over.wait(0.1):
            if is_healthy(url):
                return
            if time.monotonic() > deadline:
                message = f"{url} did not become healthy within {HEALTHY_SECONDS} seconds."
                raise HostError(message)

    def _await_worker(self) -> None:
        """Wait until a worker has registered itself, as RQ's workers do."""
        deadline = time.monotonic() + HEALTHY_SECONDS
        with contextlib.closing(redis.Redis.from_url(self._environ["REDIS_URL"])) as client:
            while not self._over.wait(0.1) and not client.scard("rq:workers"):
                if time.monotonic() > deadline:
                    message = f"No worker was ready within {HEALTHY_SECONDS} seconds."
                    raise HostError(message)

    def _watch_servers(self) -> None:
        while not self._over.wait(0.5):
            for server in self._servers:
                if not server.is_running():
                    self._fail(f"{server.name} ended by itself, so everything was stopped.")
                    return
