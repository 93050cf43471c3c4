"""What the contract suites need to know of a processor besides its port: one small driver for each.

A driver holds the processor's side of one account: it makes the tokens that a browser would make,
answers the bank's question as a customer would, arms faults by operation, and reads the true record.
The suites judge; a driver never does.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

from app.domain.declines import DeclineReason
from app.domain.processor import ActionRequired, Outcome, ProcessorAccount
from app.services.deps import Deps
from app.settings import Settings
from tests.factories import Shop
from tests.sandbox.server import SandboxServer

numbers = count(1)

# What comes of a card that is published for testing.
Fate = type[Outcome] | DeclineReason


@dataclass(frozen=True)
class Refusal:
    """A token that is refused, why, and whether a bank was asked."""

    token: str
    reason: DeclineReason
    reached_bank: bool


@dataclass(frozen=True)
class Letter:
    """One POST of the processor's: what it tells, and the headers that prove it."""

    body: bytes
    headers: Mapping[str, str]


def new_tail() -> str:
    """What tells one account from all others."""
    return f"c{next(numbers)}x{int(datetime.now(UTC).timestamp() * 1000)}"


class Driver(ABC):
    """One processor's side in the sandbox."""

    name: ClassVar[str]
    # Tokens: one that pays, one whose bank asks, one that is kept and asks where nobody is there.
    good: ClassVar[str]
    asks: ClassVar[str]
    broke: ClassVar[str]
    declined: ClassVar[str]
    asks_when_kept: ClassVar[str]
    good_number: ClassVar[str]
    good_last4: ClassVar[str]
    declined_last4: ClassVar[str]
    refusals: ClassVar[Sequence[Refusal]]
    # Every card that is published for testing, and what comes of it.
    cards: ClassVar[Sequence[tuple[str, Fate]]]
    # Tokens of cards whose refunds are not settled when they are accepted, and whether they are called so.
    slow_refunds: ClassVar[Sequence[tuple[str, bool]]]
    # Whether a capture tells what it cost, and when it is paid out.
    tells_costs: ClassVar[bool]
    # Whether a token of card fields is one card at the processor, which one customer may keep and whose bank
    # is asked when it is kept; else it may be used again, and keeping it is a new card each time.
    is_token_a_card: ClassVar[bool]
    # Whether captures, cancellations and refunds are done when they are answered; else they are told later.
    answers_at_once: ClassVar[bool]
    # The route of each operation, as the sandbox's faults name it.
    routes: ClassVar[Mapping[str, str]]
    # Faults that only this processor has: nothing was sent, and it says so; nothing was done, but a call
    # before may have been; it was done, and the processor itself knows it only later.
    sure_faults: ClassVar[tuple[str, ...]] = ()
    unsure_faults: ClassVar[tuple[str, ...]] = ()
    told_faults: ClassVar[tuple[str, ...]] = ()
    # Faults whose error the processor keeps under our key: nothing was taken, and nothing will be.
    bound_faults: ClassVar[frozenset[str]]

    def __init__(self, sandbox: SandboxServer) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def account(self) -> ProcessorAccount:
        """An account that no other test uses."""

    @abstractmethod
    def open_shop(self, deps: Deps) -> Shop:
        """A merchant that sells through an account of its own."""

    @abstractmethod
    def settings(
        self, settings: Settings, *, url: str | None = None, read_seconds: float | None = None
    ) -> Settings:
        """The settings, but with another address or time limit of this processor's."""

    @abstractmethod
    def token(self, account: ProcessorAccount, number: str) -> str:
        """What the card fields in the browser make of a number."""

    @abstractmethod
    def answer(
        self, account: ProcessorAccount, asked: ActionRequired, *, is_passed: bool
    ) -> dict[str, Any]:
        """The customer answers the bank's question; gives what the browser brings back from there."""

    @abstractmethod
    def known_as(self, account: ProcessorAccount) -> str:
        """The account's name in the true record."""

    @abstractmethod
    def letters(self, account: ProcessorAccount, now: datetime) -> list[Letter]:
        """All that it tells of the account, oldest first, as it would be delivered now."""

    @abstractmethod
    def forgeries(
        self, account: ProcessorAccount, letter: Letter, now: datetime
    ) -> dict[str, Letter]:
        """Letters that do not prove the sender, by what is wrong with them."""

    def arm(self, account: ProcessorAccount, kind: str, operation: str, **options: Any) -> None:
        """Something goes wrong with the account's next call of that operation."""
        route = self.routes[operation]
        self.sandbox.fault(kind, account=self.known_as(account), route=route, **options)

    def totals(self, account: ProcessorAccount, currency: str = "USD") -> dict[str, int]:
        """The true sums in one currency."""
        record = self.sandbox.record(self.known_as(account))
        found: dict[str, int] = record["totals"].get(currency.lower(), {})
        return found

    def facts(self, account: ProcessorAccount, fact: str) -> list[int]:
        """The true movements of one kind, in minor units."""
        rows = self.sandbox.record(self.known_as(account))["facts"]
        return [row["amount_minor"] for row in rows if row["fact"] == fact]
