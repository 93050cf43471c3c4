"""Files for banks: orders are kept, gathered into a file once, handed out, and settled by reports.

A file is written in the unit that marks its orders, so a crash leaves both or neither, and one writer
at a time per rail leaves no order in two. Its message id follows from its orders: should the same
orders ever be written again, the bank would see the same message and refuse it.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.domain.bank_days import bank_days_after
from app.domain.bank_files import BankFiles, FileBatch, FiledOrder, FileLine
from app.domain.clock import Clock
from app.domain.errors import Conflict, NotFound
from app.domain.ids import new_id
from app.domain.ports import Sealer
from app.domain.rails import FailureCode, PayoutOrder
from app.domain.states import FILED_ORDER, FiledOrderStatus
from app.services.deps import Deps
from app.services.file_order_rows import has_news, move_order, note_order
from app.store.db import transaction
from app.store.payout_files import (
    FileOrder,
    PayoutFile,
    files_of_day,
    last_sequence,
    take_turn,
    unanswered_orders,
    waiting_orders,
)

log = logging.getLogger(__name__)

MOST_ORDERS = 5_000
NO_NEWS = "No bank sent it back in time."
_F = FiledOrderStatus


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
                    arrival_date=bank_days_after(now.date(), 2),
                    created_at=now,
                )
                .on_conflict_do_nothing()
                .returning(FileOrder.reference)
            ).first()
            if made is not None:
                note_order(session, order.merchant_id, order.payout_id, FILED_ORDER.created, now)
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
            trace_id=row.trace_id,
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
            "holder_type": order.destination.holder_type,
            "account_type": order.destination.account_type,
            "is_verification": order.is_verification,
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
        take_turn(session, rail)
        orders = _fitting(waiting_orders(session, rail, MOST_ORDERS), files)
        if not orders:
            return None
        for sequence, row in enumerate(orders, start=last_sequence(session, rail) + 1):
            row.sequence, row.trace_id = sequence, files.trace_id(row.reference, sequence)
        execution_date, arrival_date = files.days(now)
        day = now.astimezone(files.zone).date()
        batch = FileBatch(
            _message_id(rail, orders),
            now,
            execution_date,
            tuple(_opened(deps, row) for row in orders),
            files_of_day(session, rail, day),
        )
        file = _file(deps, rail, files, batch, files.write(batch))
        file.file_day = day
        session.add(file)
        session.flush()
        for row in orders:
            row.file_id = file.id
            move_order(session, row, _F.IN_FILE, now)
            row.arrival_date = arrival_date
        return file.id


def _fitting(orders: Sequence[FileOrder], files: BankFiles) -> list[FileOrder]:
    """As many of the oldest orders as one file can hold; the others wait for the next."""
    totals = accumulate(row.amount_minor for row in orders)
    pairs = zip(orders, totals, strict=True)
    return [row for row, total in pairs if total <= files.most_total_minor]


def _message_id(rail: str, orders: Sequence[FileOrder]) -> str:
    told = "\n".join(sorted(row.reference for row in orders))
    digest = hashlib.sha256(f"{rail}\n{told}".encode()).hexdigest()
    return f"FARTHING-{digest[:24]}"


def _opened(deps: Deps, row: FileOrder) -> FileLine:
    said = json.loads(deps.sealer.open(row.line_sealed))
    return FileLine(reference=row.reference, amount=row.amount, sequence=row.sequence or 0, **said)


def _file(deps: Deps, rail: str, files: BankFiles, batch: FileBatch, content: bytes) -> PayoutFile:
    return PayoutFile(
        id=new_id("pf", batch.created_at),
        rail=rail,
        message_id=batch.message_id,
        file_name=f"{batch.message_id}{files.suffix}",
        content_sealed=deps.sealer.seal(content.decode()),
        content_hash=hashlib.sha256(content).digest(),
        currency=batch.lines[0].amount.currency,
        order_count=len(batch.lines),
        total_minor=sum(line.amount.amount_minor for line in batch.lines),
        execution_date=batch.execution_date,
        day_number=batch.number_today,
        created_at=batch.created_at,
        downloaded_at=None,
        downloads=0,
    )


def settle_silent(deps: Deps) -> int:
    """Take orders as paid that no bank may send back any more, where banks say nothing else; gives how
    many. Safe to repeat.
    """
    count = 0
    now = deps.clock.now()
    for rail, files in deps.bank_files.items():
        until = files.quiet_until(now.astimezone(files.zone).date())
        if until is None:
            continue
        with transaction() as session:
            take_turn(session, rail)
            for row in unanswered_orders(session, rail, until, MOST_ORDERS):
                row.outcome_at, row.message = now, NO_NEWS
                move_order(session, row, _F.PAID, now)
                has_news(session, row, now)
                count += 1
    if count:
        deps.queue.wake("payouts")
        deps.queue.wake("deposits")
    return count


def warn_unfetched(deps: Deps) -> int:
    """Say in the log which files nobody has fetched for a day: what is in them does not arrive."""
    with transaction() as session:
        query = select(PayoutFile).where(
            PayoutFile.downloaded_at.is_(None),
            PayoutFile.created_at < deps.clock.now() - timedelta(days=1),
        )
        forgotten = list(session.scalars(query.order_by(PayoutFile.created_at).limit(100)))
    for file in forgotten:
        log.error("payout_files.not_fetched", extra={"rail": file.rail, "file": file.id})
    return len(forgotten)


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
