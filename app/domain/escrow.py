"""Escrow: what a payment's plan says, how held money is split, and where a hold stands. Pure.

A plan is set when the payment is made and never changed: for whom the money is held, and in which steps
it is released. Every split adds up to the cent: the largest remainders take what is left over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidRequest
from app.domain.money import Money, allocate
from app.domain.states import EscrowStatus

MOST_MILESTONES = 20
MOST_PARTS = 20
WHOLE_BASIS_POINTS = 10_000

_E = EscrowStatus


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of a plan: `amount_minor` of the price is due to `destination` when it is reached."""

    name: str
    amount_minor: int
    destination: str


@dataclass(frozen=True, slots=True)
class Plan:
    """For whom a payment's money is held. Without a destination a person says so at the release."""

    destination: str | None = None
    milestones: tuple[Milestone, ...] = ()
    transfer_group: str | None = None

    @property
    def names_sellers(self) -> bool:
        """Whether the plan alone says who is paid: only then can money be released by itself."""
        return self.destination is not None or bool(self.milestones)

    @property
    def sellers(self) -> tuple[str, ...]:
        """Everybody whom the plan names, each once."""
        named = [self.destination, *(one.destination for one in self.milestones)]
        return tuple(dict.fromkeys(one for one in named if one is not None))

    def stored(self) -> dict[str, Any]:
        """The plan as it is kept with the payment."""
        known: dict[str, Any] = {}
        if self.destination is not None:
            known["destination"] = self.destination
        if self.transfer_group is not None:
            known["transfer_group"] = self.transfer_group
        if self.milestones:
            known["milestones"] = [
                {
                    "name": one.name,
                    "amount_minor": one.amount_minor,
                    "destination": one.destination,
                }
                for one in self.milestones
            ]
        return known


def plan_from(stored: Mapping[str, Any]) -> Plan:
    """The plan that was kept."""
    return Plan(
        destination=stored.get("destination"),
        milestones=tuple(Milestone(**one) for one in stored.get("milestones", ())),
        transfer_group=stored.get("transfer_group"),
    )


def check_plan(plan: Plan, price: Money) -> None:
    """Refuse a plan whose milestones do not make up the price, or that names one twice."""
    if not plan.milestones:
        return
    if len(plan.milestones) > MOST_MILESTONES:
        raise InvalidRequest(
            f"A plan has at most {MOST_MILESTONES} milestones.", param="escrow[milestones]"
        )
    names = [one.name for one in plan.milestones]
    if len(set(names)) < len(names):
        raise InvalidRequest("Two milestones have the same name.", param="escrow[milestones]")
    total = sum(one.amount_minor for one in plan.milestones)
    if total != price.amount_minor:
        raise InvalidRequest(
            f"The milestones add up to {Money(total, price.currency)}, the payment is {price}.",
            param="escrow[milestones]",
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What one seller's part of a release comes to: `gross` is released, `commission` stays with us."""

    destination: str
    gross: Money
    commission: Money

    @property
    def amount(self) -> Money:
        """What the seller receives."""
        return self.gross - self.commission


def commission_of(gross: Money, basis_points: int) -> Money:
    """The platform's commission, rounded half up to the minor unit, once per part."""
    minor = (gross.amount_minor * basis_points + WHOLE_BASIS_POINTS // 2) // WHOLE_BASIS_POINTS
    return Money(minor, gross.currency)


def as_sentence(reason: str) -> str:
    """What a person gave as a reason, with a full stop unless it ends with a mark of its own."""
    text = reason.strip()
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def shared(held: Money, open_steps: Sequence[Milestone]) -> dict[str, Money]:
    """What each milestone that is still open comes to: the money held now, in the plan's proportions.

    What is held is the payment less its fee and less what was refunded, so the steps share both.
    """
    if not open_steps:
        return {}
    parts = allocate(held, [one.amount_minor for one in open_steps])
    return {one.name: part for one, part in zip(open_steps, parts, strict=True)}


def whole_release(held: Money, plan: Plan, done: frozenset[str]) -> list[tuple[str, Money]]:
    """Who gets how much when all that is held is released as planned; empty if the plan names nobody."""
    steps = [one for one in plan.milestones if one.name not in done]
    if steps:
        parts = shared(held, steps)
        sums: dict[str, Money] = {}
        for one in steps:
            known = sums.get(one.destination, Money.zero(held.currency))
            sums[one.destination] = known + parts[one.name]
        return [(seller, part) for seller, part in sums.items() if part]
    seller = plan.destination or (plan.milestones[-1].destination if plan.milestones else None)
    return [(seller, held)] if seller is not None and held else []


def status_of(*, held: int, released: int, refunded: int, is_frozen: bool) -> EscrowStatus:
    """Where a hold stands, from its amounts: over when nothing is held, frozen only while something is."""
    if released + refunded >= held:
        if released and refunded:
            return _E.CLOSED
        return _E.RELEASED if released else _E.REFUNDED
    if is_frozen:
        return _E.FROZEN
    return _E.PARTLY_RELEASED if released else _E.HELD
