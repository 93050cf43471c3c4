"""SEPA credit transfers: pain.001 files out; what comes in is read by `sepa_reports`.

The file is built by `sepaxml` and checked against ISO's schema before it is given out. What that
library makes up (ids, the time) is replaced by the batch's own, so that the same orders always make the
same bytes.
"""

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError, try_valid_xml

from app.adapters.rails import sepa_reports
from app.domain.bank_days import Calendar, bank_days_after, is_bank_day
from app.domain.bank_files import FileBatch, FileLine, Reported
from app.domain.rails import AccountKind

SCHEMA = "pain.001.001.09"
NAMESPACE = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"
_SEPA = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL"
    " NO PL PT RO RS SE SI SK SM VA"
)
COUNTRIES = frozenset(_SEPA.split())
CUT_OFF_HOUR = 13  # UTC; what is written later is executed on the next business day.


class SepaFiles:
    """The files of one account of the operator's, at a bank in the SEPA."""

    name = "sepa"
    suffix = ".xml"
    currencies = frozenset({"EUR"})
    kinds: frozenset[AccountKind] = frozenset({"iban"})
    countries = COUNTRIES
    most_minor = 99_999_999_999
    most_total_minor = 10**17
    zone = ZoneInfo("UTC")

    def __init__(self, holder_name: str, iban: str, bic: str) -> None:
        self._config = {
            "name": holder_name,
            "IBAN": iban,
            "BIC": bic,
            "batch": True,
            "currency": "EUR",
        }

    def days(self, now: datetime) -> tuple[date, date]:
        """It is carried out on this business day, the next one after the cut-off, and arrives on the
        one after that.
        """
        day = now.date() if now.hour < CUT_OFF_HOUR else now.date() + timedelta(days=1)
        if not is_bank_day(day, Calendar.TARGET):
            day = bank_days_after(day, 1, Calendar.TARGET)
        return day, bank_days_after(day, 1, Calendar.TARGET)

    def trace_id(self, reference: str, sequence: int) -> str:  # noqa: ARG002 - Other schemes need it.
        """The end-to-end id, which is our reference."""
        return reference

    def quiet_until(self, today: date) -> date | None:  # noqa: ARG002 - Other schemes need it.
        """Silence says nothing: banks report what was paid."""
        return None

    def write(self, batch: FileBatch) -> bytes:
        """A pain.001 file; raises ValueError if it would not be a valid one."""
        transfer = SepaTransfer(dict(self._config), schema=SCHEMA, clean=True)
        for line in batch.lines:
            transfer.add_payment(_payment(line, batch))
        root = ET.fromstring(transfer.export(validate=False))  # noqa: S314 - Our own text.
        _put(root, "GrpHdr/MsgId", batch.message_id)
        _put(root, "GrpHdr/CreDtTm", f"{batch.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
        _put(root, "PmtInf/PmtInfId", batch.message_id)
        ET.register_namespace("", NAMESPACE[1:-1])
        content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        try:
            try_valid_xml(content, SCHEMA)
        except ValidationError as error:
            raise ValueError(f"not a valid {SCHEMA}") from error
        return content

    def read_report(self, content: bytes) -> list[Reported]:
        """What a bank's report, return or account notification says; raises InvalidRequest in words."""
        return sepa_reports.read(content)


def _payment(line: FileLine, batch: FileBatch) -> dict[str, object]:
    if line.amount.currency != "EUR":
        raise ValueError("SEPA carries euros")
    payment: dict[str, object] = {
        "name": line.holder_name,
        "IBAN": line.number,
        "amount": line.amount.amount_minor,
        "execution_date": batch.execution_date,
        "description": line.descriptor or line.reference,
        "endtoend_id": line.reference,
    }
    return payment | ({"BIC": line.routing} if line.routing else {})


def _put(root: ET.Element, path: str, text: str) -> None:
    """Set the text of the one element at the path."""
    steps = "/".join(f"{NAMESPACE}{step}" for step in ("CstmrCdtTrfInitn", *path.split("/")))
    [element] = root.findall(steps)
    element.text = text
