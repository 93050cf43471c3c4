"""Orders that go to banks by file, and what banks write back: the words of every format.

A format translates. What a bank says is a fact: it is applied where it fits, recorded where it does not,
and never lost.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.rails import (
    AccountKind,
    AccountType,
    Advice,
    FailureCode,
    HolderType,
    PayoutOrder,
)


@dataclass(frozen=True, slots=True)
class FiledOrder:
    """An order that goes to a bank by file, as it stands. `status` is waiting, in_file, paid, refused
    or returned; `is_same` is false where the one on file is for another amount or account.
    """

    reference: str
    status: str
    arrival_date: date | None
    trace_id: str | None
    code: FailureCode | None
    message: str
    at: datetime | None
    is_same: bool = True


class OrderBook(Protocol):
    """Where rails by file keep their orders until a file is written, and what reports said of them."""

    def enter(self, rail: str, order: PayoutOrder, reference: str) -> FiledOrder:
        """Keep the order, or find it kept. Safe to repeat and at once: an order is kept once."""
        ...

    def find(self, order: PayoutOrder) -> FiledOrder | None:
        """The order as it stands, or None where it was never entered."""
        ...


@dataclass(frozen=True, slots=True)
class FileLine:
    """One transfer of a file. `sequence` counts the rail's orders for ever, in the order of its files."""

    reference: str
    amount: Money
    holder_name: str
    number: str = field(repr=False)
    routing: str
    descriptor: str
    sequence: int = 1
    holder_type: HolderType = "company"
    account_type: AccountType = "checking"
    is_verification: bool = False


@dataclass(frozen=True, slots=True)
class FileBatch:
    """What goes into one file. The same batch gives the same bytes, however often it is written.

    `number_today` counts the rail's files of one day, from 0.
    """

    message_id: str
    created_at: datetime
    execution_date: date
    lines: tuple[FileLine, ...]
    number_today: int = 0


class Correction(StrEnum):
    """What of an account's details a bank says is no longer right, although the money arrived."""

    NUMBER = "number"
    ROUTING = "routing"
    HOLDER = "holder"
    ACCOUNT_TYPE = "account_type"
    OTHER = "other"


Outcome = Literal["paid", "refused", "returned", "correction", "other"]


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report says of one order, or with `reference` None of all orders of a file.

    `reference` is what the bank calls the order: its trace id, or ours. `reason` is the bank's own code,
    `key` the bank's name of this very fact, where it has one. `detail` may hold an account number.
    """

    outcome: Outcome
    at: datetime
    message_id: str = ""
    reference: str | None = None
    amount: Money | None = None
    code: FailureCode | None = None
    reason: str = ""
    message: str = ""
    key: str = ""
    correction: Correction | None = None
    account_type: AccountType | None = None
    detail: str = field(default="", repr=False)


class BankFiles(Protocol):
    """A format of a bank: orders out, reports in.

    It carries `currencies` to accounts of `kinds` in `countries`, an order of at most `most_minor` and a
    file of at most `most_total_minor`; its days are those of `zone`.
    """

    name: str
    suffix: str
    currencies: frozenset[str]
    kinds: frozenset[AccountKind]
    countries: frozenset[str]
    most_minor: int
    most_total_minor: int
    zone: ZoneInfo

    def days(self, now: datetime) -> tuple[date, date]:
        """When what is written now is carried out, and when it arrives."""
        ...

    def trace_id(self, reference: str, sequence: int) -> str:
        """What the banks will call that order."""
        ...

    def quiet_until(self, today: date) -> date | None:
        """The last day of arrival from which no bank may send money back any more, by the scheme's
        rules; None for a scheme whose banks say that they paid.
        """
        ...

    def write(self, batch: FileBatch) -> bytes:
        """The file; raises ValueError if it would not be a valid one."""
        ...

    def read_report(self, content: bytes) -> list[Reported]:
        """What a report says; raises InvalidRequest in words if it is not one, or not a whole one."""
        ...


_AGAIN = "Until then nothing is paid out to it."
CORRECTIONS: dict[Correction, tuple[FailureCode, Advice]] = {
    Correction.NUMBER: (
        FailureCode.INVALID_ACCOUNT_NUMBER,
        Advice(
            "Your bank took our transfer, and told us that this account has another number now.",
            f"Add the account again with the number on a new statement. {_AGAIN}",
        ),
    ),
    Correction.ROUTING: (
        FailureCode.BANK_OWNERSHIP_CHANGED,
        Advice(
            "Your bank took our transfer, and told us that this account has moved to another routing"
            " number.",
            f"Add the account again with the details on a new statement. {_AGAIN}",
        ),
    ),
    Correction.HOLDER: (
        FailureCode.INCORRECT_ACCOUNT_HOLDER_NAME,
        Advice(
            "Your bank took our transfer, and told us that it has another name for the holder of this"
            " account.",
            f"Add the account again with the holder's name as on its statements. {_AGAIN}",
        ),
    ),
}
