"""Files for banks: orders are kept, gathered into a file once, handed out, and settled by reports.

A file is written in the unit that marks its orders, so a crash leaves both or neither, and one writer
at a time per rail leaves no order in two. Its message id follows from its orders: should the same
orders ever be written again, the bank would see the same message and refuse it.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.clock import Clock, add_business_days
from app.domain.errors import Conflict, NotFound
from app.domain.ids import new_id
from app.domain.ports import Sealer
from app.domain.rails import (
    BankFiles,
    FailureCode,
    FileBatch,
    FiledOrder,
    FileLine,
    PayoutOrder,
    Reported,
)
from app.domain.states import FILED_ORDER, FiledOrderStatus
from app.services.audit import SYSTEM
from app.services.bank_account_rows import write_event
from app.services.deps import Deps
from app.store.db import transaction
from app.store.payout_files import FileOrder, PayoutFile, orders_of_file, waiting_orders

log = logging.getLogger(__name__)

MOST_ORDERS = 5_000
CUT_OFF_HOUR = 13  # UTC; what is written later is executed on the next business day.
_F = FiledOrderStatus
# What each answer of a bank may make of an order: one that was refused or sent back is not paid later.
TARGETS: dict[tuple[str, str], FiledOrderStatus] = {
    (_F.IN_FILE, "paid"): _F.PAID,
    (_F.IN_FILE, "refused"): _F.REFUSED,
    (_F.PAID, "refused"): _F.RETURNED,
}


class KeptOrders:
    """The OrderBook of rails by file, over our own tables."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer, self._clock = sealer, clock

    def enter(self, rail: str, order: PayoutOrder, reference: str) -> FiledOrder:
        """Keep the order, or find it kept. Safe to repeat and at once: an order is kept once."""
        now = self._clock.now()
        with transaction() as session:
            made = session.execute(
                insert(FileOrder)
                .values(
                    merchant_id=order.merchant_id,
                    payout_id=order.payout_id,
                    rail=rail,
                    reference=reference,
                    amount_minor=order.amount.amount_minor,
                    currency=order.amount.currency,
                    fingerprint=self._mark(order),
                    line_sealed=self._sealer.seal(_line(order)),
                    status=FILED_ORDER.initial,
                    arrival_date=add_business_days(now.date(), 2),
                    created_at=now,
                )
                .on_conflict_do_nothing()
                .returning(FileOrder.reference)
            ).first()
            if made is not None:
                _note(session, order.merchant_id, order.payout_id, FILED_ORDER.created, now)
            row = session.get_one(FileOrder, (order.merchant_id, order.payout_id))
            return self._told(row, order)

    def find(self, order: PayoutOrder) -> FiledOrder | None:
        """The order as it stands, or None where it was never entered."""
        with transaction() as session:
            row = session.get(FileOrder, (order.merchant_id, order.payout_id))
            return None if row is None else self._told(row, order)

    def _mark(self, order: PayoutOrder) -> str:
        return self._sealer.fingerprint(f"{order.destination.routing}/{order.destination.number}")

    def _told(self, row: FileOrder, order: PayoutOrder) -> FiledOrder:
        return FiledOrder(
            reference=row.reference,
            status=row.status,
            arrival_date=row.arrival_date,
            trace_id=row.reference if row.file_id else None,
            code=FailureCode(row.failure_code) if row.failure_code else None,
            message=row.message,
            at=row.outcome_at,
            is_same=row.amount == order.amount and row.fingerprint == self._mark(order),
        )


def _line(order: PayoutOrder) -> str:
    return json.dumps(
        {
            "holder_name": order.destination.holder_name,
            "number": order.destination.number,
            "routing": order.destination.routing,
            "descriptor": order.statement_descriptor,
        }
    )


def write_due(deps: Deps) -> list[str]:
    """Write a file for each rail that has orders waiting; gives the files' ids. Safe to repeat."""
    made = []
    for name, files in deps.bank_files.items():
        try:
            file_id = _write(deps, name, files)
        except ValueError:
            # Nothing is written and no order is marked: an operator has to look at this rail.
            log.exception("payout_files.not_written", extra={"rail": name})
            continue
        if file_id is not None:
            made.append(file_id)
            log.info("payout_files.written", extra={"rail": name, "file": file_id})
    return made


def _write(deps: Deps, rail: str, files: BankFiles) -> str | None:
    now = deps.clock.now()
    with transaction() as session:
        orders = waiting_orders(session, rail, MOST_ORDERS)
        if not orders:
            return None
        batch = _batch(deps, rail, orders, now)
        content = files.write(batch)
        file = _file(deps, rail, files, batch, content)
        session.add(file)
        session.flush()  # The orders' foreign key needs the file.
        for row in orders:
            row.file_id = file.id
            _move(session, row, _F.IN_FILE, now)
            row.arrival_date = add_business_days(batch.execution_date, 1)
        return file.id


def _batch(deps: Deps, rail: str, orders: Sequence[FileOrder], now: datetime) -> FileBatch:
    told = "\n".join(sorted(row.reference for row in orders))
    digest = hashlib.sha256(f"{rail}\n{told}".encode()).hexdigest()
    lines = []
    for row in orders:
        said = json.loads(deps.sealer.open(row.line_sealed))
        lines.append(FileLine(reference=row.reference, amount=row.amount, **said))
    return FileBatch(f"FARTHING-{digest[:24]}", now, _execution_date(now), tuple(lines))


def _execution_date(now: datetime) -> date:
    day = now.date() if now.hour < CUT_OFF_HOUR else now.date() + timedelta(days=1)
    return day if day.weekday() < 5 else add_business_days(day, 1)


def _file(deps: Deps, rail: str, files: BankFiles, batch: FileBatch, content: bytes) -> PayoutFile:
    currency = batch.lines[0].amount.currency
    return PayoutFile(
        id=new_id("pf", batch.created_at),
        rail=rail,
        message_id=batch.message_id,
        file_name=f"{batch.message_id}{files.suffix}",
        content_sealed=deps.sealer.seal(content.decode()),
        content_hash=hashlib.sha256(content).digest(),
        currency=currency,
        order_count=len(batch.lines),
        total_minor=sum(line.amount.amount_minor for line in batch.lines),
        execution_date=batch.execution_date,
        created_at=batch.created_at,
        downloaded_at=None,
        downloads=0,
    )


def list_files(limit: int = 100) -> list[PayoutFile]:
    """The latest files, newest first."""
    with transaction() as session:
        query = select(PayoutFile).order_by(PayoutFile.created_at.desc()).limit(limit)
        return list(session.scalars(query))


def fetch_file(deps: Deps, file_id: str, *, is_again: bool = False) -> tuple[str, bytes]:
    """A file's name and bytes, and that it was fetched. Raises NotFound, or Conflict for one that was
    fetched before unless it is wanted again: a bank that is given a file twice may pay it twice.
    """
    with transaction() as session:
        file = session.get(PayoutFile, file_id, with_for_update=True)
        if file is None:
            raise NotFound("payout file", file_id)
        if file.downloaded_at is not None and not is_again:
            raise Conflict(
                f"This file was fetched on {file.downloaded_at:%d %B %Y at %H:%M} UTC. If the bank"
                " has it, do not send it again; if it was lost, fetch it with --again."
            )
        content = deps.sealer.open(file.content_sealed).encode()
        if hashlib.sha256(content).digest() != file.content_hash:
            raise Conflict("The stored file does not match its hash: do not send it.")
        file.downloaded_at = file.downloaded_at or deps.clock.now()
        file.downloads += 1
        return file.file_name, content


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What a report changed, and what in it fits nothing of ours."""

    changed: int
    unchanged: int
    unmatched: tuple[str, ...]


def apply_report(deps: Deps, rail: str, content: bytes) -> ReportResult:
    """Record what a bank's report says of our orders. Safe to repeat. Raises NotFound for a rail that
    is not set up and InvalidRequest for what is no report of it.
    """
    files = deps.bank_files.get(rail)
    if files is None:
        raise NotFound("rail by file", rail)
    changed = unchanged = 0
    unmatched: list[str] = []
    with transaction() as session:
        for said in files.read_report(content):
            rows = _meant(session, rail, said)
            if not rows:
                unmatched.append(f"{said.message_id}/{said.reference or 'all'}")
            for row in rows:
                is_new = _settle(session, row, said, deps.clock.now())
                changed += is_new
                unchanged += not is_new
    return ReportResult(changed, unchanged, tuple(unmatched))


def _meant(session: Session, rail: str, said: Reported) -> list[FileOrder]:
    """The orders that it is about; none where file, order or amount do not fit."""
    file = session.execute(
        select(PayoutFile).where(PayoutFile.rail == rail, PayoutFile.message_id == said.message_id)
    ).scalar_one_or_none()
    if file is None:
        return []
    rows = orders_of_file(session, file.id)
    if said.reference is None:
        return rows
    return [
        row for row in rows if row.reference == said.reference and said.amount in (None, row.amount)
    ]


def _settle(session: Session, row: FileOrder, said: Reported, now: datetime) -> bool:
    target = TARGETS.get((row.status, said.outcome))
    if target is None:
        return False
    _move(session, row, target, now)
    row.outcome_at = said.at
    row.failure_code = said.code
    row.message = said.message[:300]
    return True


def _move(session: Session, row: FileOrder, target: FiledOrderStatus, now: datetime) -> None:
    """Along the lifecycle, in the caller's unit."""
    event = FILED_ORDER.event(FiledOrderStatus(row.status), target)
    row.status = target
    _note(session, row.merchant_id, row.payout_id, event, now)


def _note(session: Session, merchant_id: str, payout_id: str, name: str, now: datetime) -> None:
    write_event(session, merchant_id, name, ("filed_order", payout_id), SYSTEM, now, {})
