"""The real sandbox as a process of its own, for any test that needs the outside world.

`start_sandbox(data_dir)` answers a running `SandboxServer`; `stop()` (or leaving the `with` block,
or the end of the test process) ends it. Starting again with the same directory continues with the
same state.
"""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20


class SandboxServer:
    """One running sandbox. `url` is its origin."""

    def __init__(self, process: subprocess.Popen[str], url: str, data_dir: Path) -> None:
        self.process = process
        self.url = url
        self.data_dir = data_dir
        atexit.register(self.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and wait; harmless when it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        atexit.unregister(self.stop)
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Any JSON route of the sandbox that takes no key."""
        request = Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def control(self, path: str, **body: Any) -> Any:
        """POST to the control API: `control("clock", advance_seconds=60)`."""
        return self.call("POST", f"/control/api/{path}", body)

    def fault(self, kind: str, **options: Any) -> Any:
        """Arm a fault: `fault("drop_after", account=…, route="POST /v1/refunds", count=1)`."""
        return self.control("faults", kind=kind, **options)

    def clear_faults(self) -> None:
        """Disarm every fault."""
        self.call("DELETE", "/control/api/faults")

    def record(
        self, account: str, *, payment_intent: str | None = None, **metadata: str
    ) -> dict[str, Any]:
        """What really happened to money: of an account, a payment, or a reference in metadata."""
        query = {"account": account} | {f"metadata[{k}]": v for k, v in metadata.items()}
        if payment_intent is not None:
            query["payment_intent"] = payment_intent
        found: dict[str, Any] = self.call("GET", f"/record?{urlencode(query)}")
        return found


def start_sandbox(data_dir: Path, *, port: int = 0) -> SandboxServer:
    """Start a sandbox on a free loopback port, or on `port`, and wait until it answers."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "sandbox.log"
    command = [sys.executable, "-m", "app.sandbox", "--port", str(port), "--data", str(data_dir)]
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    # A start that hangs is ended, so that waiting for its first line ends too.
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
    finally:
        watchdog.cancel()
    if not line.startswith("sandbox: http://"):
        process.kill()
        process.wait(timeout=10)
        process.stdout.close()
        raise RuntimeError(f"the sandbox did not start: {log.read_text(encoding='utf-8')[-2000:]}")
    return SandboxServer(process, line.removeprefix("sandbox: "), data_dir)


@contextmanager
def running_sandbox(data_dir: Path) -> Iterator[SandboxServer]:
    """A sandbox for the length of a `with` block."""
    server = start_sandbox(data_dir)
    try:
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.stop()


def wait_until(truth: Any, *, seconds: float = 10) -> Any:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
    return found
