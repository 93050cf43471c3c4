"""The records of NACHA files: 94 characters each, every field at its place.

A layout is data, and one pair of functions writes and reads them all. Numbers stand to the right with
noughts before them, text to the left with blanks after it. A value that does not fit is an error, never
cut off: half an account number is another account. Only names are shortened.
"""

import re
from collections.abc import Mapping, Sequence

from text_unidecode import unidecode

LENGTH = 94
BLOCK = 10
FILLER = "9" * LENGTH
# A field: its name, its length, and whether it holds digits, text, or what is always the same.
Layout = tuple[tuple[str, int, str], ...]

FILE_HEADER: Layout = (
    ("type", 1, "=1"), ("priority", 2, "=01"), ("destination", 10, "text"),
    ("origin", 10, "text"), ("date", 6, "digits"), ("time", 4, "text"), ("modifier", 1, "text"),
    ("record_size", 3, "=094"), ("blocking", 2, "=10"), ("format", 1, "=1"),
    ("destination_name", 23, "text"), ("origin_name", 23, "text"), ("reference", 8, "text"),
)  # fmt: skip
BATCH_HEADER: Layout = (
    ("type", 1, "=5"), ("service_class", 3, "digits"), ("company_name", 16, "text"),
    ("discretionary", 20, "text"), ("company_id", 10, "text"), ("entry_class", 3, "text"),
    ("description", 10, "text"), ("descriptive_date", 6, "text"), ("effective_date", 6, "text"),
    ("settlement_day", 3, "text"), ("originator_status", 1, "text"), ("odfi", 8, "digits"),
    ("batch", 7, "digits"),
)  # fmt: skip
ENTRY: Layout = (
    ("type", 1, "=6"), ("transaction", 2, "digits"), ("rdfi", 8, "digits"),
    ("check_digit", 1, "digits"), ("account", 17, "text"), ("amount", 10, "digits"),
    ("identification", 15, "text"), ("name", 22, "text"), ("discretionary", 2, "text"),
    ("has_addenda", 1, "digits"), ("trace", 15, "digits"),
)  # fmt: skip
RETURN: Layout = (
    ("type", 1, "=7"), ("kind", 2, "=99"), ("reason", 3, "text"), ("original_trace", 15, "text"),
    ("date_of_death", 6, "text"), ("original_rdfi", 8, "text"), ("information", 44, "text"),
    ("trace", 15, "text"),
)  # fmt: skip
CHANGE: Layout = (
    ("type", 1, "=7"), ("kind", 2, "=98"), ("reason", 3, "text"), ("original_trace", 15, "text"),
    ("reserved", 6, "text"), ("original_rdfi", 8, "text"), ("corrected", 29, "text"),
    ("more", 15, "text"), ("trace", 15, "text"),
)  # fmt: skip
BATCH_CONTROL: Layout = (
    ("type", 1, "=8"), ("service_class", 3, "digits"), ("count", 6, "digits"),
    ("hash", 10, "digits"), ("debits", 12, "digits"), ("credits", 12, "digits"),
    ("company_id", 10, "text"), ("authentication", 19, "text"), ("reserved", 6, "text"),
    ("odfi", 8, "digits"), ("batch", 7, "digits"),
)  # fmt: skip
FILE_CONTROL: Layout = (
    ("type", 1, "=9"), ("batches", 6, "digits"), ("blocks", 6, "digits"), ("count", 8, "digits"),
    ("hash", 10, "digits"), ("debits", 12, "digits"), ("credits", 12, "digits"),
    ("reserved", 39, "text"),
)  # fmt: skip
_ODD = re.compile(r"[^A-Z0-9 .,&'/()-]+", re.ASCII)


def plain(text: str, length: int) -> str:
    """A name in the signs that every bank takes: upper-case ASCII, shortened to what fits."""
    return " ".join(_ODD.sub(" ", unidecode(text).upper()).split())[:length].strip()


def written(layout: Layout, values: Mapping[str, str | int]) -> str:
    """The record; raises ValueError for a value that does not fit or belongs to no field."""
    unknown = values.keys() - {name for name, _, _ in layout}
    if unknown:
        raise ValueError(f"no such fields: {', '.join(sorted(unknown))}")
    return "".join(_field(field, values.get(field[0], "")) for field in layout)


def _field(field: tuple[str, int, str], value: str | int) -> str:
    name, length, kind = field
    if kind.startswith("="):
        return kind[1:]
    text = str(value)
    if kind == "digits":
        text = text.rjust(length, "0")
        is_good = text.isascii() and text.isdigit()
    else:
        text = text.ljust(length)
        is_good = text.isascii() and text.isprintable()
    if not is_good or len(text) != length:
        # Said without the value: it may be an account number.
        raise ValueError(f"{name} does not fit into {length} {kind}")
    return text


def parsed(layout: Layout, record: str) -> dict[str, str]:
    """The record's fields, without the blanks around them; raises ValueError naming a wrong one."""
    values, at = {}, 0
    for name, length, kind in layout:
        part = record[at : at + length]
        at += length
        if kind.startswith("=") and part != kind[1:]:
            raise ValueError(f"{name} is not {kind[1:]}")
        if kind == "digits" and not part.isdigit():
            raise ValueError(f"{name} is no number")
        values[name] = part.strip()
    return values


def entry_hash(numbers: Sequence[str]) -> int:
    """The sum of the banks' eight digits, of which the last ten places count."""
    return sum(int(number) for number in numbers) % 10**10


def is_credit(transaction: str) -> bool:
    """Whether an entry of this code counts among the credits: 21 to 24, and so on; debits are 26 to 29."""
    return transaction[-1] in "01234"
