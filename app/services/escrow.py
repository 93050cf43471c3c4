"""Escrow: letting held money go to sellers, by a person, an API call or a day that has come; and not.

Every command has its hold's row locked, so two at once are one after the other and neither lets out more
than is held. A release is one unit of work over the platform's book and the sellers': all of it or none.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import (
    EscrowFrozen,
    EscrowStateUnexpected,
    FarthingError,
    IdempotencyMismatch,
    InvalidRequest,
    ReleaseTooLarge,
)
from app.domain.escrow import MOST_PARTS, Share, as_sentence, commission_of, shared, whole_release
from app.domain.money import Money
from app.services.deps import Deps
from app.services.escrow_release import Part, Released, ReleaseEscrow, write_release
from app.services.escrow_rows import check_seen, hold_event, locked, settle_status
from app.services.sellers import connected
from app.store.db import transaction
from app.store.escrow import (
    OPEN,
    EscrowHold,
    done_milestones,
    holds_due,
    release_of_key,
    transfers_of_release,
)

__all__ = ["FreezeEscrow", "Part", "ReleaseEscrow", "Released"]

log = logging.getLogger(__name__)

LONGEST_REASON = 300
TRY_AGAIN = timedelta(hours=1)
AUTOMATIC = "automatic"


def release(deps: Deps, command: ReleaseEscrow) -> Released:
    """Let held money go. Raises ReleaseTooLarge, EscrowFrozen, EscrowStateUnexpected, StaleAmount,
    SellerNotConnected, IdempotencyMismatch or NotFound, and has changed nothing then.
    """
    with transaction() as session:
        hold = locked(session, command.merchant_id, command.hold_id)
        known = _released_before(session, command)
        if known is not None:
            return known
        check_seen(hold, command.expected_held)
        _check_state(hold)
        shares = _shares(session, hold, command)
        made = write_release(session, deps, hold, command, shares)
    deps.failpoint("escrow.released")
    # What the processor has settled already is the sellers' in a moment, not at the next sweep.
    deps.queue.wake("release")
    deps.queue.wake("events")
    return made


def preview(command: ReleaseEscrow) -> list[Share]:
    """What a release would come to, for every party to the cent; raises as `release` does."""
    with transaction() as session:
        hold = locked(session, command.merchant_id, command.hold_id)
        _check_state(hold)
        return _shares(session, hold, command)


def _released_before(session: Session, command: ReleaseEscrow) -> Released | None:
    known = release_of_key(session, command.merchant_id, command.hold_id, command.key)
    if known is None:
        return None
    if known.asked != command.asked:
        raise IdempotencyMismatch("This key was used for another release.")
    made = transfers_of_release(session, command.merchant_id, known.id)
    return Released(known.id, tuple(one.id for one in made), is_new=False)


def _check_state(hold: EscrowHold) -> None:
    if hold.frozen_at is not None:
        raise EscrowFrozen(
            f"This money is frozen: {as_sentence(hold.frozen_reason or '')} Unfreeze it first."
        )
    if not hold.left:
        raise EscrowStateUnexpected("Nothing is held any more.")


def _shares(session: Session, hold: EscrowHold, command: ReleaseEscrow) -> list[Share]:
    """Who gets how much, checked against what is held."""
    parts = command.parts or _planned(session, hold, command.milestone)
    total = Money(sum(one.amount.amount_minor for one in parts), hold.currency)
    if any(one.amount.currency != hold.currency or one.amount.amount_minor <= 0 for one in parts):
        raise InvalidRequest(
            f"Each part is an amount above zero in {hold.currency}.", param="amount"
        )
    if len(parts) > MOST_PARTS:
        raise InvalidRequest(f"A release has at most {MOST_PARTS} parts.", param="parts")
    if hold.left < total:
        raise ReleaseTooLarge(f"You asked to release {total}; {hold.left} is held.", param="amount")
    known = connected(session, hold.merchant_id, [one.destination for one in parts])
    return [_share(one, known[one.destination].commission_basis_points) for one in parts]


def _share(part: Part, basis_points: int) -> Share:
    commission = part.commission
    if commission is None:
        commission = commission_of(part.amount, basis_points)
    share = Share(part.destination, part.amount, commission)
    if commission.amount_minor < 0 or share.amount.amount_minor <= 0:
        raise InvalidRequest(
            f"A commission of {commission} leaves nothing of {part.amount} for the seller.",
            param="commission",
        )
    return share


def _planned(session: Session, hold: EscrowHold, milestone: str | None) -> tuple[Part, ...]:
    plan = hold.as_planned
    done = done_milestones(session, hold.merchant_id, hold.id)
    if milestone is None:
        found = whole_release(hold.left, plan, done)
        if not found:
            raise InvalidRequest(
                "The payment names no seller; say who gets how much.", param="parts"
            )
        return tuple(Part(seller, amount) for seller, amount in found)
    if milestone in done:
        raise EscrowStateUnexpected(f"The milestone “{milestone}” was released already.")
    open_steps = [one for one in plan.milestones if one.name not in done]
    step = next((one for one in open_steps if one.name == milestone), None)
    if step is None:
        raise InvalidRequest(f"The plan has no milestone “{milestone}”.", param="milestone")
    return (Part(step.destination, shared(hold.left, open_steps)[milestone]),)


@dataclass(frozen=True)
class FreezeEscrow:
    """Hold the money where it is until somebody has looked; `reason` is told to whoever asks."""

    merchant_id: str
    hold_id: str
    actor: str
    reason: str


def freeze(deps: Deps, command: FreezeEscrow) -> None:
    """Nothing is released from now on, by nobody. Safe to repeat; refunds stay possible.

    Raises EscrowStateUnexpected when nothing is held any more.
    """
    reason = " ".join(command.reason.split())[:LONGEST_REASON]
    if not reason:
        raise InvalidRequest("Say why.", param="reason")
    with transaction() as session:
        hold = locked(session, command.merchant_id, command.hold_id)
        if hold.frozen_at is not None:
            return
        if not hold.left:
            raise EscrowStateUnexpected("Nothing is held any more.")
        now = deps.clock.now()
        hold.frozen_at, hold.frozen_reason = now, reason
        _tell_move(session, deps, hold, command.actor, {"reason": reason})
    deps.queue.wake("events")


def unfreeze(deps: Deps, merchant_id: str, hold_id: str, actor: str) -> None:
    """Let it go its way again; a release by itself comes later by as long as it was frozen. Safe to
    repeat.
    """
    with transaction() as session:
        hold = locked(session, merchant_id, hold_id)
        if hold.frozen_at is None:
            return
        now = deps.clock.now()
        if hold.auto_release_at is not None:
            hold.auto_release_at += now - hold.frozen_at
        hold.frozen_at = hold.frozen_reason = None
        _tell_move(session, deps, hold, actor, {})
    deps.queue.wake("events")


def _tell_move(
    session: Session, deps: Deps, hold: EscrowHold, actor: str, data: dict[str, Any]
) -> None:
    event = settle_status(hold, deps.clock.now())
    if event is not None:
        hold_event(session, deps, hold, event, actor, data)


def release_due(deps: Deps, limit: int = 50) -> int:
    """Release what was held long enough, as its plan says; gives how many holds were looked at.

    Safe to repeat and to run twice at once: the key of an automatic release is the hold's only one.
    """
    now = deps.clock.now()
    with transaction() as session:
        due = holds_due(session, now, limit)
    for merchant_id, hold_id in due:
        try:
            _release_one(deps, merchant_id, hold_id)
        except FarthingError as error:
            log.warning("escrow.not_released", extra={"hold": hold_id, "why": error.message})
            _postpone(deps, merchant_id, hold_id)
        except Exception:
            # One hold that cannot be released is tried again later and holds up no other.
            log.exception("escrow.release_failed", extra={"hold": hold_id})
            _postpone(deps, merchant_id, hold_id)
    return len(due)


def _release_one(deps: Deps, merchant_id: str, hold_id: str) -> None:
    with transaction() as session:
        hold = locked(session, merchant_id, hold_id)
        # Somebody may have refunded, frozen or released it since it was found.
        if hold.auto_release_at is None or hold.status not in OPEN:
            return
        command = ReleaseEscrow(merchant_id, hold_id, "system", AUTOMATIC)
        if _released_before(session, command) is None:
            write_release(session, deps, hold, command, _shares(session, hold, command))
        hold.auto_release_at = hold.next_attempt_at = None
    deps.failpoint("escrow.released")
    deps.queue.wake("release")
    deps.queue.wake("events")


def _postpone(deps: Deps, merchant_id: str, hold_id: str) -> None:
    with transaction() as session:
        locked(session, merchant_id, hold_id).next_attempt_at = deps.clock.now() + TRY_AGAIN
