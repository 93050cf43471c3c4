"""How much was taken, from the captures of a payment that were told and those that failed afterwards."""

from dataclasses import dataclass

from app.adapters.processors.adyen_facts import Fact
from app.domain.money import Money


@dataclass(frozen=True, slots=True)
class Taking:
    """`amount` is the payment's own; `beyond_minor` was taken besides; of `amount`, `returned` failed."""

    amount: Money
    beyond_minor: int = 0
    returned: Money | None = None


def taking(
    captures: list[Fact], failed: list[Fact], whole: Money, payment_id: str, *, at_once: bool
) -> Taking | None:
    """What stands of the captures; None where their amounts cannot be added. What was to be taken at once is
    taken whole, without a capture that would tell it.
    """
    standing, strays = _standing(captures, failed)
    if not standing and not failed:
        return Taking(whole)
    if at_once and not standing:
        given = _sum(failed)
        return None if given is None else Taking(whole, 0, _least(given, whole))
    # A failure without its capture is of one that was not told of yet.
    counted = standing or [*captures, *strays]
    own = [one for one in counted if _is_own(one, payment_id)] or counted
    total, amount, given = _sum(counted), _sum(own), _sum(failed)
    if total is None or amount is None or amount.currency != whole.currency:
        return None
    amount = _least(amount, whole)
    if standing:
        return Taking(amount, total.amount_minor - amount.amount_minor)
    return None if given is None else Taking(amount, 0, _least(given, amount))


def _standing(captures: list[Fact], failed: list[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The captures that did not fail, and the failures that are of none of them. A failure is of the capture
    of its name, else of one of its amount.
    """
    left, strays = list(captures), []
    names = {fact.psp for fact in captures}
    for fact in sorted(failed, key=lambda one: one.psp not in names):
        if fact.psp in names:
            left = [one for one in left if one.psp != fact.psp]
            continue
        same = [one for one in left if one.amount == fact.amount]
        if same:
            left.remove(same[-1])
        else:
            strays.append(fact)
    return left, strays


def _is_own(fact: Fact, payment_id: str) -> bool:
    """Whether it was we who asked for this capture."""
    return fact.payment_id == payment_id and (fact.part_id or "").startswith("op_")


def _sum(facts: list[Fact]) -> Money | None:
    amounts = [fact.amount for fact in facts if fact.amount is not None]
    if len(amounts) < len(facts) or len({one.currency for one in amounts}) != 1:
        return None
    return Money(sum(one.amount_minor for one in amounts), amounts[0].currency)


def _least(one: Money, other: Money) -> Money:
    return one if one.currency == other.currency and one <= other else other
