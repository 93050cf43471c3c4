"""What banks say of our orders by file: recorded, each fact once, and applied where it fits.

A report is applied whole or not at all. A fact that fits no order of ours, or contradicts what is known
of one, changes nothing and stays on a list until somebody has looked at it.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.domain.bank_files import Reported
from app.domain.errors import Conflict, InvalidRequest, NotFound
from app.domain.ids import new_id
from app.domain.states import FiledOrderStatus
from app.services.bank_corrections import correct_account
from app.services.deps import Deps
from app.services.file_order_rows import has_news, move_order
from app.store.bank_facts import BankFact, keep_fact, list_facts
from app.store.db import transaction
from app.store.payout_files import FileOrder, orders_of_file, take_turn, traced_orders

log = logging.getLogger(__name__)

Result = Literal["applied", "known", "unmatched", "contradicting", "not_about_payouts"]
_F = FiledOrderStatus
# What each answer of a bank may make of an order: one that was refused or sent back is not paid later.
TARGETS: dict[tuple[str, str], FiledOrderStatus] = {
    (_F.IN_FILE, "paid"): _F.PAID,
    (_F.IN_FILE, "refused"): _F.REFUSED,
    (_F.IN_FILE, "returned"): _F.RETURNED,
    (_F.PAID, "refused"): _F.RETURNED,
    (_F.PAID, "returned"): _F.RETURNED,
}
_BACK = (_F.REFUSED, _F.RETURNED)


@dataclass(slots=True)
class ReportResult:
    """What a report changed, and what in it somebody has to look at. `others` are facts that are not
    about payouts.
    """

    changed: int = 0
    unchanged: int = 0
    others: int = 0
    open_facts: list[str] = field(default_factory=list)


def apply_report(deps: Deps, rail: str, content: bytes) -> ReportResult:
    """Record what a bank's report says of our orders. Safe to repeat. Raises NotFound for a rail that
    is not set up and InvalidRequest, with nothing changed, for what is no whole report of it.
    """
    files = deps.bank_files.get(rail)
    if files is None:
        raise NotFound("rail by file", rail)
    # Corrections first: accounts are locked before what was sent to them, as everywhere.
    told = sorted(files.read_report(content), key=lambda one: one.outcome != "correction")
    result = ReportResult()
    seen: Counter[bytes] = Counter()
    with transaction() as session:
        take_turn(session, rail)
        for said in told:
            digest = _digest(rail, said, 0)
            seen[digest] += 1
            _take(session, deps, rail, said, _digest(rail, said, seen[digest]), result)
    for job in ("payouts", "deposits", "mails"):
        deps.queue.wake(job)
    counts = {"changed": result.changed, "open": len(result.open_facts)}
    log.info("bank_report.read", extra={"rail": rail, "facts": len(told), **counts})
    return result


def _digest(rail: str, said: Reported, count: int) -> bytes:
    """The same for the same fact in whatever file, and not for the second of two that look alike."""
    facts = [rail, said.outcome, said.message_id, said.reference, said.reason, said.key]
    facts += [str(said.amount), said.detail, str(count)]
    return hashlib.sha256(json.dumps(facts).encode()).digest()


def _take(
    session: Session, deps: Deps, rail: str, said: Reported, digest: bytes, result: ReportResult
) -> None:
    is_named = bool(said.reference or said.message_id)
    rows = _meant(session, rail, said) if is_named else []
    outcomes = [_settle(session, deps, row, said) for row in rows]
    result.changed += outcomes.count("applied")
    result.unchanged += outcomes.count("known")
    became = _worst(said, outcomes)
    result.others += became == "not_about_payouts"
    fact, is_new = keep_fact(session, _values(deps, rail, said, digest, became, rows))
    if not is_new and fact.result in ("unmatched", "not_about_payouts") and rows:
        # It was told before the order was known; now it is.
        fact.result = became
        if len(rows) == 1:
            fact.merchant_id, fact.payout_id = rows[0].merchant_id, rows[0].payout_id
    if fact.is_open:
        result.open_facts.append(describe(fact))


def _meant(session: Session, rail: str, said: Reported) -> list[FileOrder]:
    """The orders that it is about; none where file, order or amount do not fit."""
    if said.reference is None:
        rows = orders_of_file(session, rail, said.message_id)
        # What came back was in the bank's debit too, whichever of the two we read first.
        sums = [
            sum(row.amount_minor for row in rows if row.status not in out)
            for out in (_BACK, (_F.REFUSED,))
        ]
        return rows if said.amount is None or said.amount.amount_minor in sums else []
    rows = traced_orders(session, rail, said.reference, said.message_id)
    return [row for row in rows if said.amount in (None, row.amount)][:1]


def _settle(session: Session, deps: Deps, row: FileOrder, said: Reported) -> Result:
    if said.outcome == "other":
        return "contradicting"  # It names our order, and says what we do not understand.
    if said.outcome == "correction":
        return "applied" if correct_account(session, deps, row, said) else "known"
    target = TARGETS.get((row.status, said.outcome))
    if target is None:
        is_news = said.outcome == "paid" and row.status in _BACK and _is_later(said, row)
        return "contradicting" if is_news and said.reference else "known"
    now = deps.clock.now()
    row.outcome_at = said.at
    row.failure_code = said.code
    row.message = said.message[:300]
    move_order(session, row, target, now)
    has_news(session, row, now)
    return "applied"


def _is_later(said: Reported, row: FileOrder) -> bool:
    return row.outcome_at is None or said.at > row.outcome_at


def _worst(said: Reported, outcomes: Sequence[Result]) -> Result:
    """What became of a fact that may be about many orders."""
    for one in ("contradicting", "applied", "known"):
        if one in outcomes:
            return one
    return "not_about_payouts" if said.outcome == "other" else "unmatched"


def _values(
    deps: Deps,
    rail: str,
    said: Reported,
    digest: bytes,
    became: Result,
    rows: Sequence[FileOrder],
) -> dict[str, Any]:
    now = deps.clock.now()
    only = rows[0] if len(rows) == 1 else None
    return {
        "id": new_id("bf", now),
        "rail": rail,
        "digest": digest,
        "outcome": said.outcome,
        "message_id": said.message_id,
        "reference": said.reference,
        "amount_minor": said.amount.amount_minor if said.amount else None,
        "currency": said.amount.currency if said.amount else None,
        "reason": said.reason,
        "message": said.message[:300],
        "detail_sealed": deps.sealer.seal(said.detail) if said.detail else None,
        "said_at": said.at,
        "read_at": now,
        "result": became,
        "merchant_id": only.merchant_id if only else None,
        "payout_id": only.payout_id if only else None,
    }


def describe(fact: BankFact) -> str:
    """A fact in one line, without what is sealed."""
    what = fact.reference or fact.message_id or "no reference"
    amount = f" {fact.amount}" if fact.amount else ""
    why = {
        "unmatched": "fits no order of ours",
        "contradicting": "does not go with what we know of the order",
    }
    text = f": {fact.message}" if fact.message else ""
    return f"{fact.id}  {fact.said_at:%Y-%m-%d}  {fact.outcome} {what}{amount}{text}" + (
        f" ({why[fact.result]})" if fact.result in why else ""
    )


def facts(*, are_all: bool = False, limit: int = 200) -> list[BankFact]:
    """The facts that somebody has to look at; or the latest of all."""
    with transaction() as session:
        return list_facts(session, are_all=are_all, limit=limit)


def fact_detail(deps: Deps, fact_id: str) -> tuple[BankFact, str]:
    """A fact and what of it is sealed; raises NotFound."""
    with transaction() as session:
        fact = session.get(BankFact, fact_id)
    if fact is None:
        raise NotFound("bank fact", fact_id)
    return fact, deps.sealer.open(fact.detail_sealed) if fact.detail_sealed else ""


def close_fact(deps: Deps, fact_id: str, *, by: str, note: str) -> None:
    """Somebody has looked at it. Raises NotFound, Conflict for one that is not open, or InvalidRequest
    without a word of what was found.
    """
    if not note.strip() or not by.strip():
        raise InvalidRequest("Say who looked at it and what was found.", param="note")
    with transaction() as session:
        fact = session.get(BankFact, fact_id, with_for_update=True)
        if fact is None:
            raise NotFound("bank fact", fact_id)
        if not fact.is_open:
            raise Conflict("This is not open: it was applied, or somebody has closed it.")
        fact.closed_at, fact.closed_by, fact.note = deps.clock.now(), by, note.strip()[:500]
