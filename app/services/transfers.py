"""What a seller gives back of a transfer, and the transfer's own words.

A reversal is one unit of work over both books. It takes the seller's money from where it is: from
pending while its day has not come, else from what is available, and never more than that.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import BalanceInsufficient, NotFound, ReversalTooLarge
from app.domain.money import Money
from app.domain.recipes import AVAILABLE
from app.services import ledger
from app.services.deps import Deps
from app.services.escrow_rows import transfer_event
from app.store.db import transaction
from app.store.escrow import Transfer, TransferReversal, lock_transfer
from app.store.ledger import book, stored_balance


@dataclass(frozen=True)
class ReverseTransfer:
    """Take back `amount` of a transfer, or all that is left. `reversal_id` makes it safe to repeat."""

    merchant_id: str
    transfer_id: str
    reversal_id: str
    actor: str
    amount: Money | None = None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reversal:
    """A part of a transfer that is taken back, and what is said of it."""

    id: str
    amount: Money
    actor: str
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def reverse_transfer(deps: Deps, command: ReverseTransfer) -> None:
    """Take money back from a seller; it becomes the platform's own.

    Raises NotFound, ReversalTooLarge, or BalanceInsufficient when the seller has too little.
    """
    transfer, is_done = _found(command)
    if is_done:
        return
    if transfer.available_on <= deps.clock.now().date():
        # Money whose day has come is the seller's available money, whether the sweep ran or not.
        ledger.release_book(deps, transfer.seller_merchant_id)
    with transaction() as session:
        _reverse(session, deps, command)
    deps.failpoint("transfer.reversed")
    deps.queue.wake("release")
    deps.queue.wake("events")


def _found(command: ReverseTransfer) -> tuple[Transfer, bool]:
    """The transfer, and whether this reversal of it was made before."""
    with transaction() as session:
        transfer = session.get(Transfer, (command.merchant_id, command.transfer_id))
        before = session.get(TransferReversal, (command.merchant_id, command.reversal_id))
    if transfer is None:
        raise NotFound("transfer", command.transfer_id)
    return transfer, before is not None


def _reverse(session: Session, deps: Deps, command: ReverseTransfer) -> None:
    transfer = lock_transfer(session, command.merchant_id, command.transfer_id)
    if transfer is None:
        raise NotFound("transfer", command.transfer_id)
    if session.get(TransferReversal, (command.merchant_id, command.reversal_id)) is not None:
        return
    amount = transfer.left if command.amount is None else command.amount
    if not 0 < amount.amount_minor <= transfer.left.amount_minor:
        raise ReversalTooLarge(
            f"You asked to reverse {amount}; {transfer.left} of the transfer is left.",
            param="amount",
        )
    words = (command.actor, command.description, command.metadata)
    write_reversal(session, deps, transfer, Reversal(command.reversal_id, amount, *words))


def write_reversal(session: Session, deps: Deps, transfer: Transfer, made: Reversal) -> None:
    """The reversal and both sides of it, in the caller's unit of work, which has the transfer locked.

    Raises BalanceInsufficient when the seller has too little.
    """
    now, amount = deps.clock.now(), made.amount
    is_pending = transfer.available_on > now.date()
    on = transfer.available_on if is_pending else now.date()
    if not is_pending:
        _check_balance(session, transfer, amount)
    transfer.reversed_minor += amount.amount_minor
    session.add(
        TransferReversal(
            merchant_id=transfer.merchant_id,
            id=made.id,
            transfer_id=transfer.id,
            amount_minor=amount.amount_minor,
            currency=transfer.currency,
            actor=made.actor,
            description=made.description,
            metadata_=made.metadata,
            created_at=now,
        )
    )
    data = {"amount_minor": amount.amount_minor, "reversed_minor": transfer.reversed_minor}
    transfer_event(session, deps, transfer, "transfer.reversed", made.actor, data)
    seller, platform = transfer.seller_merchant_id, transfer.merchant_id
    taken = recipes.transfer_reversed(made.id, amount, on, is_pending=is_pending)
    given = recipes.transfer_returned(made.id, amount, on)
    for merchant_id, journal in sorted(
        [(seller, taken), (platform, given)], key=lambda one: one[0]
    ):
        of_payment = transfer.payment_id if merchant_id == platform else None
        book(session, merchant_id, journal, payment_id=of_payment, at=now)


def _check_balance(session: Session, transfer: Transfer, amount: Money) -> None:
    """The seller's balance is locked until the unit ends: two who take from it take turns."""
    found = stored_balance(session, transfer.seller_merchant_id, AVAILABLE, transfer.currency)
    has = Money(found, transfer.currency)
    if has < amount:
        raise BalanceInsufficient(
            f"The seller has {has} available; {amount} cannot be taken back now.", param="amount"
        )


def update_transfer(
    deps: Deps,
    merchant_id: str,
    transfer_id: str,
    *,
    metadata: dict[str, str] | None = None,
    description: tuple[str | None] | None = None,
    actor: str,
) -> None:
    """Change a transfer's words: metadata as a whole, the description where one is given."""
    with transaction() as session:
        transfer = lock_transfer(session, merchant_id, transfer_id)
        if transfer is None:
            raise NotFound("transfer", transfer_id)
        before: dict[str, Any] = {}
        if metadata is not None and metadata != transfer.metadata_:
            before["metadata"] = transfer.metadata_
            transfer.metadata_ = metadata
        if description is not None and description[0] != transfer.description:
            before["description"] = transfer.description
            transfer.description = description[0]
        if before:
            transfer_event(session, deps, transfer, "transfer.updated", actor, {"previous": before})
    deps.queue.wake("events")


def update_reversal(
    merchant_id: str, transfer_id: str, reversal_id: str, metadata: dict[str, str]
) -> None:
    """Change a reversal's metadata."""
    with transaction() as session:
        row = session.get(TransferReversal, (merchant_id, reversal_id), with_for_update=True)
        if row is None or row.transfer_id != transfer_id:
            raise NotFound("transfer reversal", reversal_id)
        row.metadata_ = metadata
