"""What comes back in NACHA files: entries that a bank returned, and details that it corrected.

A file is read whole or not at all: each record at its place, each batch and the file as long and as much
as they say of themselves. Codes that are not about an order of ours are facts too, and told as such.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.adapters.rails.nacha_records import (
    BATCH_CONTROL,
    BATCH_HEADER,
    BLOCK,
    CHANGE,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    LENGTH,
    RETURN,
    is_credit,
    parsed,
)
from app.domain.bank_files import Correction, Reported
from app.domain.errors import InvalidRequest
from app.domain.money import Money
from app.domain.rails import AccountType, FailureCode

MOST_BYTES = 50_000_000
_F, _C = FailureCode, Correction
RETURNS = {
    "R01": _F.INSUFFICIENT_FUNDS,
    "R02": _F.ACCOUNT_CLOSED,
    "R03": _F.NO_ACCOUNT,
    "R04": _F.INVALID_ACCOUNT_NUMBER,
    "R05": _F.DEBIT_NOT_AUTHORIZED,
    "R07": _F.DEBIT_NOT_AUTHORIZED,
    "R08": _F.DEBIT_NOT_AUTHORIZED,
    "R09": _F.INSUFFICIENT_FUNDS,
    "R10": _F.DEBIT_NOT_AUTHORIZED,
    "R11": _F.DEBIT_NOT_AUTHORIZED,
    "R12": _F.BANK_OWNERSHIP_CHANGED,
    "R13": _F.BANK_OWNERSHIP_CHANGED,
    "R14": _F.BANK_ACCOUNT_RESTRICTED,
    "R15": _F.BANK_ACCOUNT_RESTRICTED,
    "R16": _F.ACCOUNT_FROZEN,
    "R17": _F.INVALID_ACCOUNT_NUMBER,
    "R20": _F.BANK_ACCOUNT_RESTRICTED,
    "R23": _F.DECLINED,
    "R29": _F.DEBIT_NOT_AUTHORIZED,
    "R34": _F.BANK_ACCOUNT_RESTRICTED,
}
# Banks dispute each other's returns under these; the money does not move by them.
DISPUTES = frozenset(f"R{number}" for number in range(61, 78))
CHANGES = {
    "C01": _C.NUMBER,
    "C02": _C.ROUTING,
    "C03": _C.ROUTING,
    "C04": _C.HOLDER,
    "C05": _C.ACCOUNT_TYPE,
    "C06": _C.NUMBER,
    "C07": _C.ROUTING,
}
_CODE = re.compile(r"[CR][0-9]{2}", re.ASCII)
ACCOUNT_TYPES: dict[str, AccountType] = {"2": "checking", "3": "savings"}


def read(content: bytes, zone: ZoneInfo) -> list[Reported]:
    """What the file tells, in its order; raises InvalidRequest naming the first line that is wrong."""
    number, reader = 0, _Reader(zone)
    try:
        for number, line in enumerate(_lines(content), start=1):  # noqa: B007 - Told of below.
            reader.take(line)
        reader.end()
    except ValueError as error:
        raise InvalidRequest(
            f"This is not a whole NACHA file, and nothing of it was taken: line {number}: {error}."
        ) from None
    return reader.told


def _lines(content: bytes) -> list[str]:
    if len(content) > MOST_BYTES or not content.isascii():
        raise InvalidRequest("This is too large, or not a plain ASCII file.")
    text = content.decode("ascii").strip("\r\n")
    lines = text.splitlines()
    if len(lines) == 1:
        lines = [text[at : at + LENGTH] for at in range(0, len(text), LENGTH)]
    # Some banks leave out the blanks at the end of a line.
    return [line.rstrip().ljust(LENGTH) for line in lines]


class _Reader:
    """Takes a file's records one by one; `state` is where in the file it is."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.told: list[Reported] = []
        self._zone = zone
        self._state = "file"
        self._at = datetime.min.replace(tzinfo=UTC)
        self._records = 0
        self._batch = _Sums()
        self._file = _Sums()
        self._batches = 0
        self._entry: dict[str, str] | None = None
        # What may come in each state, and who takes it.
        self._takers = {
            "file": {"1": self._file_header},
            "batches": {"5": self._batch_header, "9": self._file_control},
            "entries": {"6": self._take_entry, "7": self._addenda, "8": self._batch_control},
            "over": {"9": self._filler},
        }

    def take(self, line: str) -> None:
        """The next record; raises ValueError for one that is wrong or out of place."""
        if len(line) != LENGTH:
            raise ValueError(f"it has not {LENGTH} characters")
        taker = self._takers[self._state].get(line[0])
        if taker is None:
            raise ValueError(f"a record of type {line[0]!r} has no place here")
        self._records += 1
        taker(line)

    def end(self) -> None:
        """Nothing more comes; raises ValueError if something is missing."""
        if self._state != "over":
            raise ValueError("the file ends without its control record")

    def _file_header(self, line: str) -> None:
        header = parsed(FILE_HEADER, line)
        written = f"{header['date']}{header['time'] or '0000'}"
        here = datetime.strptime(written, "%y%m%d%H%M").replace(tzinfo=self._zone)
        self._at = here.astimezone(UTC)
        self._state = "batches"

    def _batch_header(self, line: str) -> None:
        parsed(BATCH_HEADER, line)
        self._batch, self._state = _Sums(), "entries"

    def _take_entry(self, line: str) -> None:
        self._finish_entry()
        entry = parsed(ENTRY, line)
        amount = int(entry["amount"])
        self._batch += _Sums(
            count=1,
            hash=int(entry["rdfi"]),
            debits=0 if is_credit(entry["transaction"]) else amount,
            credits=amount if is_credit(entry["transaction"]) else 0,
        )
        self._entry = entry

    def _addenda(self, line: str) -> None:
        self._batch += _Sums(count=1)
        if line[1:3] not in ("98", "99"):
            return  # What the sender told the receiver.
        if self._entry is None:
            raise ValueError("it belongs to no entry, or to one that was told of")
        layout, tell = (RETURN, _returned) if line[1:3] == "99" else (CHANGE, _changed)
        self.told.append(tell(self._entry, parsed(layout, line), self._at))
        self._entry = None

    def _finish_entry(self) -> None:
        """An entry that neither came back nor was corrected is no order of ours, but a fact."""
        if self._entry is not None:
            self.told.append(_other(self._entry, self._at))
        self._entry = None

    def _batch_control(self, line: str) -> None:
        self._finish_entry()
        self._batch.check(parsed(BATCH_CONTROL, line), "batch")
        self._file += self._batch
        self._batches += 1
        self._state = "batches"

    def _file_control(self, line: str) -> None:
        control = parsed(FILE_CONTROL, line)
        if int(control["batches"]) != self._batches:
            raise ValueError(f"the file has {self._batches} batches and says {control['batches']}")
        self._file.check(control, "file")
        if int(control["blocks"]) != -(-self._records // BLOCK):
            raise ValueError("the file is longer or shorter than it says")
        self._state = "over"

    def _filler(self, line: str) -> None:
        if line != FILLER:
            raise ValueError("something follows the control record of the file")


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a batch or a file comes to."""

    count: int = 0
    hash: int = 0
    debits: int = 0
    credits: int = 0

    def __add__(self, other: "_Sums") -> "_Sums":
        return _Sums(*(getattr(self, one) + getattr(other, one) for one in self.__slots__))

    def check(self, control: dict[str, str], what: str) -> None:
        """Raises ValueError where the control record says something else."""
        for name in self.__slots__:
            found, said = getattr(self, name), int(control[name])
            found = found % 10**10 if name == "hash" else found
            if found != said:
                raise ValueError(f"the {what} comes to {name} {found} and says {said}")


def _returned(entry: dict[str, str], addenda: dict[str, str], at: datetime) -> Reported:
    reason = addenda["reason"]
    if not _CODE.fullmatch(reason) or reason[0] != "R":
        raise ValueError(f"{reason!r} is no reason of a return")
    more = f"{reason} {addenda['information']}".strip()
    is_dispute = reason in DISPUTES
    return Reported(
        outcome="other" if is_dispute else "returned",
        at=at,
        reference=addenda["original_trace"],
        amount=Money(int(entry["amount"]), "USD"),
        code=None if is_dispute else RETURNS.get(reason, FailureCode.COULD_NOT_PROCESS),
        reason=reason,
        message=more,
        key=addenda["trace"],
    )


def _changed(entry: dict[str, str], addenda: dict[str, str], at: datetime) -> Reported:
    reason, corrected = addenda["reason"], addenda["corrected"]
    if not _CODE.fullmatch(reason) or reason[0] != "C":
        raise ValueError(f"{reason!r} is no reason of a change")
    if int(entry["amount"]):
        raise ValueError("a change moves no money")
    kind = CHANGES.get(reason, Correction.OTHER)
    account_type = ACCOUNT_TYPES.get(corrected[:1]) if kind is Correction.ACCOUNT_TYPE else None
    return Reported(
        outcome="correction",
        at=at,
        reference=addenda["original_trace"],
        reason=reason,
        message=reason,
        key=addenda["trace"],
        correction=kind,
        account_type=account_type,
        detail=corrected,
    )


def _other(entry: dict[str, str], at: datetime) -> Reported:
    return Reported(
        outcome="other",
        at=at,
        amount=Money(int(entry["amount"]), "USD"),
        message=f"an entry of kind {entry['transaction']} that is neither a return nor a change",
        key=entry["trace"],
        detail=f"{entry['name']} {entry['identification']}",
    )
