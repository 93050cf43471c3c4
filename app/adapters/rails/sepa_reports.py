"""What banks write back about SEPA transfers: status reports, returns, and movements of our account.

pain.002 and pacs.002 say what became of orders, pacs.004 that money came back, and camt.054 and camt.053
what was booked on our account. Each of any version. An order is known by its end-to-end id, which is
our reference; only a pain.002 report speaks of whole files of ours.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from app.adapters.rails import iso_xml as xml
from app.adapters.rails.iso_xml import Element
from app.domain.bank_files import Reported
from app.domain.errors import InvalidRequest
from app.domain.rails import FailureCode

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
# What a bank writes where a payer gave no id.
NO_REFERENCE = ("", "NOTPROVIDED")
# What our references and our files' names begin with, on an account that sees other payments too.
OUR_ORDERS = ("po-", "md-")
OUR_FILES = "FARTHING-"


def read(content: bytes) -> list[Reported]:
    """What the message says; raises InvalidRequest in words if it is none of those that we read."""
    message = xml.message(content)
    reader = READERS.get(xml.local(message))
    if reader is None:
        raise InvalidRequest(
            f"We read no messages of this kind ({xml.local(message)[:40]}), but pain.002, pacs.002,"
            " pacs.004, camt.053 and camt.054."
        )
    return list(reader(message, xml.moment(xml.text(message, "GrpHdr/CreDtTm"))))


def _status_report(message: Element, at: datetime) -> Iterator[Reported]:
    """pain.002: of the orders of a file of ours, or of the file as a whole."""
    group = xml.find(message, "OrgnlGrpInfAndSts")
    message_id = xml.text(group, "OrgnlMsgId")
    if not message_id:
        raise InvalidRequest("This report does not say which file it is about.")
    told = xml.every(message, "TxInfAndSts")
    yield from _statuses(told, message_id, at)
    # Our files hold one batch, so what is said of the batch is said of the file.
    batch = xml.find(message, "OrgnlPmtInfAndSts")
    for element, status in (
        (batch, xml.text(batch, "PmtInfSts")),
        (group, xml.text(group, "GrpSts")),
    ):
        if told or not status or status in UNDER_WAY:
            continue
        code, reason, more = _reason(element, "StsRsnInf")
        whole = _outcome(status)
        # A word that we do not know ends nothing, but is kept for people to look at.
        yield Reported(
            whole or "other", at, message_id, code=code, reason=reason or status, message=more
        )
        return


def _bank_status(message: Element, at: datetime) -> Iterator[Reported]:
    """pacs.002, between banks: the message that it is about is the bank's own."""
    yield from _statuses(xml.every(message, "TxInfAndSts"), "", at)


def _statuses(told: list[Element], message_id: str, at: datetime) -> Iterator[Reported]:
    for one in told:
        status, reference = xml.text(one, "TxSts"), _known(xml.text(one, "OrgnlEndToEndId"))
        if status in UNDER_WAY:
            continue
        code, reason, more = _reason(one, "StsRsnInf")
        # A word that we do not know ends nothing, but is kept for people to look at.
        known = _outcome(status) if reference else None
        yield Reported(
            known or "other",
            at,
            message_id,
            reference,
            xml.amount(one, "OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt"),
            code,
            reason,
            more if known else f"status {status[:40]} {more}".strip(),
            key=xml.text(one, "StsId"),
        )


def _outcome(status: str) -> Literal["paid", "refused"] | None:
    """Paid or refused; None for what is under way, and for words that we do not know."""
    if status in PAID:
        return "paid"
    return "refused" if status in REFUSED else None


def _reason(element: Element | None, name: str) -> tuple[FailureCode | None, str, str]:
    """Why, in our words and in the bank's."""
    given = xml.find(element, name)
    code = xml.text(given, "Rsn/Cd") or xml.text(given, "Rsn/Prtry")
    more = " ".join((one.text or "").strip() for one in xml.children(given, "AddtlInf"))
    if not code:
        return None, "", more
    return REASONS.get(code, FailureCode.COULD_NOT_PROCESS), code, f"{code} {more}".strip()


def _returns(message: Element, at: datetime) -> Iterator[Reported]:
    """pacs.004: money that came back. Raises InvalidRequest for one that is not whole."""
    told = xml.children(message, "TxInf")
    said = xml.text(message, "GrpHdr/NbOfTxs")
    if said != str(len(told)):
        raise InvalidRequest(f"This message has {len(told)} returns and says {said or 'nothing'}.")
    for one in told:
        code, reason, more = _reason(one, "RtrRsnInf")
        yield Reported(
            "returned",
            at,
            reference=_known(xml.text(one, "OrgnlEndToEndId")),
            # What came back, not what was sent: a bank that kept some of it is for people to look at.
            amount=xml.amount(one, "RtrdIntrBkSttlmAmt"),
            code=code or FailureCode.COULD_NOT_PROCESS,
            reason=reason,
            message=more,
            key=xml.text(one, "RtrId"),
        )


def _movements(message: Element, at: datetime) -> Iterator[Reported]:
    """camt.053 and camt.054: what was booked on our account; what is only expected is no fact yet."""
    for name in ("Ntfctn", "Stmt"):
        for report in xml.children(message, name):
            for entry in xml.children(report, "Ntry"):
                if "BOOK" in (xml.text(entry, "Sts"), xml.text(entry, "Sts/Cd")):
                    yield from _entry(entry, at)


def _entry(entry: Element, at: datetime) -> Iterator[Reported]:
    """One booking: of each of its transactions, or of a whole file of ours that was booked as one."""
    details = xml.every(entry, "TxDtls")
    file_id = next((one.text or "" for one in xml.every(entry, "PmtInfId")), "")
    if file_id.startswith(OUR_FILES) and not any(_reference(one) for one in details):
        yield _booked(entry, entry, at, file_id=file_id)
        return
    for one in details or [entry]:
        yield _booked(entry, one, at, is_alone=len(details) < 2)


def _booked(
    entry: Element, detail: Element, at: datetime, *, file_id: str = "", is_alone: bool = True
) -> Reported:
    reference, is_back = _reference(detail), _is_back(entry, detail)
    # What others call their payments is no claim to be one of ours.
    is_ours = reference.startswith(OUR_ORDERS) or bool(file_id)
    code, reason, more = _reason(detail, "RtrInf")
    money = xml.amount(detail, "Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")
    return Reported(
        _kind(entry, is_back=is_back) if is_ours else "other",
        at,
        file_id,
        reference or None,
        xml.amount(entry, "Amt") if money is None and is_alone else money,
        code or (FailureCode.COULD_NOT_PROCESS if is_back else None),
        reason,
        more,
        key=xml.text(detail, "Refs/AcctSvcrRef") or xml.text(entry, "AcctSvcrRef"),
        detail=_who(detail),
    )


def _is_back(entry: Element, detail: Element) -> bool:
    """Whether the booking undoes another one: banks have three ways to say so."""
    families = {one.text for one in xml.every(entry, "SubFmlyCd")}
    is_returned = xml.find(detail, "RtrInf") is not None or "RRTN" in families
    return is_returned or xml.text(entry, "RvslInd") == "true"


def _kind(entry: Element, *, is_back: bool) -> Literal["paid", "returned", "other"]:
    """Money that left for an order of ours, or came back from one; nothing else is news of it."""
    is_debit = xml.text(entry, "CdtDbtInd") == "DBIT"
    if is_debit is is_back:
        return "other"
    return "paid" if is_debit else "returned"


def _reference(detail: Element) -> str:
    return _known(xml.text(detail, "Refs/EndToEndId")) or ""


def _known(reference: str) -> str | None:
    return None if reference in NO_REFERENCE else reference


def _who(detail: Element) -> str:
    """Who paid, and what for: to be looked at by people."""
    found = [one for name in ("Nm", "Ustrd") for one in xml.every(detail, name)]
    return " ".join((one.text or "").strip() for one in found)[:500]


Reader = Callable[[Element, datetime], Iterator[Reported]]
READERS: dict[str, Reader] = {
    "CstmrPmtStsRpt": _status_report,
    "FIToFIPmtStsRpt": _bank_status,
    "PmtRtr": _returns,
    "BkToCstmrDbtCdtNtfctn": _movements,
    "BkToCstmrStmt": _movements,
}
