"""What banks write back about SEPA transfers, read for what it says and for nothing more."""

from datetime import UTC, datetime

import pytest

from app.adapters.rails.sepa_reports import read
from app.domain.bank_files import Reported
from app.domain.errors import InvalidRequest
from app.domain.rails import FailureCode
from tests.adapters.iso_messages import (
    PACS,
    details,
    entry,
    gone_back,
    notification,
    payment_return,
)
from tests.adapters.test_sepa import of


def short(told: list[Reported]) -> list[tuple[object, ...]]:
    return [
        (one.outcome, one.reference or one.message_id, str(one.amount), one.code) for one in told
    ]


def test_a_status_between_banks_tells_of_orders_and_of_no_file_of_ours() -> None:
    content = f"""<Document xmlns="{PACS}.002.001.12"><FIToFIPmtStsRpt>
      <GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-12-01T06:00:00Z</CreDtTm></GrpHdr>
      <OrgnlGrpInfAndSts><OrgnlMsgId>THEIRS</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>
      {of("po-1", "RJCT", "AC01", "5.00")}{of("po-2", "ACCC")}{of("NOTPROVIDED", "RJCT", "MS03")}
    </FIToFIPmtStsRpt></Document>"""

    assert short(read(content.encode())) == [
        ("refused", "po-1", "EUR 5.00", FailureCode.INVALID_ACCOUNT_NUMBER),
        ("paid", "po-2", "None", None),
        ("other", "", "None", FailureCode.COULD_NOT_PROCESS),
    ]


def test_returns_are_told_with_amount_and_reason() -> None:
    told = read(payment_return(gone_back("po-1", "12.34"), gone_back("po-2", "1.00", "MS03")))

    assert short(told) == [
        ("returned", "po-1", "EUR 12.34", FailureCode.ACCOUNT_CLOSED),
        ("returned", "po-2", "EUR 1.00", FailureCode.COULD_NOT_PROCESS),
    ]
    assert (told[0].key, told[0].at) == ("RTR-po-1", datetime(2026, 12, 1, 6, tzinfo=UTC))


@pytest.mark.parametrize("kind", ["053", "054"])
def test_bookings_of_our_account_are_told_by_order_or_by_file(kind: str) -> None:
    told = read(
        notification(
            entry("12.34", "DBIT", details("po-1")),
            entry("3.00", "DBIT", details("po-2", amount="1.00"), details("po-3", amount="2.00")),
            entry("12.34", "CRDT", details("po-1", code="AC06")),
            entry("99.00", "DBIT", details(file_id="FARTHING-1")),
            entry("50.00", "CRDT", details("NOTPROVIDED", text="Invoice 7"), key="K5"),
            # Who pays us with a reference of ours has not sent a payout back.
            entry("12.34", "CRDT", details("po-1")),
            entry("7.00", "DBIT", details("po-4"), status="PDNG"),
            # Others' payments over the same account are no claims to be ours.
            entry("8.00", "DBIT", details("SALARY-11"), details(text="Rent")),
            entry("9.00", "CRDT", details("SALARY-11", code="AC04")),
            kind=kind,
        )
    )

    assert short(told) == [
        ("paid", "po-1", "EUR 12.34", None),
        ("paid", "po-2", "EUR 1.00", None),
        ("paid", "po-3", "EUR 2.00", None),
        ("returned", "po-1", "EUR 12.34", FailureCode.ACCOUNT_FROZEN),
        ("paid", "FARTHING-1", "EUR 99.00", None),
        ("other", "", "EUR 50.00", None),
        ("other", "po-1", "EUR 12.34", None),
        ("other", "SALARY-11", "None", None),
        ("other", "", "None", None),
        ("other", "SALARY-11", "EUR 9.00", FailureCode.ACCOUNT_CLOSED),
    ]
    assert (told[5].key, told[5].detail) == ("K5", "Invoice 7")
    assert told[0].at == datetime(2026, 12, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("mark", ["<RvslInd>true</RvslInd>", "<SubFmlyCd>RRTN</SubFmlyCd>"])
def test_a_reversed_debit_is_a_return_whatever_the_bank_calls_it(mark: str) -> None:
    booked = entry("1.00", "CRDT", details("po-1")).replace("<Sts>", f"{mark}<Sts>")

    [told] = read(notification(booked))
    assert (told.outcome, told.code) == ("returned", FailureCode.COULD_NOT_PROCESS)


@pytest.mark.parametrize(
    "content, why",
    [
        (payment_return(gone_back("po-1", "1.00"), count=2), "1 returns and says 2"),
        (payment_return(gone_back("po-1", "one")), "an amount that is none"),
        (notification(entry("1.234", "DBIT", details("po-1"))), "an amount that is none"),
        (notification().replace(b"CreDtTm", b"Made"), "when it was made"),
        (payment_return().replace(b"PmtRtr", b"PmtCxl"), "no messages of this kind"),
        (notification()[:-9], "not an XML file"),
        (notification().decode().replace("UTF-8", "utf-16").encode("utf-16"), "plain XML file"),
    ],
)
def test_what_is_not_whole_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why):
        read(content)
