"""SEPA credit transfers: pain.001 files out, pain.002 status reports in.

The file is built by `sepaxml` and checked against ISO's schema before it is given out. What that
library makes up (ids, the time) is replaced by the batch's own, so that the same orders always make the
same bytes.
"""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError, try_valid_xml

from app.domain.errors import FarthingError, InvalidRequest
from app.domain.money import Money, from_units
from app.domain.rails import FailureCode, FileBatch, FileLine, Reported

SCHEMA = "pain.001.001.09"
NAMESPACE = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"
MOST_BYTES = 50_000_000
_SEPA = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL"
    " NO PL PT RO RS SE SI SK SM VA"
)
COUNTRIES = frozenset(_SEPA.split())
_F = FailureCode
REASONS = {
    "AC01": _F.INVALID_ACCOUNT_NUMBER,
    "AC04": _F.ACCOUNT_CLOSED,
    "AC06": _F.ACCOUNT_FROZEN,
    "AC13": _F.BANK_ACCOUNT_RESTRICTED,
    "AG01": _F.BANK_ACCOUNT_RESTRICTED,
    "AG02": _F.BANK_ACCOUNT_RESTRICTED,
    "AM03": _F.INVALID_CURRENCY,
    "AM04": _F.INSUFFICIENT_FUNDS,
    "BE01": _F.INCORRECT_ACCOUNT_HOLDER_NAME,
    "BE04": _F.INCORRECT_ACCOUNT_HOLDER_NAME,
    "MD07": _F.BANK_OWNERSHIP_CHANGED,
    "MS02": _F.DECLINED,
    "RC01": _F.INVALID_ACCOUNT_NUMBER,
}
# Settled; taken up or still looked at, which changes nothing; refused.
PAID = {"ACSC", "ACCC"}
UNDER_WAY = {"ACCP", "ACFC", "ACSP", "ACTC", "ACWC", "ACWP", "PART", "PATC", "PDNG", "PRES", "RCVD"}
REFUSED = {"RJCT", "CANC"}


class SepaFiles:
    """The files of one account of the operator's, at a bank in the SEPA."""

    name = "sepa"
    suffix = ".xml"

    def __init__(self, holder_name: str, iban: str, bic: str) -> None:
        self._config = {
            "name": holder_name,
            "IBAN": iban,
            "BIC": bic,
            "batch": True,
            "currency": "EUR",
        }

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
        """A pain.002 report of any version; raises InvalidRequest in words if it is not one."""
        report = _report(content)
        group = _find(report, "OrgnlGrpInfAndSts")
        message_id = _text(group, "OrgnlMsgId")
        if not message_id:
            raise InvalidRequest("This report does not say which file it is about.")
        at = _moment(_text(_find(report, "GrpHdr"), "CreDtTm"))
        told = [_of_order(tx, message_id, at) for tx in _every(report, "TxInfAndSts")]
        found = [one for one in told if one is not None]
        whole = _outcome(_text(group, "GrpSts"))
        if not told and whole is not None:
            code, message = _reason(group)
            found.append(Reported(message_id, None, whole, code, message, at))
        return found


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


def _report(content: bytes) -> ET.Element:
    # A report needs no document type, and one could ask for other files or grow without end.
    if len(content) > MOST_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InvalidRequest("This is too large, or not a plain XML file.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - Without a document type, see above.
    except ET.ParseError as error:
        raise InvalidRequest(f"This is not an XML file: {error}.") from None
    report = _find(root, "CstmrPmtStsRpt")
    if report is None:
        raise InvalidRequest("This is not a pain.002 status report.")
    return report


def _of_order(element: ET.Element, message_id: str, at: datetime) -> Reported | None:
    outcome, reference = _outcome(_text(element, "TxSts")), _text(element, "OrgnlEndToEndId")
    if outcome is None or not reference:
        return None
    code, message = _reason(element)
    return Reported(message_id, reference, outcome, code, message, at, _amount(element))


def _outcome(status: str) -> Literal["paid", "refused"] | None:
    """Paid or refused; None for what is under way, and for words that we do not know."""
    if status in PAID:
        return "paid"
    return "refused" if status in REFUSED else None


def _reason(element: ET.Element | None) -> tuple[FailureCode | None, str]:
    code = next((one.text or "" for one in _every(_find(element, "StsRsnInf"), "Cd")), "")
    more = next((one.text or "" for one in _every(_find(element, "StsRsnInf"), "AddtlInf")), "")
    if not code:
        return None, more
    return REASONS.get(code, FailureCode.COULD_NOT_PROCESS), f"{code} {more}".strip()


def _amount(element: ET.Element) -> Money | None:
    told = next(iter(_every(element, "InstdAmt")), None)
    if told is None:
        return None
    try:
        return from_units(Decimal(told.text or ""), told.get("Ccy", ""))
    except (FarthingError, InvalidOperation):
        raise InvalidRequest("This report has an amount that is none.") from None


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("This report does not say when it was made.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _every(element: ET.Element | None, name: str) -> list[ET.Element]:
    """Every element of that name below, whatever the report's version is."""
    return [] if element is None else [one for one in element.iter() if _local(one) == name]


def _find(element: ET.Element | None, name: str) -> ET.Element | None:
    """The child of that name."""
    children = [] if element is None else list(element)
    return next((one for one in children if _local(one) == name), None)


def _text(element: ET.Element | None, name: str) -> str:
    child = _find(element, name)
    return "" if child is None else (child.text or "").strip()
