"""A release in rows and journals: written in the caller's unit of work, both sides of the books at once."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.domain import recipes
from app.domain.errors import EscrowStateUnexpected
from app.domain.escrow import Share
from app.domain.ids import new_id
from app.domain.money import Money
from app.domain.recipes import Journal
from app.services.deps import Deps
from app.services.escrow_rows import hold_event, settle_status, transfer_event
from app.store.escrow import EscrowHold, EscrowRelease, Transfer
from app.store.ledger import book
from app.store.payments import PaymentRow


@dataclass(frozen=True)
class Part:
    """What is released for one seller; without a commission, the seller's own rate decides it."""

    destination: str
    amount: Money
    commission: Money | None = None


@dataclass(frozen=True)
class ReleaseEscrow:
    """Release `parts`, or a `milestone` of the plan, or, with neither, all that is held as planned.

    `key` makes it safe to repeat. `expected_held` is what the person saw. `transfer_id` is given where
    the request may be repeated and there is one part.
    """

    merchant_id: str
    hold_id: str
    actor: str
    key: str
    parts: tuple[Part, ...] = ()
    milestone: str | None = None
    expected_held: Money | None = None
    transfer_id: str | None = None
    transfer_group: str | None = None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> str:
        """What was asked for, to be compared with a later request under the same key."""
        if self.milestone is not None:
            return f"milestone {self.milestone}"
        words = (
            f"{one.destination} {one.amount} {'' if one.commission is None else one.commission}"
            for one in self.parts
        )
        return "; ".join(words) or "all"


@dataclass(frozen=True)
class Released:
    """What a release came to."""

    id: str
    transfer_ids: tuple[str, ...]
    is_new: bool


def write_release(
    session: Session, deps: Deps, hold: EscrowHold, command: ReleaseEscrow, shares: list[Share]
) -> Released:
    """The release and its transfers, both sides of the books, and what happened: in one unit."""
    now = deps.clock.now()
    payment = session.get_one(PaymentRow, (hold.merchant_id, hold.payment_id))
    if payment.needs_reversal:
        raise EscrowStateUnexpected("This payment came too late and goes back to the customer.")
    on = max(payment.available_on or now.date(), now.date())
    gross = sum(one.gross.amount_minor for one in shares)
    commission = Money(sum(one.commission.amount_minor for one in shares), hold.currency)
    release_id = new_id("rel", now)
    session.add(
        EscrowRelease(
            merchant_id=hold.merchant_id,
            id=release_id,
            hold_id=hold.id,
            release_key=command.key,
            asked=command.asked,
            amount_minor=gross,
            commission_minor=commission.amount_minor,
            currency=hold.currency,
            milestone=command.milestone,
            actor=command.actor,
            created_at=now,
        )
    )
    session.flush()  # Transfers name their release; no relationship orders them.
    made = [_transfer(hold, command, release_id, one, on) for one in shares]
    _number(deps, made, command)
    session.add_all(made)
    session.flush()
    hold.released_minor += gross
    name = settle_status(hold, now) or "escrow.released_in_part"
    data = {"amount_minor": gross, "commission_minor": commission.amount_minor}
    hold_event(session, deps, hold, name, command.actor, {**data, "milestone": command.milestone})
    for one in made:
        transfer_event(
            session,
            deps,
            one,
            "transfer.created",
            command.actor,
            {"amount_minor": one.amount_minor},
        )
    amounts = [Money(one.amount_minor, one.currency) for one in made]
    journals: list[tuple[str, Journal]] = [
        (hold.merchant_id, recipes.escrow_released(release_id, commission, amounts, on))
    ]
    for one, amount in zip(made, amounts, strict=True):
        journals.append((one.seller_merchant_id, recipes.transfer_received(one.id, amount, on)))
    # Books are written in the order of their merchants, so that two releases never wait in a ring.
    for merchant_id, journal in sorted(journals, key=lambda pair: pair[0]):
        of_payment = hold.payment_id if merchant_id == hold.merchant_id else None
        book(session, merchant_id, journal, payment_id=of_payment, at=now)
    return Released(release_id, tuple(one.id for one in made), is_new=True)


def _transfer(
    hold: EscrowHold, command: ReleaseEscrow, release_id: str, share: Share, on: date
) -> Transfer:
    return Transfer(
        merchant_id=hold.merchant_id,
        release_id=release_id,
        hold_id=hold.id,
        payment_id=hold.payment_id,
        seller_merchant_id=share.destination,
        amount_minor=share.amount.amount_minor,
        commission_minor=share.commission.amount_minor,
        application_fee_minor=0,
        application_fee_refunded_minor=0,
        reversed_minor=0,
        currency=hold.currency,
        available_on=on,
        transfer_group=command.transfer_group or hold.transfer_group,
        description=command.description,
        metadata_=command.metadata,
    )


def _number(deps: Deps, made: list[Transfer], command: ReleaseEscrow) -> None:
    now = deps.clock.now()
    for one in made:
        one.id, one.created_at = new_id("tr", now), now
    if command.transfer_id is not None and len(made) == 1:
        made[0].id = command.transfer_id
