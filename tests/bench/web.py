"""W1 and W5: CPU time of a payment request and of its repetition, each beside its yardstick."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from app.host import LOOPBACK
from tests.bench import http_load
from tests.bench.machine import Sessions, tree_cpu_seconds
from tests.bench.measure import Goal, Spread
from tests.bench.stage import FIRST_PORT, Stage
from tests.bench.workers import Crew

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60
WARM_UP = 200
# The request log's lines are written behind the requests, half a second later at most.
LOG_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Served:
    """One of the two applications, as granian serves it."""

    port: int
    pid: int


@dataclass
class Web:
    """Milliseconds of CPU a request, round by round."""

    first_web: list[float] = field(default_factory=list)
    first_server: list[float] = field(default_factory=list)
    replay_web: list[float] = field(default_factory=list)
    replay_server: list[float] = field(default_factory=list)
    bare_web: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)

    def goals(self) -> tuple[Goal, Goal]:
        """W1 and W5."""
        first = _sums(self.first_web, self.first_server)
        return (
            Goal(
                "W1",
                "payment request, two commits ÷ (Flask POST without database"
                " + the same two statements from bare loops)",
                "CPU-ms",
                first,
                _sums(self.bare_web, self.loop),
                1.5,
                is_at_least=False,
            ),
            Goal(
                "W5",
                "idempotent replay ÷ first request",
                "CPU-ms",
                _sums(self.replay_web, self.replay_server),
                first,
                0.35,
                is_at_least=False,
            ),
        )

    def parts(self) -> dict[str, Spread]:
        """Where the time goes, in CPU-ms a request."""
        return {
            "first request: web": Spread.of(self.first_web),
            "first request: PostgreSQL sessions": Spread.of(self.first_server),
            "replay: web": Spread.of(self.replay_web),
            "replay: PostgreSQL session": Spread.of(self.replay_server),
            "yardstick: Flask POST without database": Spread.of(self.bare_web),
            "yardstick: both statements, bare loops and sessions": Spread.of(self.loop),
        }


def _sums(one: list[float], other: list[float]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


@contextlib.contextmanager
def served(target: str, port: int, environment: dict[str, str]) -> Iterator[Served]:
    """Run granian as `make run` does, with one of the bench's factories."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", target]
    command += ["--host", LOOPBACK, "--port", str(port), "--workers", "2", "--no-ws"]
    command += ["--blocking-threads", "5", "--backpressure", "64"]
    command += ["--log-level", "warning", "--workers-kill-timeout", "5"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            _wait(process, port)
            yield Served(port, process.pid)
        except BaseException:
            log.seek(0)
            print(log.read().decode(errors="replace")[-4000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(15)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"the server on port {port} did not start")


def requests(stage: Stage, count: int) -> list[bytes]:
    """Payment requests, each with a key of its own, the merchants taking turns."""
    made = []
    for number in range(count):
        body = {
            "amount": 1_000 + number % 9_000,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "description": "Order of a walnut tray",
            "receipt_email": "ada@example.com",
            "metadata": {"order": f"A-{number}"},
        }
        headers = {
            "Authorization": f"Bearer {stage.merchants[number % len(stage.merchants)].key}",
            "Idempotency-Key": secrets.token_hex(16),
        }
        made.append(http_load.request("/payments", headers, orjson.dumps(body)))
    return made


def measure(stage: Stage, crew: Crew, sessions: Sessions, rounds: int, count: int) -> Web:
    """First requests, their replays, and both halves of the yardstick, in turn."""

    environment = {**os.environ, **stage.environment}
    found = Web()
    with (
        served("tests.bench.product:create", FIRST_PORT + 3, environment) as product,
        served("tests.bench.bare:create", FIRST_PORT + 4, environment) as bare,
    ):
        warm = requests(stage, WARM_UP)
        for server in (product, bare, product):
            http_load.drive(server.port, warm)
        for _ in range(rounds):
            ready = requests(stage, count)
            web, server_ms, answered = window(product, sessions, ready)
            if answered.replays:
                raise RuntimeError("a first request was answered as a replay")
            found.first_web.append(web)
            found.first_server.append(server_ms)
            found.per_second.append(count / answered.seconds)
            found.bare_web.append(window(bare, sessions, ready, is_logged=False)[0])
            web, server_ms, answered = window(product, sessions, ready)
            if answered.replays != count:
                raise RuntimeError("a repeated request was not answered as a replay")
            found.replay_web.append(web)
            found.replay_server.append(server_ms)
            found.loop.append(crew.run("pair", count // crew.size).total_ms)
    return found


def window(
    server: Served, sessions: Sessions, ready: list[bytes], *, is_logged: bool = True
) -> tuple[float, float, http_load.Answered]:
    """CPU milliseconds a request, its line in the log too: of the web, and of PostgreSQL's sessions."""
    sessions.start()
    before = tree_cpu_seconds(server.pid)
    answered = http_load.drive(server.port, ready)
    if is_logged:
        time.sleep(LOG_SECONDS)
    web = tree_cpu_seconds(server.pid) - before
    scale = 1000 / len(ready)
    return web * scale, sessions.seconds() * scale, answered
