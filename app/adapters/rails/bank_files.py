"""Rails by file: an order is kept until a file is written, and its outcome comes back by a report.

Keeping is a unit of work on our own database, so an order that was kept is known for good: asking
after it never needs the bank.
"""

from app.domain.bank_files import BankFiles, FiledOrder, OrderBook
from app.domain.rails import (
    Absent,
    Accepted,
    FailureCode,
    Paid,
    PayoutOrder,
    RailOutcome,
    Refused,
    Returned,
    Unknown,
)


def reference_of(payout_id: str) -> str:
    """Our id in the signs that every bank takes: `po_01jd…` as `po-01jd…`."""
    return payout_id.replace("_", "-")


class FileRail:
    """A rail whose orders wait for the next file of that format."""

    is_live = True

    def __init__(self, files: BankFiles, book: OrderBook) -> None:
        self.name = files.name
        self.currencies = files.currencies
        self.kinds = files.kinds
        self.countries: frozenset[str] | None = files.countries
        self._most_minor = files.most_minor
        self._book = book

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Keep the order for the next file. Safe to repeat: it is kept once."""
        if order.amount.amount_minor > self._most_minor:
            # One order that a file cannot hold must not keep back all others of that file.
            return Refused(FailureCode.COULD_NOT_PROCESS, f"{self.name} carries no such amount")
        return _outcome(self._book.enter(self.name, order, reference_of(order.payout_id)))

    def query(self, order: PayoutOrder) -> RailOutcome:
        """What became of it, as far as reports told."""
        filed = self._book.find(order)
        return Absent() if filed is None else _outcome(filed)


def _outcome(filed: FiledOrder) -> RailOutcome:
    if not filed.is_same:
        return Unknown("an order of this id is on file for another amount or account")
    code = filed.code or FailureCode.COULD_NOT_PROCESS
    if filed.status == "refused":
        return Refused(code, filed.message)
    if filed.status == "paid" and filed.at is not None:
        return Paid(filed.reference, filed.trace_id, filed.at)
    if filed.status == "returned" and filed.at is not None:
        return Returned(filed.reference, code, filed.at)
    return Accepted(filed.reference, filed.trace_id, filed.arrival_date)
