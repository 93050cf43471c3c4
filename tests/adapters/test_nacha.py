"""NACHA files: any payouts make a file that adds up and reads back to the cent; returns are read whole."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.rails.nacha import NachaFiles, Sender
from app.domain.bank_files import Correction, FileBatch, FileLine
from app.domain.errors import InvalidRequest
from app.domain.money import Money
from app.domain.rails import FailureCode
from tests.adapters import nacha_reader

FILES = NachaFiles(Sender("Farthing & Söhne Inc.", "1234567890", "091000019", "First Bank", "91"))
# A Friday evening in New York, and already Saturday in London.
EVENING = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)


def line(which: int = 1, **changes: Any) -> FileLine:
    base = {
        "reference": f"po-01kb6v3q8x4m2n7t5r9w0y1z{which:02}",
        "amount": Money(12550 + which, "USD"),
        "holder_name": "Wren & Söhne, Ltd.",
        "number": "000123456789",
        "routing": "110000000",
        "descriptor": "FARTHING WREN",
        "sequence": which,
    }
    return FileLine(**(base | changes))


def batch(*lines: FileLine, **changes: Any) -> FileBatch:
    made = FileBatch("FARTHING-0123456789abcdef", EVENING, date(2026, 12, 1), lines)
    return replace(made, **changes)


LINES = st.builds(
    FileLine,
    reference=st.from_regex(r"po-[0-9a-hjkmnp-tv-z]{26}", fullmatch=True),
    amount=st.integers(1, FILES.most_minor).map(lambda minor: Money(minor, "USD")),
    holder_name=st.text(max_size=70),
    number=st.from_regex(r"[0-9]{4,17}", fullmatch=True),
    routing=st.sampled_from(["110000000", "091000019", "999999992"]),
    descriptor=st.text(max_size=30),
    sequence=st.integers(1, 30_000_000),
    holder_type=st.sampled_from(["company", "individual"]),
    account_type=st.sampled_from(["checking", "savings"]),
    is_verification=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=25, unique_by=lambda one: one.sequence % 9_999_999))
def test_any_payouts_make_a_file_that_adds_up_and_reads_back_to_the_cent(
    lines: list[FileLine],
) -> None:
    lines.sort(key=lambda one: (one.sequence - 1) % 9_999_999)
    made = [replace(one, sequence=(one.sequence - 1) % 9_999_999 + 1) for one in lines]
    if sum(one.amount.amount_minor for one in made) > FILES.most_total_minor:
        with pytest.raises(ValueError, match="credits does not fit"):
            FILES.write(batch(*made))
        return

    found = nacha_reader.read(FILES.write(batch(*made)))

    back = {
        entry["trace"]: (
            int(entry["amount"]), entry["routing"], entry["account"].strip(), entry["code"],
            one.header["entry_class"], one.header["description"].strip(),
        )
        for one in found.batches for entry in one.entries
    }  # fmt: skip
    assert back == {
        f"09100001{one.sequence:07}": (
            one.amount.amount_minor, one.routing, one.number,
            "22" if one.account_type == "checking" else "32",
            "CCD" if one.holder_type == "company" else "PPD",
            "ACCTVERIFY" if one.is_verification else "PAYOUT",
        )
        for one in made
    }  # fmt: skip
    assert all(entry["name"].strip() for entry in found.entries)
    assert all(text.isupper() for text in found.lines if any(map(str.isalpha, text)))


def test_a_file_says_whose_it_is_and_when_it_was_made_where_its_bank_is() -> None:
    content = FILES.write(batch(line(1), line(2), number_today=27))
    found = nacha_reader.read(content)

    assert found.header == {
        "type": "101", "destination": " 091000019", "origin": "        91", "date": "261127",
        "time": "2030", "modifier": "1", "fixed": "094101", "bank": f"{'FIRST BANK':23}",
        "company": f"{'FARTHING & SOHNE INC.':23}",
    }  # fmt: skip
    [only] = found.batches
    assert only.header["company"] == "FARTHING & SOHNE"
    assert (only.header["effective"], only.header["odfi"]) == ("261201", "09100001")
    assert [entry["identification"] for entry in only.entries] == [
        "M2N7T5R9W0Y1Z01",
        "M2N7T5R9W0Y1Z02",
    ]
    assert only.entries[0]["name"] == "WREN & SOHNE, LTD.    "
    assert content == FILES.write(batch(line(1), line(2), number_today=27))
    assert FILES.trace_id("po-1", 9_999_999) == "091000019999999"
    assert FILES.trace_id("po-1", 10_000_000) == "091000010000001"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Money(100, "EUR")},
        {"amount": Money(10**10, "USD")},
        {"number": "123456789012345678"},
        {"number": "DE89 3704"},
        {"routing": "11000000"},
    ],
)
def test_what_would_not_be_valid_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"dollars|amount|number|account"):
        FILES.write(batch(line(1), line(2, **changes)))
    with pytest.raises(ValueError, match="36 files a day"):
        FILES.write(batch(line(1), number_today=36))


@pytest.mark.parametrize(
    "written, arrives",
    [
        ("2026-11-24T17:59", "2026-11-25"),
        ("2026-11-24T18:00", "2026-11-27"),
        ("2026-11-27T12:00", "2026-11-30"),
        ("2026-11-28T01:30", "2026-12-01"),
    ],
)
def test_money_arrives_on_the_next_banking_day(written: str, arrives: str) -> None:
    day = date.fromisoformat(arrives)

    assert FILES.days(datetime.fromisoformat(written).replace(tzinfo=UTC)) == (day, day)


def returned(*entries: tuple[str, str, int, str], kind: str = "CCD") -> bytes:
    """A file of a bank's: of each entry its trace number, the bank's code, the amount, what is added."""
    lines = [
        "1011234567890 0910000192612010830A094101FARTHING               FIRST BANK             "
    ]
    lines.append(f"5200{'FARTHING':36}1234567890{kind}PAYOUT          261201   1091000010000001")
    total = 0
    for number, (trace, code, minor, more) in enumerate(entries, start=1):
        own = f"11000000{number:07}"
        lines.append(f"621110000000{'000123456789':17}{minor:010}{'':15}{'WREN':22}  1{own}")
        tail = f"{more:44}" if code[0] == "R" else f"{more:29}{'':15}"
        lines.append(f"7{99 if code[0] == 'R' else 98}{code}{trace:15}{'':6}11000000{tail}{own}")
        total += minor
    sums = f"{11000000 * len(entries):010}{0:012}{total:012}"
    lines.append(f"8200{2 * len(entries):06}{sums}1234567890{'':25}091000010000001")
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(f"9000001{blocks:06}{2 * len(entries):08}{sums}{'':39}")
    lines += ["9" * 94] * (-len(lines) % 10)
    return "".join(f"{one:94}\n" for one in lines).encode()


TRACE = "091000010000007"


def test_returns_are_read_with_reason_amount_and_trace() -> None:
    told = FILES.read_report(
        returned(
            (TRACE, "R03", 12551, "NO SUCH ACCOUNT"),
            ("091000010000008", "R99", 7, ""),
            ("091000010000009", "R68", 5, ""),
        )
    )

    assert [(one.outcome, one.reference, one.amount, one.code) for one in told] == [
        ("returned", TRACE, Money(12551, "USD"), FailureCode.NO_ACCOUNT),
        ("returned", "091000010000008", Money(7, "USD"), FailureCode.COULD_NOT_PROCESS),
        ("other", "091000010000009", Money(5, "USD"), None),
    ]
    assert told[0].message == "R03 NO SUCH ACCOUNT"
    assert told[0].at == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
    assert len({one.key for one in told}) == 3


def test_notifications_of_change_are_read_without_showing_a_number() -> None:
    told = FILES.read_report(
        returned(
            (TRACE, "C01", 0, "1918171614"),
            (TRACE, "C05", 0, "32"),
            (TRACE, "C13", 0, ""),
            kind="COR",
        )
    )

    assert [(one.outcome, one.correction, one.account_type) for one in told] == [
        ("correction", Correction.NUMBER, None),
        ("correction", Correction.ACCOUNT_TYPE, "savings"),
        ("correction", Correction.OTHER, None),
    ]
    assert told[0].detail == "1918171614"
    assert "1918171614" not in repr(told)


WHOLE = returned((TRACE, "R03", 12551, ""))


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "ends without its control"),
        (b"<Document/>", "line 1"),
        (WHOLE.replace(b"0000012551", b"0000012552", 1), "the batch comes to credits 12552"),
        (WHOLE.replace(b"8200000002", b"8200000003"), "the batch comes to count 2"),
        (WHOLE.replace(b"0011000000", b"0011000001", 1), "the batch comes to hash"),
        (WHOLE.replace(b"9000001", b"9000002"), "1 batches and says 000002"),
        (WHOLE.replace(b"9000001000001", b"9000001000002"), "longer or shorter"),
        (b"\n".join(WHOLE.split(b"\n")[:4]), "ends without its control"),
        (WHOLE.replace(b"799R03", b"799X03"), "is no reason of a return"),
        (WHOLE + b"101 MORE", "has no place here"),
        (WHOLE.replace(b"\n62", b"\n52"), "has no place here"),
        (returned((TRACE, "C01", 5, "1")), "a change moves no money"),
        (WHOLE.replace(b"261201083", b"26120108x"), "line 1"),
        (WHOLE.replace(b"WREN", "WRËN".encode()), "plain ASCII"),
    ],
)
def test_what_is_not_whole_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        FILES.read_report(content)


def test_lines_may_lack_their_last_blanks_or_their_ends() -> None:
    told = FILES.read_report(WHOLE)

    assert FILES.read_report(b"\r\n".join(one.rstrip() for one in WHOLE.split(b"\n"))) == told
    assert FILES.read_report(WHOLE.replace(b"\n", b"")) == told
    # What we wrote ourselves holds no news of an order, and is told as that.
    own = FILES.read_report(FILES.write(batch(line(1), line(2))))
    assert [one.outcome for one in own] == ["other", "other"]
