import re

import pytest

from app.domain.failpoints import FAILPOINTS
from tests.codebase.project import read, texts

PLACED = {
    name
    for path in texts(".py", ("app/", "worker/"))
    for name in re.findall(r"failpoint\(\s*\"([a-z_.]+)\"", read(path))
}
TESTED = "".join(
    read(path)
    for path in texts(".py", ("tests/",))
    if not path.startswith(("tests/codebase/", "tests/lints/"))
)


def test_every_failpoint_is_placed_in_the_code() -> None:
    assert set(FAILPOINTS) == PLACED


@pytest.mark.parametrize("name", FAILPOINTS)
def test_every_failpoint_has_a_crash_test(name: str) -> None:
    assert name in TESTED
