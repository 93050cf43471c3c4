"""SEPA files: the same orders make the same valid bytes, and reports are read for what they say."""

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from typing import Any

import pytest
import xmlschema

from app.adapters.rails.sepa import SCHEMA, SepaFiles
from app.domain.bank_files import FileBatch, FileLine
from app.domain.errors import InvalidRequest
from app.domain.money import Money
from app.domain.rails import FailureCode

FILES = SepaFiles("Farthing GmbH", "DE89370400440532013000", "COBADEFFXXX")
NS = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}


def line(which: int = 1, **changes: Any) -> FileLine:
    base = {
        "reference": f"po-{which}",
        "amount": Money(12550 + which, "EUR"),
        "holder_name": "Wren & Söhne <GmbH>",
        "number": "AT611904300234573201",
        "routing": "",
        "descriptor": "FARTHING WREN",
    }
    return FileLine(**(base | changes))


def batch(*lines: FileLine) -> FileBatch:
    return FileBatch(
        "FARTHING-0123456789abcdef",
        datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
        date(2026, 11, 27),
        lines,
    )


def _root(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - Our own file.


def read(content: bytes, path: str) -> list[str]:
    return [one.text or "" for one in _root(content).findall(f".//{path}", NS)]


def test_a_file_holds_every_order_to_the_cent_and_is_valid() -> None:
    content = FILES.write(batch(line(1), line(2, routing="BKAUATWWXXX"), line(3)))

    import sepaxml  # noqa: PLC0415 - only to find the schema that it ships

    folder = sepaxml.__path__[0]
    xmlschema.XMLSchema(f"{folder}/schemas/{SCHEMA}.xsd").validate(content.decode())
    assert read(content, "p:InstdAmt") == ["125.51", "125.52", "125.53"]
    assert read(content, "p:EndToEndId") == ["po-1", "po-2", "po-3"]
    assert read(content, "p:GrpHdr/p:CtrlSum") == ["376.56"]
    assert read(content, "p:GrpHdr/p:NbOfTxs") == ["3"]
    assert read(content, "p:GrpHdr/p:MsgId") == ["FARTHING-0123456789abcdef"]
    assert read(content, "p:GrpHdr/p:CreDtTm") == ["2026-11-27T09:30:00Z"]
    assert read(content, "p:ReqdExctnDt/p:Dt") == ["2026-11-27"]
    assert read(content, "p:DbtrAcct/p:Id/p:IBAN") == ["DE89370400440532013000"]
    assert read(content, "p:CdtrAcct/p:Id/p:IBAN") == ["AT611904300234573201"] * 3
    assert read(content, "p:CdtrAgt/p:FinInstnId/p:BICFI") == ["BKAUATWWXXX"]
    assert read(content, "p:Cdtr/p:Nm") == ["Wren & Sohne <GmbH>"] * 3
    assert read(content, "p:Ustrd") == ["FARTHING WREN"] * 3


def test_the_same_orders_make_the_same_bytes() -> None:
    assert FILES.write(batch(line(1), line(2))) == FILES.write(batch(line(1), line(2)))


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "not an iban"},
        {"reference": "x" * 36},
        {"amount": Money(100, "USD")},
        {"holder_name": ""},
    ],
)
def test_what_would_not_be_valid_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"valid|euros"):
        FILES.write(batch(line(1), line(2, **changes)))


def report(*transactions: str, group: str = "", version: str = "10") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
      <GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-28T06:00:00Z</CreDtTm></GrpHdr>
      <OrgnlGrpInfAndSts><OrgnlMsgId>M1</OrgnlMsgId><OrgnlMsgNmId>{SCHEMA}</OrgnlMsgNmId>{group}
      </OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts><OrgnlPmtInfId>M1</OrgnlPmtInfId>{"".join(transactions)}</OrgnlPmtInfAndSts>
    </CstmrPmtStsRpt></Document>""".encode()


def of(reference: str, status: str, code: str = "", amount: str = "") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    told = f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"{why}{told if amount else ''}</TxInfAndSts>"
    )


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_a_report_tells_of_each_order(version: str) -> None:
    content = report(
        of("po-1", "ACSC", amount="125.51"),
        of("po-2", "RJCT", "AC04", "125.52"),
        of("po-3", "RJCT", "ZZ99"),
        of("po-4", "ACSP"),
        of("po-5", "NEWS"),
        version=version,
    )

    told = FILES.read_report(content)

    assert [(one.reference, one.outcome, one.code) for one in told] == [
        ("po-1", "paid", None),
        ("po-2", "refused", FailureCode.ACCOUNT_CLOSED),
        ("po-3", "refused", FailureCode.COULD_NOT_PROCESS),
        ("po-5", "other", None),
    ]
    assert {one.message_id for one in told} == {"M1"}
    assert told[0].amount == Money(12551, "EUR")
    assert told[0].at == datetime(2026, 11, 28, 6, tzinfo=UTC)


def test_a_file_that_was_refused_whole_is_told_of_whole() -> None:
    [told] = FILES.read_report(
        report(group="<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>")
    )

    assert (told.reference, told.outcome) == (None, "refused")
    assert told.code is FailureCode.INSUFFICIENT_FUNDS


def test_what_is_said_of_our_only_batch_is_said_of_the_file() -> None:
    why = "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>"
    batch = f"<PmtInfSts>RJCT</PmtInfSts>{why}"
    for group in ("", "<GrpSts>PART</GrpSts>"):
        [told] = FILES.read_report(report(batch, group=group))
        assert (told.reference, told.outcome) == (None, "refused")
        assert told.code is FailureCode.INSUFFICIENT_FUNDS
    [told] = FILES.read_report(report(group="<GrpSts>NEWS</GrpSts>"))
    assert (told.outcome, told.reason) == ("other", "NEWS")


def test_a_file_that_is_still_looked_at_changes_nothing() -> None:
    assert FILES.read_report(report(group="<GrpSts>ACTC</GrpSts>")) == []
    # What is said of the whole is not said of orders that are told of one by one.
    assert FILES.read_report(report(of("po-1", "PDNG"), group="<GrpSts>RJCT</GrpSts>")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"<Document/>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document/>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE x [<!ENTITY a 'b'>]><x/>".encode(
            "utf-16"
        ),
        b"<?xml version='1.0' encoding='no-such'?><Document/>",
        b"<Document><CstmrDrctDbtInitn/></Document>",
        report(of("po-1", "ACSC", amount="12,5")),
        report(of("po-1", "ACSC")).replace(b"2026-11-28T06:00:00Z", b"yesterday"),
        report(of("po-1", "ACSC")).replace(b"M1", b""),
    ],
)
def test_what_is_no_report_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        FILES.read_report(content)

    assert refused.value.message
