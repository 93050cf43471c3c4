"""A reader of NACHA files by the columns of the published layout, and nothing of ours: the second opinion."""

from dataclasses import dataclass, field
from typing import Any


def _cut(line: str, **columns: tuple[int, int]) -> dict[str, str]:
    """Fields by their first and last column, which the layout counts from 1."""
    return {name: line[first - 1 : last] for name, (first, last) in columns.items()}


@dataclass
class Batch:
    """A batch, with what it says of itself."""

    header: dict[str, str]
    entries: list[dict[str, str]] = field(default_factory=list)
    control: dict[str, str] = field(default_factory=dict)


@dataclass
class File:
    """A file, with what it says of itself."""

    header: dict[str, str]
    batches: list[Batch] = field(default_factory=list)
    control: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def entries(self) -> list[dict[str, str]]:
        """Every entry of every batch."""
        return [entry for batch in self.batches for entry in batch.entries]


def read(content: bytes) -> File:
    """The file, whose sums are compared with what it says."""
    lines = content.decode("ascii").split("\n")
    assert lines.pop() == ""
    assert {len(line) for line in lines} == {94}
    assert len(lines) % 10 == 0
    found = File(
        _cut(lines[0], type=(1, 3), destination=(4, 13), origin=(14, 23), date=(24, 29),
             time=(30, 33), modifier=(34, 34), fixed=(35, 40), bank=(41, 63), company=(64, 86))
    )  # fmt: skip
    found.lines = lines
    for line in lines[1:]:
        READERS[line[0]](found, line)
    _compare(found)
    return found


def _batch(found: File, line: str) -> None:
    found.batches.append(Batch(_cut(
        line, service=(2, 4), company=(5, 20), company_id=(41, 50), entry_class=(51, 53),
        description=(54, 63), effective=(70, 75), settlement=(76, 78), status=(79, 79),
        odfi=(80, 87), number=(88, 94),
    )))  # fmt: skip


def _entry(found: File, line: str) -> None:
    found.batches[-1].entries.append(_cut(
        line, code=(2, 3), routing=(4, 12), account=(13, 29), amount=(30, 39),
        identification=(40, 54), name=(55, 76), addenda=(79, 79), trace=(80, 94),
    ))  # fmt: skip


def _batch_control(found: File, line: str) -> None:
    found.batches[-1].control = _cut(
        line, service=(2, 4), count=(5, 10), hash=(11, 20), debits=(21, 32), credits=(33, 44),
        company_id=(45, 54), odfi=(80, 87), number=(88, 94),
    )  # fmt: skip


def _end(found: File, line: str) -> None:
    if found.control:
        assert line == "9" * 94
        return
    found.control = _cut(
        line, batches=(2, 7), blocks=(8, 13), count=(14, 21), hash=(22, 31), debits=(32, 43),
        credits=(44, 55),
    )  # fmt: skip


READERS = {"5": _batch, "6": _entry, "8": _batch_control, "9": _end}


def _compare(found: File) -> None:
    for number, batch in enumerate(found.batches, start=1):
        assert int(batch.header["number"]) == int(batch.control["number"]) == number
        assert batch.header["service"] == batch.control["service"] == "220"
        traces = [entry["trace"] for entry in batch.entries]
        assert traces == sorted(set(traces))
        _add_up(batch.control, batch.entries)
    _add_up(found.control, found.entries)
    assert int(found.control["batches"]) == len(found.batches)
    assert int(found.control["blocks"]) * 10 == len(found.lines)


def _add_up(control: dict[str, str], entries: list[dict[str, Any]]) -> None:
    assert int(control["count"]) == len(entries)
    assert int(control["credits"]) == sum(int(entry["amount"]) for entry in entries)
    assert int(control["debits"]) == 0
    routings = sum(int(entry["routing"][:8]) for entry in entries)
    assert control["hash"] == str(routings).zfill(10)[-10:]
