"""The sandbox's bank, spoken in our words. For test accounts: nothing real moves.

One idempotency key per payout, so a repeated order is the same order there. What came back is
checked against what was asked before it is believed; whatever does not fit is Unknown.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

import requests

from app.domain.currencies import CURRENCIES
from app.domain.rails import (
    Absent,
    Accepted,
    AccountKind,
    FailureCode,
    Paid,
    PayoutOrder,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)

KEY = "bank_test_farthing"
MOST_BYTES = 100_000
CODES = {code.value: code for code in FailureCode}
# A bank's text fields take these signs; others are replaced, never refused.
_ODD = re.compile(r"[^A-Za-z0-9 .,'()/+:?-]")


class SandboxBankRail:
    """Transfers over the simulated bank's API."""

    name = "sandbox_bank"
    currencies = frozenset(CURRENCIES)
    kinds: frozenset[AccountKind] = frozenset({"iban", "us_account"})
    countries: frozenset[str] | None = None
    is_live = False

    def __init__(self, url: str, connect_seconds: float = 3.0, read_seconds: float = 10.0) -> None:
        self._url = f"{url.rstrip('/')}/bank/v1/transfers"
        self._timeout = (connect_seconds, read_seconds)

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Instruct the bank. Safe to repeat: it knows the order by its key."""
        answer = self._call(
            "POST", json=_instruction(order), headers={"Idempotency-Key": order.idempotency_key}
        )
        if isinstance(answer, Unknown):
            return answer
        return _outcome(answer, order)

    def query(self, order: PayoutOrder) -> RailOutcome:
        """What became of it. More than one transfer of a payout would be a bank's fault to look at."""
        answer = self._call("GET", params={"reference": order.payout_id})
        if isinstance(answer, Unknown):
            return answer
        found = answer.get("transfers")
        if not isinstance(found, list):
            return Unknown("the answer lists no transfers")
        if len(found) > 1:
            return Unknown(f"{len(found)} transfers carry this reference")
        if not found:
            return Absent()
        return _outcome(found[0], order)

    def _call(self, method: str, **options: Any) -> dict[str, Any] | Unknown:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        try:
            reply = requests.request(
                method,
                self._url,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                **options,
            )
            body = reply.json() if len(reply.content) <= MOST_BYTES else None
        except requests.RequestException as error:
            return Unknown(type(error).__name__)
        if not isinstance(body, dict) or reply.status_code != 200:
            return Unknown(f"HTTP {reply.status_code}")
        return body


def _instruction(order: PayoutOrder) -> dict[str, Any]:
    destination = order.destination
    return {
        "reference": order.payout_id,
        "amount": order.amount.amount_minor,
        "currency": order.amount.currency,
        "holder_name": destination.holder_name,
        "country": destination.country,
        "kind": destination.kind,
        "number": destination.number,
        "routing": destination.routing,
        "descriptor": _ODD.sub(" ", order.statement_descriptor)[:140],
    }


def _outcome(transfer: Any, order: PayoutOrder) -> RailOutcome:
    """A transfer in our words, if it is the one that was ordered."""
    try:
        if _facts(transfer) != (order.payout_id, order.amount.amount_minor, order.amount.currency):
            return Unknown("the transfer is not the one that was ordered")
        reader = READERS.get(transfer["status"])
        return reader(transfer) if reader else Unknown(f"status {str(transfer['status'])[:40]}")
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"unreadable transfer: {type(error).__name__}")


def _facts(transfer: Any) -> tuple[str, int, str]:
    return transfer["reference"], transfer["amount"], transfer["currency"]


def _accepted(transfer: Any) -> RailOutcome:
    day = transfer["arrival_date"]
    arrival = None if day is None else date.fromisoformat(day)
    return Accepted(_text(transfer["id"]), transfer["trace_id"], arrival)


def _paid(transfer: Any) -> RailOutcome:
    return Paid(_text(transfer["id"]), transfer["trace_id"], _moment(transfer["paid_at"]))


def _refused(transfer: Any) -> RailOutcome:
    return Refused(_code(transfer), str(transfer.get("message") or transfer["code"])[:200])


def _returned(transfer: Any) -> RailOutcome:
    return Returned(_text(transfer["id"]), _code(transfer), _moment(transfer["returned_at"]))


READERS = {"accepted": _accepted, "paid": _paid, "refused": _refused, "returned": _returned}


def _code(transfer: Any) -> FailureCode:
    """That it failed is certain even where its reason is new to us."""
    return CODES.get(transfer["code"], FailureCode.COULD_NOT_PROCESS)


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a reference")
    return value
