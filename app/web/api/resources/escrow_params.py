"""How a payment is marked for escrow: in Stripe's words as far as they go.

Stripe's `transfer_data[destination]` and `transfer_group` say for whom; that the money waits for a
release has no word there, so `escrow` is ours.
"""

from typing import Any

from app.domain.errors import InvalidRequest
from app.domain.escrow import MOST_MILESTONES, Milestone, Plan
from app.domain.money import Money
from app.services.sellers import check_plan_of
from app.web.api.call import Call
from app.web.api.fields import Field, Flag, Hash, Id, List, Text, Whole, need, refused

MILESTONE: dict[str, Field] = {
    "name": need(Text(80, doc="What you call it; a release names it.")),
    "amount": need(Whole(1, doc="Its part of the payment's amount.")),
    "destination": Id(doc="The seller; `transfer_data[destination]` if not said."),
}
PARAMS: dict[str, Field] = {
    "escrow": Hash(
        {
            "enabled": need(Flag(doc="Hold what is captured until you release it.")),
            "milestones": List(
                Hash(MILESTONE),
                MOST_MILESTONES,
                doc="Steps that are released one by one; they add up to the amount.",
            ),
        },
        doc="Ours: what is captured, less its fee, is held until it is released or refunded.",
    ),
    "transfer_data": Hash(
        {
            "destination": need(Id(doc="A connected seller.")),
            **refused("a release says how much goes to whom.", "amount"),
            **refused(
                "keep it with the payment, or with the transfer.", "metadata", "payment_data"
            ),
        },
        doc="Only with `escrow`: the seller whom the money is for.",
    ),
    "transfer_group": Text(255, doc="Only with `escrow`: your name for what belongs together."),
}


def stored_plan(
    call: Call, found: dict[str, Any], price: Money, prefix: str = ""
) -> dict[str, Any] | None:
    """What a new payment keeps of its plan; None if it is not held. Raises InvalidRequest for a plan
    that could not be carried out.
    """
    asked = found.get("escrow") or {}
    if not asked.get("enabled"):
        for name in ("transfer_data", "transfer_group"):
            if found.get(name):
                param = f"{prefix}[{name}]" if prefix else name
                raise InvalidRequest(
                    f"{param} needs escrow[enabled]=true: money is split by its release.",
                    param=param,
                )
        return None
    plan = _plan(asked, found)
    check_plan_of(call.merchant_id, plan, price)
    return plan.stored()


def _plan(asked: dict[str, Any], found: dict[str, Any]) -> Plan:
    seller = (found.get("transfer_data") or {}).get("destination")
    steps = []
    for place, one in enumerate(asked.get("milestones") or ()):
        destination = one.get("destination") or seller
        if destination is None:
            param = f"escrow[milestones][{place}][destination]"
            raise InvalidRequest(f"Missing required param: {param}.", param=param)
        steps.append(Milestone(one["name"], one["amount"], destination))
    return Plan(seller, tuple(steps), found.get("transfer_group"))
