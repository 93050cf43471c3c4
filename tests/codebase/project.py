"""What the tests about the code base look at: the project's files, as a checkout has them."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IGNORED = {".git", ".venv", ".farthing", "__pycache__"}
BINARY = {".woff2", ".png", ".ico", ".webp", ".jpg", ".gz"}


@cache
def files() -> tuple[str, ...]:
    """Name every file of the project from its root; what git ignores is not of the project."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        names = [name for name in listed.decode().split("\0") if name]
        return tuple(sorted(name for name in names if (ROOT / name).is_file()))
    walked = (path for path in ROOT.rglob("*") if path.is_file())
    relative = (path.relative_to(ROOT) for path in walked)
    return tuple(sorted(p.as_posix() for p in relative if not IGNORED & set(p.parts)))


def texts(suffix: str = "", below: tuple[str, ...] = ("",)) -> list[str]:
    """Name the text files with a suffix below some folders."""
    return [
        name
        for name in files()
        if name.endswith(suffix) and name.startswith(below) and Path(name).suffix not in BINARY
    ]


def read(name: str) -> str:
    """Return a file's text."""
    return (ROOT / name).read_text(encoding="utf-8")
