import re
from typing import Any

import pytest

from app.domain.states import MACHINES, Machine


def reachable(machine: Machine[Any]) -> set[Any]:
    """Return every status that a row can come to have."""
    seen, waiting = set(), {machine.initial}
    while waiting:
        status = waiting.pop()
        seen.add(status)
        waiting |= set(machine.moves[status]) - seen
    return seen


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_status_is_in_its_table_and_can_be_reached(machine: Machine[Any]) -> None:
    statuses = set(type(machine.initial))

    assert set(machine.moves) == statuses
    assert reachable(machine) == statuses


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_move_emits_an_event_of_its_noun(machine: Machine[Any]) -> None:
    noun = machine.created.split(".")[0]
    events = [event for moves in machine.moves.values() for event in moves.values()]

    assert all(re.fullmatch(rf"{noun}\.[a-z_]+", event) for event in events)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_lifecycle_has_an_end(machine: Machine[Any]) -> None:
    assert any(machine.is_final(status) for status in machine.moves)
