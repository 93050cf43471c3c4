"""What of a fee goes back with a refund: a rule of the schedule, kept or returned in proportion.

Rounding: half up to the minor unit, of what all refunds of a payment give back together; each refund
gives what is missing to that. So many small refunds return what a large one would, and once all of the
payment is refunded, exactly what the rule promises has gone back: never more, whatever failed meanwhile.
"""

from collections.abc import Sequence

from app.domain.fees import OnRefund, Part

# What a rate of the amount gave, and what cuts the sum of all lines, which is taken from the rates first.
_RATES = ("base", "conversion", "unitemized")
_CUTS = ("cap", "limit")


def returnable(parts: Sequence[Part], rule: OnRefund) -> int:
    """What a refund of the whole payment gives back of a fee with these lines.

    An international fee with a fixed sum in it, and what raised a fee to its minimum, count as fixed.
    """
    fee = sum(part.minor for part in parts)
    if rule is OnRefund.WHOLE:
        return fee
    if rule is OnRefund.KEPT:
        return 0
    percentage = max(sum(part.minor for part in parts if _is_rate(part)), 0)
    return percentage if rule is OnRefund.PERCENTAGE else fee - percentage


def _is_rate(part: Part) -> bool:
    is_plain_extra = part.name == "cross_border" and part.basis_points is not None
    return part.name in _RATES or part.name in _CUTS or is_plain_extra


def returned_with(
    amount: int, *, returnable: int, captured: int, refunded: int, returned: int
) -> int:
    """What a refund of `amount` gives back, after refunds of `refunded` that gave back `returned`.

    Never more than the refund itself: after failures more may be missing than it can carry, and what
    is still to be refunded always can.
    """
    so_far = refunded + amount
    due = (2 * returnable * so_far + captured) // (2 * captured)
    return min(max(due - returned, 0), amount)
