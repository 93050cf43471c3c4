import hashlib
import json

import pytest

from tests.codebase.project import ROOT, files, read

MANIFEST = "/manifest.json"
FOLDERS = [name.removesuffix(MANIFEST) for name in files() if name.endswith(MANIFEST)]


@pytest.mark.parametrize("name", FOLDERS)
def test_vendored_files_are_what_their_manifest_says(name: str) -> None:
    manifest = json.loads(read(f"{name}/manifest.json"))
    entries = manifest.get("packages", [manifest])
    recorded = {}
    for entry in entries:
        assert entry["version"]
        assert entry["licence"]
        recorded |= {item["path"]: item["sha256"] for item in entry["files"]}

    found = {
        path.relative_to(ROOT / name).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert found == recorded


def test_browsers_are_given_nothing_from_elsewhere() -> None:
    assert "static/vendor" in FOLDERS
    assert all(
        name.startswith(tuple(f"{folder}/" for folder in FOLDERS))
        for name in files()
        if "/vendor/" in name
    )
