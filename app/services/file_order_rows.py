"""The row of an order that goes to a bank by file: moved along its lifecycle, and told on."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.states import FILED_ORDER, FiledOrderStatus
from app.services.audit import SYSTEM
from app.services.bank_account_rows import write_event
from app.store import bank_accounts, payouts
from app.store.payout_files import FileOrder


def move_order(session: Session, row: FileOrder, target: FiledOrderStatus, now: datetime) -> None:
    """Along the lifecycle, in the caller's unit; raises InvalidTransition."""
    event = FILED_ORDER.event(FiledOrderStatus(row.status), target)
    row.status = target
    note_order(session, row.merchant_id, row.payout_id, event, now)


def note_order(
    session: Session, merchant_id: str, payout_id: str, name: str, now: datetime
) -> None:
    """Write what happened to an order."""
    write_event(session, merchant_id, name, ("filed_order", payout_id), SYSTEM, now, {})


def has_news(session: Session, row: FileOrder, now: datetime) -> None:
    """What the order is of is asked after anew, in the unit that wrote the news: news that a crash
    left untold would never be asked for, once a payout rests. Wake "payouts" and "deposits" afterwards.
    """
    payouts.ask_again(session, row.merchant_id, row.payout_id, now)
    bank_accounts.ask_again(session, row.merchant_id, row.payout_id, now)
