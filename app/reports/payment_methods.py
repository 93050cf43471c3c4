"""What a payment's page tells of its method: the account, and what can still become of the money.

Honest pending: when the bank's word is expected, what can still go wrong, and the last day on which the
money can be taken back. All of it follows from the method's own facts.
"""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from app.domain.bank_money import is_transfer
from app.domain.methods import CARD, DELAYED, method_of
from app.domain.states import PaymentStatus

_S = PaymentStatus


@dataclass(frozen=True, slots=True)
class Account:
    """What may be shown of what a payment was made with, besides cards."""

    title: str
    last4: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can still become of the money. `code` and `meaning` are the bank's, once it was taken back."""

    stage: str
    expected_on: date | None = None
    what_can_go_wrong: str = ""
    clawback_until: date | None = None
    rule: str = ""
    code: str = ""
    meaning: str = ""


_FACTS = (
    ("bank", "Bank"),
    ("country", "Country"),
    ("account_type", "Type"),
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
        facts=tuple((title, str(details[name])) for name, title in _FACTS if details.get(name)),
    )


def outlook_of(row: Any) -> Outlook | None:
    """What is still to come; None where nothing of the method's own is."""
    method = method_of(row.method)
    if row.status == _S.RETURNED:
        rule = method.return_rule(row.return_code or "")
        code = row.return_code or ""
        return Outlook("returned", code=code, meaning=rule.meaning if rule else "")
    if is_transfer(row.method) and row.status == _S.REQUIRES_ACTION:
        return Outlook("transfer", what_can_go_wrong=method.what_can_go_wrong, rule=method.dispute)
    if is_transfer(row.method) and row.status == _S.CAPTURED:
        return Outlook("booked", rule=method.dispute)
    if row.method not in DELAYED:
        return None
    if row.status == _S.PROCESSING and row.processor_reference is not None:
        expected = row.method_details.get("expected_on")
        return Outlook(
            "pending",
            expected_on=date.fromisoformat(expected) if expected else None,
            what_can_go_wrong=method.what_can_go_wrong,
            rule=method.dispute,
        )
    if row.status == _S.CAPTURED and row.captured_at is not None:
        booked = row.captured_at.astimezone(UTC).date()
        until = method.clawback_until(booked)
        return Outlook("booked", clawback_until=until, rule=method.dispute)
    return None
