"""What a payment's page tells of its method: the account, and what can still become of the money.

Honest pending: when the bank's word is expected, what can still go wrong, and the last day on which the
money can be taken back. All of it follows from the method's own facts.
"""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from app.domain.bank_money import is_transfer
from app.domain.methods import CARD, Flow, method_of
from app.domain.states import PaymentStatus

_S = PaymentStatus


@dataclass(frozen=True, slots=True)
class Account:
    """What may be shown of what a payment was made with, besides cards."""

    title: str
    last4: str
    is_provided: bool
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can still become of the money. `code` and `meaning` are the bank's, once it was taken back;
    `refund_until` is the last day on which it can be sent back.
    """

    stage: str
    expected_on: date | None = None
    what_can_go_wrong: str = ""
    clawback_until: date | None = None
    refund_until: date | None = None
    is_refund_over: bool = False
    rule: str = ""
    code: str = ""
    meaning: str = ""


_FACTS = (
    ("bank", "Bank"),
    ("country", "Country"),
    ("account_type", "Type"),
    ("name", "Payer"),
    ("email", "Payer's e-mail"),
    ("plan", "Plan"),
    ("transaction", "Transaction"),
    ("mandate", "Mandate"),
)


def account_of(row: Any) -> Account | None:
    """The account of a payment; None for cards."""
    if row.method == CARD:
        return None
    details = row.method_details
    return Account(
        title=method_of(row.method).title,
        last4=str(details.get("last4") or ""),
        is_provided=method_of(row.method).flow is Flow.REDIRECT,
        facts=tuple((title, _shown(name, details)) for name, title in _FACTS if details.get(name)),
    )


def _shown(name: str, details: dict[str, Any]) -> str:
    text = str(details[name])
    return text.replace("_", " ").capitalize() if name == "plan" else text


def outlook_of(row: Any, today: date) -> Outlook | None:
    """What is still to come; None where nothing of the method's own is."""
    method = method_of(row.method)
    if row.status == _S.RETURNED:
        rule = method.return_rule(row.return_code or "")
        code = row.return_code or ""
        return Outlook("returned", code=code, meaning=rule.meaning if rule else "")
    if is_transfer(row.method) and row.status == _S.REQUIRES_ACTION:
        return Outlook("transfer", what_can_go_wrong=method.what_can_go_wrong, rule=method.dispute)
    if method.flow is Flow.FIELDS:
        return None
    if row.status == _S.REQUIRES_ACTION and method.flow is Flow.REDIRECT:
        return Outlook("asked", what_can_go_wrong=method.what_can_go_wrong)
    if row.status == _S.PROCESSING and method.is_delayed and row.processor_reference is not None:
        expected = row.method_details.get("expected_on")
        return Outlook(
            "pending",
            expected_on=date.fromisoformat(expected) if expected else None,
            what_can_go_wrong=method.what_can_go_wrong,
            rule=method.dispute,
        )
    if row.status == _S.CAPTURED and row.captured_at is not None:
        booked = row.captured_at.astimezone(UTC).date()
        refund_until = method.refund.until(booked)
        return Outlook(
            "booked",
            clawback_until=method.clawback_until(booked),
            refund_until=refund_until,
            is_refund_over=refund_until is not None and today > refund_until,
            rule=method.dispute,
        )
    return None
