"""Finds or installs the Chromium that the browser tests drive, and writes down where it is.

Playwright's own where it can be downloaded, else the system's, else the system's package when we
are root. A browser counts only when it has really shown a page. `make test` runs this first.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.host import make_data_dir

RECORD = Path(__file__).resolve().parent.parent / ".farthing" / "chromium"
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOAD_SECONDS = 180
INSTALL_SECONDS = 600
SHOW_SECONDS = 60


def main() -> int:
    """Record a working browser; the result is the exit code."""
    for candidate in (recorded, own, downloaded, of_system, installed):
        path = candidate()
        if path and shows_a_page(path):
            make_data_dir(RECORD.parent)
            RECORD.write_text(f"{path}\n", encoding="utf-8")
            return 0
    print(
        "The browser tests need Chromium, and none could be downloaded or found:"
        " install it (Debian: apt-get install chromium), then run make test again."
    )
    return 1


def recorded() -> str:
    """Return the browser found the last time, or one named by the person at the terminal."""
    named = os.environ.get("CHROMIUM", "")
    return named or (RECORD.read_text(encoding="utf-8").strip() if RECORD.exists() else "")


def own() -> str:
    """Return Playwright's own browser, if it has been downloaded."""
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else ""


def downloaded() -> str:
    """Download Playwright's own; quick to give up where its servers cannot be reached."""
    print("Looking for a Chromium …")
    environ = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "8000"}
    command = [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]
    succeeded = _run(command, DOWNLOAD_SECONDS, environ)
    return own() if succeeded else ""


def of_system() -> str:
    """Return the browser of the system's packages."""
    return next(filter(None, map(shutil.which, SYSTEM_NAMES)), "")


def installed() -> str:
    """Install the system's package, where we may."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return ""
    print("Installing the system's chromium …")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    _run(["apt-get", "update"], INSTALL_SECONDS, environ)
    return of_system() if _run(install, INSTALL_SECONDS, environ) else ""


def shows_a_page(path: str) -> bool:
    """Tell whether the browser starts here: it may lack a library, or be of another machine."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += [f"--user-data-dir={profile}", "--dump-dom", "data:text/html,<p>hello</p>"]
        return _run(command, SHOW_SECONDS, dict(os.environ), lambda said: b"hello" in said)


def _run(
    command: list[str],
    seconds: float,
    environ: dict[str, str],
    is_right: Callable[[bytes], bool] = lambda _said: True,
) -> bool:
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and is_right(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
