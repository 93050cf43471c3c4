"""What platforms transferred to this account, and what was given back of it, from the seller's side.

Nothing of the platform's own is read besides its name: not the payment, not its words or groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, tuple_

from app.domain.money import Money
from app.reports.objects.balance import RECEIVED, REVERSED, transaction_ids
from app.reports.paging import Cursor, Page, fetch
from app.store.db import db
from app.store.escrow import Transfer, TransferReversal
from app.store.merchants import Merchant

MOST_REVERSALS = 200


@dataclass(frozen=True, slots=True)
class Booked:
    """The change of the balance that a transfer or a reversal is, by its name in the API."""

    transaction_id: str

    @property
    def journal_id(self) -> str:
        """The journal that it is."""
        return "jr_" + self.transaction_id.removeprefix("txn_")


@dataclass(frozen=True, slots=True)
class Back:
    """A part that was given back."""

    id: str
    amount: Money
    created_at: datetime
    booked: Booked | None


@dataclass(frozen=True, slots=True)
class Received:
    """One transfer that came from a platform."""

    id: str
    platform: str
    amount: Money
    reversed: Money
    available_on: date
    created_at: datetime
    booked: Booked | None
    reversals: tuple[Back, ...]

    @property
    def left(self) -> Money:
        """What was not given back."""
        return self.amount - self.reversed


def received(merchant_id: str, cursor: Cursor) -> Page[Received]:
    """A page of the transfers to this account, newest first, each with its reversals."""
    query = (
        select(Transfer, Merchant.name)
        .join(Merchant, Merchant.id == Transfer.merchant_id)
        .where(Transfer.seller_merchant_id == merchant_id)
        .execution_options(populate_existing=True)
    )
    page: Page[tuple[Transfer, str]] = fetch(
        query, Transfer.id, cursor, lambda record: (record[0], record[1])
    )
    backs = _reversals([row for row, _ in page.rows])
    facts = [(RECEIVED, row.id) for row, _ in page.rows]
    facts += [(REVERSED, one.id) for found in backs.values() for one in found]
    booked = {
        source: Booked(name) for (_, source), name in transaction_ids(merchant_id, facts).items()
    }
    return Page(
        [_received(row, name, backs.get(row.id, []), booked) for row, name in page.rows],
        page.older,
        page.newer,
    )


def _reversals(transfers: Sequence[Transfer]) -> dict[str, list[TransferReversal]]:
    """What was given back of these, newest first."""
    keys = [(row.merchant_id, row.id) for row in transfers if row.reversed_minor]
    if not keys:
        return {}
    query = (
        select(TransferReversal)
        .where(tuple_(TransferReversal.merchant_id, TransferReversal.transfer_id).in_(keys))
        .order_by(TransferReversal.id.desc())
        .limit(MOST_REVERSALS)
    )
    found: dict[str, list[TransferReversal]] = {}
    for row in db.session.execute(query).scalars():
        found.setdefault(row.transfer_id, []).append(row)
    return found


def _received(
    row: Transfer, platform: str, backs: Sequence[TransferReversal], booked: dict[str, Booked]
) -> Received:
    return Received(
        id=row.id,
        platform=platform,
        amount=Money(row.amount_minor, row.currency),
        reversed=Money(row.reversed_minor, row.currency),
        available_on=row.available_on,
        created_at=row.created_at,
        booked=booked.get(row.id),
        reversals=tuple(
            Back(one.id, Money(one.amount_minor, one.currency), one.created_at, booked.get(one.id))
            for one in backs
        ),
    )
