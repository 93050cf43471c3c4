"""Switches a failpoint on from the environment: `name:kill`, `name:raise` or `name:sleep:seconds`."""

import os
import signal
import time
from collections.abc import Callable

from app.domain.failpoints import FAILPOINTS


def nothing(name: str) -> None:
    """The failpoint of a system in service."""


def failpoint(setting: str) -> Callable[[str], None]:
    """The function that use-cases call at their named places; does nothing when `setting` is empty."""
    if not setting:
        return nothing
    wanted, _, action = setting.partition(":")
    if wanted not in FAILPOINTS:
        raise ValueError(f"PAY_FAILPOINT names no failpoint: {wanted}")

    def act(name: str) -> None:
        if name != wanted:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "raise":
            raise RuntimeError(f"failpoint {name}")
        elif action.startswith("sleep:"):
            time.sleep(int(action.removeprefix("sleep:")))

    return act
