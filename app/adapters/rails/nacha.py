"""NACHA files: payouts in dollars to American accounts, as credits that the operator's bank sends out.

Written by ourselves, since the libraries that exist number the entries of each file from one: a bank
sends an entry back under its trace number, so each of ours has a number of its own for ever. What a file
says of itself (counts, sums, hash) is computed from the very records in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from app.adapters.rails import nacha_returns
from app.adapters.rails.nacha_records import (
    BATCH_CONTROL,
    BATCH_HEADER,
    BLOCK,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    FILLER,
    entry_hash,
    plain,
    written,
)
from app.domain.bank_days import Calendar, bank_days_after
from app.domain.bank_files import FileBatch, FileLine, Reported
from app.domain.rails import AccountKind, AccountType, HolderType

CREDITS_ONLY = 220
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
ENTRY_CLASSES: dict[HolderType, str] = {"company": "CCD", "individual": "PPD"}
TRANSACTIONS: dict[AccountType, int] = {"checking": 22, "savings": 32}
# The name that the scheme's rules demand for small amounts that only prove an account.
DESCRIPTIONS = {True: "ACCTVERIFY", False: "PAYOUT"}
MOST_SEQUENCE = 9_999_999
# In New York: later the bank would send the file out on the next day.
CUT_OFF = time(13)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose file it is: what the operator's bank gave them. `routing` is the bank's nine digits."""

    company_name: str
    company_id: str
    routing: str
    bank_name: str
    origin: str


class NachaFiles:
    """The files of one company at its bank."""

    name = "nacha"
    suffix = ".ach"
    currencies = frozenset({"USD"})
    kinds: frozenset[AccountKind] = frozenset({"us_account"})
    countries = frozenset({"US"})
    most_minor = 10**10 - 1
    most_total_minor = 10**12 - 1
    zone = ZoneInfo("America/New_York")

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def days(self, now: datetime) -> tuple[date, date]:
        """It is carried out, and arrives, on the next banking day; one later after the cut-off."""
        here = now.astimezone(self.zone)
        day = bank_days_after(here.date(), 1 if here.time() < CUT_OFF else 2, Calendar.FEDERAL)
        return day, day

    def trace_id(self, reference: str, sequence: int) -> str:  # noqa: ARG002 - Other schemes need it.
        """The trace number: our bank's eight digits, and seven of our own."""
        return f"{self._sender.routing[:8]}{_short(sequence):07}"

    def quiet_until(self, today: date) -> date | None:
        """A bank sends back within two banking days; one more is left for its file to reach us."""
        return bank_days_after(today, -4, Calendar.FEDERAL)

    def write(self, batch: FileBatch) -> bytes:
        """The file; raises ValueError if it would not be a valid one."""
        if batch.number_today >= len(MODIFIERS):
            raise ValueError(f"no more than {len(MODIFIERS)} files a day")
        records = [written(FILE_HEADER, self._file_header(batch))]
        controls = []
        ordered = sorted(batch.lines, key=lambda line: (*_kind(line), line.sequence))
        for number, (kind, lines) in enumerate(groupby(ordered, key=_kind), start=1):
            entries = [self._entry(line) for line in lines]
            control = self._totals(entries) | {"batch": number}
            header = self._batch_header(kind, batch.execution_date) | {"batch": number}
            records.append(written(BATCH_HEADER, header))
            records += [written(ENTRY, entry) for entry in entries]
            records.append(written(BATCH_CONTROL, control))
            controls.append(control)
        records.append(written(FILE_CONTROL, _file_control(controls, len(records) + 1)))
        records += [FILLER] * (-len(records) % BLOCK)
        return "".join(f"{record}\n" for record in records).encode("ascii")

    def read_report(self, content: bytes) -> list[Reported]:
        """The returns and notifications of change of a file; raises InvalidRequest."""
        return nacha_returns.read(content, self.zone)

    def _file_header(self, batch: FileBatch) -> dict[str, str | int]:
        here = batch.created_at.astimezone(self.zone)
        return {
            "destination": f" {self._sender.routing}",
            "origin": self._sender.origin.rjust(10),
            "date": f"{here:%y%m%d}",
            "time": f"{here:%H%M}",
            "modifier": MODIFIERS[batch.number_today],
            "destination_name": plain(self._sender.bank_name, 23),
            "origin_name": plain(self._sender.company_name, 23),
        }

    def _batch_header(self, kind: tuple[str, str], day: date) -> dict[str, str | int]:
        description, entry_class = kind
        return {
            "service_class": CREDITS_ONLY,
            "company_name": plain(self._sender.company_name, 16),
            "company_id": self._sender.company_id,
            "entry_class": entry_class,
            "description": description,
            "effective_date": f"{day:%y%m%d}",
            "originator_status": "1",
            "odfi": self._sender.routing[:8],
        }

    def _entry(self, line: FileLine) -> dict[str, str | int]:
        if line.amount.currency != "USD" or line.amount.amount_minor <= 0:
            raise ValueError("NACHA files carry dollars")
        if not (line.number.isascii() and line.number.isalnum()) or len(line.routing) != 9:
            raise ValueError("not the number of an American account")
        return {
            "transaction": TRANSACTIONS[line.account_type],
            "rdfi": line.routing[:8],
            "check_digit": line.routing[8],
            "account": line.number,
            "amount": line.amount.amount_minor,
            # The end of our id: the beginning is the time, and the same for all orders of a second.
            "identification": plain(line.reference, 100)[-15:],
            "name": plain(line.holder_name, 22) or "ACCOUNT HOLDER",
            "has_addenda": 0,
            "trace": self.trace_id(line.reference, line.sequence),
        }

    def _totals(self, entries: list[dict[str, str | int]]) -> dict[str, str | int]:
        return {
            "service_class": CREDITS_ONLY,
            "count": len(entries),
            "hash": entry_hash([str(entry["rdfi"]) for entry in entries]),
            "debits": 0,
            "credits": _sum(entries, "amount"),
            "company_id": self._sender.company_id,
            "odfi": self._sender.routing[:8],
        }


def _kind(line: FileLine) -> tuple[str, str]:
    """What the entries of one batch have in common."""
    return DESCRIPTIONS[line.is_verification], ENTRY_CLASSES[line.holder_type]


def _short(sequence: int) -> int:
    """Seven digits, never nought: after ten million orders they begin anew."""
    return (sequence - 1) % MOST_SEQUENCE + 1


def _file_control(controls: list[dict[str, str | int]], records: int) -> dict[str, str | int]:
    return {
        "batches": len(controls),
        "blocks": -(-records // BLOCK),
        "count": _sum(controls, "count"),
        "hash": _sum(controls, "hash") % 10**10,
        "debits": 0,
        "credits": _sum(controls, "credits"),
    }


def _sum(records: Iterable[dict[str, str | int]], name: str) -> int:
    return sum(int(record[name]) for record in records)
