"""What platforms transferred to this account, and what was given back of it, from the seller's side.

Nothing of the platform's own is read besides its name: not the payment, not its words or groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, tuple_

from app.domain.money import Money
from app.reports.objects.balance import transaction_ids
from app.reports.objects.balance_events import FEE_PAID, RECEIVED, REVERSED
from app.reports.paging import Cursor, Page, fetch
from app.store.db import db
from app.store.escrow import Transfer, TransferReversal
from app.store.merchants import Merchant
from app.store.onward import OnwardPayment

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
class SentOn:
    """What a payment's seller was sent when it was captured, from the platform's side."""

    transfer_id: str | None
    is_dropped: bool
    seller: str
    amount: Money
    fee: Money
    reversed: Money
    fee_refunded: Money


@dataclass(frozen=True, slots=True)
class Received:
    """One transfer that came from a platform."""

    id: str
    platform: str
    amount: Money
    fee: Money
    fee_booked: Booked | None
    fee_refunded: Money
    reversed: Money
    available_on: date
    created_at: datetime
    booked: Booked | None
    reversals: tuple[Back, ...]

    @property
    def left(self) -> Money:
        """What is the seller's of it: less the platform's fee, and less what was given back."""
        return self.amount - self.fee + self.fee_refunded - self.reversed


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
    facts += [(FEE_PAID, row.id) for row, _ in page.rows if row.application_fee_minor]
    facts += [(REVERSED, one.id) for found in backs.values() for one in found]
    booked = {fact: Booked(name) for fact, name in transaction_ids(merchant_id, facts).items()}
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
    row: Transfer,
    platform: str,
    backs: Sequence[TransferReversal],
    booked: Mapping[tuple[str, str], Booked],
) -> Received:
    return Received(
        id=row.id,
        platform=platform,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.application_fee_minor, row.currency),
        fee_booked=booked.get((FEE_PAID, row.id)),
        fee_refunded=Money(row.application_fee_refunded_minor, row.currency),
        reversed=Money(row.reversed_minor, row.currency),
        available_on=row.available_on,
        created_at=row.created_at,
        booked=booked.get((RECEIVED, row.id)),
        reversals=tuple(
            Back(
                one.id,
                Money(one.amount_minor, one.currency),
                one.created_at,
                booked.get((REVERSED, one.id)),
            )
            for one in backs
        ),
    )


def sent_on(merchant_id: str, payment_id: str) -> SentOn | None:
    """What went on, or is about to, of a captured payment; None if nothing does."""
    query = (
        select(OnwardPayment, Transfer, Merchant.name)
        .join(Merchant, Merchant.id == OnwardPayment.seller_merchant_id)
        .outerjoin(
            Transfer,
            (Transfer.merchant_id == OnwardPayment.merchant_id)
            & (Transfer.id == OnwardPayment.transfer_id),
        )
        .where(OnwardPayment.merchant_id == merchant_id, OnwardPayment.payment_id == payment_id)
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    row, seller = found[0], found[2]
    made: Transfer | None = found[1]
    return SentOn(
        transfer_id=row.transfer_id,
        is_dropped=row.dropped_at is not None,
        seller=seller,
        amount=row.amount,
        fee=row.application_fee,
        reversed=Money(made.reversed_minor if made is not None else 0, row.currency),
        fee_refunded=Money(
            made.application_fee_refunded_minor if made is not None else 0, row.currency
        ),
    )
