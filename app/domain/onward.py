"""Money that goes on to a seller as soon as it is captured, less the platform's application fee.

The plan is kept with the payment where its escrow would stand, under a key of its own, so a payment is
either held or goes on. The processing fee stays with the platform. All of the captured amount is
transferred and the application fee comes back, or a part is transferred and nothing comes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidRequest
from app.domain.money import Money

KEY = "on_capture"


@dataclass(frozen=True, slots=True)
class Onward:
    """Where it goes: all of what is captured less a fee, or `amount_minor` of it at most."""

    destination: str
    application_fee_minor: int | None = None
    amount_minor: int | None = None
    transfer_group: str | None = None

    def stored(self) -> dict[str, Any]:
        """The plan as it is kept with the payment."""
        split = {
            name: value
            for name, value in (
                ("application_fee_minor", self.application_fee_minor),
                ("amount_minor", self.amount_minor),
            )
            if value is not None
        }
        known: dict[str, Any] = {"destination": self.destination, KEY: split}
        if self.transfer_group is not None:
            known["transfer_group"] = self.transfer_group
        return known


def goes_on(plan: Mapping[str, Any] | None) -> bool:
    """Whether a payment with this plan goes on when it is captured, and is not held."""
    return plan is not None and KEY in plan


def onward_from(plan: Mapping[str, Any]) -> Onward:
    """The plan that was kept."""
    split = plan[KEY]
    return Onward(
        plan["destination"],
        split.get("application_fee_minor"),
        split.get("amount_minor"),
        plan.get("transfer_group"),
    )


def check_onward(plan: Onward, price: Money) -> None:
    """Refuse a plan that cannot be carried out with this price."""
    if plan.application_fee_minor is not None and plan.amount_minor is not None:
        raise InvalidRequest(
            "Send application_fee_amount or transfer_data[amount], not both.",
            param="application_fee_amount",
        )
    for minor, param in (
        (plan.application_fee_minor, "application_fee_amount"),
        (plan.amount_minor, "transfer_data[amount]"),
    ):
        if minor is not None and minor > price.amount_minor:
            raise InvalidRequest(f"{param} is above the payment's {price}.", param=param)


def share_of_refund(
    whole: int, *, amount: int, captured: int, refunded: int, taken: int, left: int
) -> int:
    """What a refund of `amount` takes back of `whole`, after refunds of `refunded` that took `taken`.

    Rounded half up over all of them together; never more than is `left`.
    """
    due = (2 * whole * (refunded + amount) + captured) // (2 * captured)
    return max(min(due - taken, left), 0)
