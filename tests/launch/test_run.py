"""`make run` as a person uses it: started, looked at, stopped, started again, and hit by bad luck."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app import host
from tests.servers import ROOT

START_SECONDS = 100
STOP_SECONDS = 30


class Demo:
    """A demo of this test alone, with two days of data."""

    def __init__(self, data_dir: Path) -> None:
        names = ("PORT", "SANDBOX_PORT", "MAIL_PORT", "POSTGRES_PORT", "VALKEY_PORT")
        self.data_dir = data_dir
        self.ports = {name: host.free_port() for name in names}
        self.log = data_dir / "launch.log"

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        ports = {name: str(port) for name, port in self.ports.items()}
        return kept | ports | {"FARTHING_DATA_DIR": str(self.data_dir), "FLASK_SEED_DAYS": "2"}

    @contextlib.contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "app.launch", *arguments]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(STOP_SECONDS)

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.process() as process:
            self.wait_for("Farthing is running", process)
            yield process

    def wait_for(self, words: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while words not in self.said():
            assert process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def status(self, port: str, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[port]}{path}") as answer:
            return int(answer.status)

    def ours(self) -> list[psutil.Process]:
        """Return every process that was started for this demo and is still there."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if Path(process.cwd()).is_relative_to(self.data_dir):
                return True
            return process.environ().get("FARTHING_DATA_DIR") == str(self.data_dir)
        except psutil.Error:
            return False


@pytest.fixture
def demo() -> Iterator[Demo]:
    folder = host.throwaway_dir("farthing-demo")
    yield Demo(folder)
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # noqa: S607 -- root's and farthing's files.


pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(300)]


def test_a_demo_from_its_first_start_to_its_last(demo: Demo) -> None:
    with demo.running() as process:
        shown = json.loads((demo.data_dir / "demo.json").read_text())
        assert (demo.data_dir / "demo.json").stat().st_mode & 0o077 == 0
        assert shown["payment_link"] in demo.said()
        assert shown["dashboard_login"] in demo.said()
        assert demo.status("PORT", "/login") == 200
        assert demo.status("SANDBOX_PORT", "/shop") == 200
        assert demo.status("SANDBOX_PORT", "/control") == 200
        with urllib.request.urlopen(shown["payment_link"]) as checkout:
            assert "/pay/" in checkout.url

        verified = subprocess.run(
            [sys.executable, "-m", "app.launch", "verify"],
            cwd=ROOT,
            env=demo.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert verified.returncode == 0, verified.stdout

        again = subprocess.run(
            [sys.executable, "-m", "app.launch"],
            cwd=ROOT,
            env=demo.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 1
        assert again.stdout.splitlines()[-1].startswith("Farthing already runs on the data in")

        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
    assert demo.said().endswith("Everything has stopped; the data is kept.\n")
    assert demo.ours() == []

    # The second start goes on with the same data. One that is itself killed leaves nothing that the
    # next start cannot clear away.
    with demo.running() as process:
        assert json.loads((demo.data_dir / "demo.json").read_text()) == shown
        assert "demo data" not in demo.said()
        process.kill()
        process.wait()
        deadline = time.monotonic() + STOP_SECONDS
        while len(demo.ours()) > 2 and time.monotonic() < deadline:
            time.sleep(0.2)

    # One that loses a process stops them all.
    with demo.running() as process:
        assert demo.status("PORT", "/login") == 200
        worker = next(p for p in demo.ours() if p.cmdline()[-2:] == ["-m", "worker"])
        worker.kill()
        assert process.wait(STOP_SECONDS) == 1
    assert "The worker ended by itself, with code -9, so everything was stopped." in demo.said()
    assert demo.ours() == []


def test_demo_data_that_was_left_half_made_is_made_anew() -> None:
    folder = host.throwaway_dir("farthing-half")
    demo = Demo(folder)
    with demo.process() as process:
        demo.wait_for("of demo data", process)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
    assert (folder / "seeding").exists()

    with demo.process("verify") as process:
        assert process.wait(START_SECONDS) == 0, demo.said()

    assert "made anew" in demo.said()
    assert not (folder / "seeding").exists()
    assert (folder / "demo.json").exists()
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # noqa: S607 -- root's and farthing's files.
