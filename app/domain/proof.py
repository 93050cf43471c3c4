"""What is checked of a book: each seal against its journals, and every sum against its postings.

Plain Python, so that the check shares no query with what it checks. A `Tally` adds up what it is shown;
its size is that of the days and accounts of a book, however many journals there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from enum import StrEnum
from typing import Any

from app.domain.accounts import CHART, account_of
from app.domain.chain import LEAF_BYTES, SealedJournal, leaf_of, seal_hash
from app.domain.recipes import PENDING

Sides = tuple[int, int]
Account = tuple[str, str]
AccountDay = tuple[str, str, date]


class OffenceKind(StrEnum):
    """What an offender is."""

    JOURNAL = "journal"
    SEAL = "seal"
    ACCOUNT = "account"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class Offence:
    """The first thing that is wrong: what kind it is, its name, and a sentence for people."""

    kind: OffenceKind
    offender: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal as it is stored."""

    number: int
    from_seq: int
    to_seq: int
    journal_ids: Sequence[str]
    leaves: bytes
    previous: bytes
    hash: bytes

    def leaf(self, position: int) -> bytes:
        """The leaf of the journal at a position, counted from 0."""
        return self.leaves[position * LEAF_BYTES : (position + 1) * LEAF_BYTES]


@dataclass(frozen=True, slots=True)
class Edge:
    """Where the next seal must begin: after this seal, number and hash."""

    number: int
    seq: int
    hash: bytes


@dataclass(slots=True)
class Tally:
    """Sums of what was shown: by account and day as (debit, credit), and of pending money by day."""

    journals: int = 0
    postings: int = 0
    days: dict[AccountDay, Sides] = field(default_factory=dict)
    pending: dict[tuple[str, date], int] = field(default_factory=dict)

    def add(self, journal: SealedJournal) -> None:
        """Count one journal; its day is that of writing, in UTC."""
        day = journal.created_at.astimezone(UTC).date()
        self.journals += 1
        self.postings += len(journal.lines)
        for line in journal.lines:
            amount = line.amount_minor
            self._add_side((line.debit, line.currency, day), amount, 0)
            self._add_side((line.credit, line.currency, day), 0, amount)
            if PENDING in (line.debit, line.credit):
                key = (line.currency, line.available_on)
                sign = 1 if line.credit == PENDING else -1
                self.pending[key] = self.pending.get(key, 0) + sign * amount

    def _add_side(self, key: AccountDay, debit: int, credit: int) -> None:
        before = self.days.get(key, (0, 0))
        self.days[key] = (before[0] + debit, before[1] + credit)

    def totals(self) -> dict[Account, Sides]:
        """(debit, credit) of each account, over all days."""
        found: dict[Account, Sides] = {}
        for (code, currency, _), (debit, credit) in self.days.items():
            before = found.get((code, currency), (0, 0))
            found[code, currency] = (before[0] + debit, before[1] + credit)
        return found

    def to_json(self) -> dict[str, Any]:
        """As it is kept between two steps of a long check."""
        return {
            "days": [
                [c, cur, day.isoformat(), *sides] for (c, cur, day), sides in self.days.items()
            ],
            "pending": [[cur, day.isoformat(), net] for (cur, day), net in self.pending.items()],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any] | None, journals: int, postings: int) -> "Tally":
        """What `to_json` gave, with the counts that are kept beside it."""
        if kept is None:
            return cls(journals, postings)
        return cls(
            journals,
            postings,
            {(c, cur, date.fromisoformat(d)): (dr, cr) for c, cur, d, dr, cr in kept["days"]},
            {(cur, date.fromisoformat(day)): net for cur, day, net in kept["pending"]},
        )


def check_seal(edge: Edge, seal: Seal, journals: Sequence[SealedJournal]) -> Offence | None:
    """Whether a seal follows its edge and is over exactly these journals, as they are now."""
    return (
        _check_place(edge, seal)
        or _check_members(seal, [journal.id for journal in journals])
        or _check_leaves(seal, journals)
        or _check_hash(seal)
    )


def _check_place(edge: Edge, seal: Seal) -> Offence | None:
    if seal.number != edge.number + 1:
        return _of_seal(edge.number + 1, f"Seal {edge.number + 1} is missing.")
    if seal.from_seq != edge.seq:
        return _of_seal(
            seal.number, f"Seal {seal.number} does not begin where seal {edge.number} ends."
        )
    if seal.previous != edge.hash:
        return _of_seal(
            seal.number, f"Seal {seal.number} does not lean on the hash of seal {edge.number}."
        )
    return None


def _check_members(seal: Seal, found: Sequence[str]) -> Offence | None:
    sealed = list(seal.journal_ids)
    if found == sealed:
        return None
    known, present = set(sealed), set(found)
    for journal_id in found:
        if journal_id not in known:
            return _of_journal(
                journal_id,
                f"It stands among the journals of seal {seal.number}, which never had it.",
            )
    for journal_id in sealed:
        if journal_id not in present:
            return _of_journal(
                journal_id, f"It is in seal {seal.number}, and is gone from the book."
            )
    moved = next(one for one, other in zip(found, sealed, strict=False) if one != other)
    return _of_journal(moved, f"It stands at another place than in seal {seal.number}.")


def _check_leaves(seal: Seal, journals: Sequence[SealedJournal]) -> Offence | None:
    for position, journal in enumerate(journals):
        if leaf_of(journal) != seal.leaf(position):
            return _of_journal(
                journal.id,
                f"It is not what was sealed: it or one of its postings was changed after seal {seal.number}.",
            )
        if not journal.lines:
            return _of_journal(journal.id, "It has no postings.")
    return None


def _check_hash(seal: Seal) -> Offence | None:
    size = LEAF_BYTES
    leaves = [seal.leaves[at : at + size] for at in range(0, len(seal.leaves), size)]
    if seal_hash(seal.previous, seal.number, leaves) != seal.hash:
        return _of_seal(seal.number, f"The hash of seal {seal.number} is not that of its journals.")
    return None


def check_days(told: Mapping[AccountDay, Sides], tally: Tally) -> Offence | None:
    """Whether the stored sums by account and day are those of the sealed postings."""
    for key in _first_different(told, tally.days, (0, 0)):
        code, currency, day = key
        return Offence(
            OffenceKind.ACCOUNT,
            f"{code}/{currency}/{day}",
            f"The sums of {code} in {currency} on {day} are not those of its postings.",
        )
    return None


def check_pending(told: Mapping[tuple[str, date], int], tally: Tally) -> Offence | None:
    """Whether the stored sums of pending money by day are those of the sealed postings."""
    for currency, day in _first_different(told, tally.pending, 0):
        return Offence(
            OffenceKind.ACCOUNT,
            f"{PENDING}/{currency}/{day}",
            f"Pending money in {currency} for {day} is not the sum of its postings.",
        )
    return None


def check_balances(
    stored: Mapping[Account, int], totals: Mapping[Account, Sides]
) -> Offence | None:
    """Whether every stored balance is the sum of its postings, and none is missing."""
    summed = {
        key: balance_of(key[0], sides)
        for key, sides in totals.items()
        if account_of(key[0]).is_authorizing or key in stored
    }
    for code, currency in _first_different(stored, summed, 0):
        return Offence(
            OffenceKind.ACCOUNT,
            f"{code}/{currency}",
            f"The stored balance of {code} in {currency} is not the sum of its postings.",
        )
    return None


def check_accounts(totals: Mapping[Account, Sides]) -> Offence | None:
    """Whether every account is of the chart, and debits equal credits in each currency."""
    for code, currency in sorted(totals):
        if code.partition(":")[0] not in CHART:
            return Offence(
                OffenceKind.ACCOUNT,
                f"{code}/{currency}",
                f"{code} is not in the chart of accounts.",
            )
    for currency, (debit, credit) in sorted(by_currency(totals).items()):
        if debit != credit:
            return Offence(
                OffenceKind.BOOK, currency, f"Debits and credits in {currency} are not the same."
            )
    return None


def balance_of(code: str, sides: Sides) -> int:
    """A balance on the account's normal side."""
    debit, credit = sides
    return credit - debit if account_of(code).normal == "credit" else debit - credit


def by_currency(totals: Mapping[Account, Sides]) -> dict[str, Sides]:
    """(debit, credit) of each currency, over all accounts."""
    found: dict[str, Sides] = {}
    for (_, currency), (debit, credit) in totals.items():
        before = found.get(currency, (0, 0))
        found[currency] = (before[0] + debit, before[1] + credit)
    return found


def _first_different(
    told: Mapping[Any, Any], summed: Mapping[Any, Any], none: Any
) -> Iterable[Any]:
    keys = sorted(told.keys() | summed.keys())
    return (key for key in keys if told.get(key, none) != summed.get(key, none))


def _of_journal(journal_id: str, sentence: str) -> Offence:
    return Offence(OffenceKind.JOURNAL, journal_id, sentence)


def _of_seal(number: int, sentence: str) -> Offence:
    return Offence(OffenceKind.SEAL, str(number), sentence)
