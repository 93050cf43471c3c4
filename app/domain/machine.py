"""What a lifecycle is: a table of statuses, the moves between them, and the event that each move emits."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from app.domain.errors import InvalidTransition

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True)
class Machine(Generic[S]):
    """One lifecycle. `moves[status][target]` is the name of the event that the move emits."""

    name: str
    initial: S
    created: str
    moves: dict[S, dict[S, str]]

    def event(self, current: S, target: S) -> str:
        """The event a move emits; raises InvalidTransition when there is no such move."""
        event = self.moves[current].get(target)
        if event is None:
            raise InvalidTransition(f"A {self.name} that is {current} cannot become {target}.")
        return event

    def allows(self, current: S, target: S) -> bool:
        """Whether the table has this move."""
        return target in self.moves[current]

    def is_final(self, status: S) -> bool:
        """Whether nothing follows."""
        return not self.moves[status]
