"""How a payment is marked for escrow: in Stripe's words as far as they go.

Stripe's `transfer_data[destination]` and `transfer_group` say for whom; that the money waits for a
release has no word there, so `escrow` is ours.
"""

from typing import Any

from app.domain.errors import InvalidRequest
from app.domain.escrow import MOST_MILESTONES, Milestone, Plan
from app.domain.money import Money
from app.domain.onward import Onward, check_onward
from app.services.sellers import check_plan_of, check_seller
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
            "amount": Whole(
                1,
                doc="How much of it the seller is sent, instead of all; not with `escrow`, whose release"
                " says it.",
            ),
            **refused(
                "keep it with the payment, or with the transfer.", "metadata", "payment_data"
            ),
        },
        doc="The seller whom the money is for: it is sent on when it is captured, or, with `escrow`, held"
        " until you release it.",
    ),
    "application_fee_amount": Whole(
        1,
        doc="What you keep of what is sent on; only with `transfer_data[destination]`, and not with"
        " `escrow`.",
    ),
    "transfer_group": Text(
        255, doc="Only with `transfer_data` or `escrow`: your name for what belongs together."
    ),
}


def stored_plan(
    call: Call, found: dict[str, Any], price: Money, prefix: str = ""
) -> dict[str, Any] | None:
    """What a new payment keeps of its plan; None if it is not held. Raises InvalidRequest for a plan
    that could not be carried out.
    """
    asked = found.get("escrow") or {}
    if not asked.get("enabled"):
        return _onward(call, found, price, prefix)
    for name, value in (
        ("application_fee_amount", found.get("application_fee_amount")),
        ("transfer_data[amount]", (found.get("transfer_data") or {}).get("amount")),
    ):
        if value is not None:
            raise InvalidRequest(
                f"{name} cannot be used with escrow: a release says how much goes to whom.",
                param=_named(name, prefix),
            )
    plan = _plan(asked, found)
    check_plan_of(call.merchant_id, plan, price)
    return plan.stored()


def _onward(call: Call, found: dict[str, Any], price: Money, prefix: str) -> dict[str, Any] | None:
    """The plan of a payment that is sent on when it is captured; None for one that stays."""
    data = found.get("transfer_data")
    if not data:
        for name in ("application_fee_amount", "transfer_group"):
            if found.get(name):
                raise InvalidRequest(
                    f"{name} needs transfer_data[destination], the seller whom the money is for.",
                    param=_named(name, prefix),
                )
        return None
    plan = Onward(
        data["destination"],
        found.get("application_fee_amount"),
        data.get("amount"),
        found.get("transfer_group"),
    )
    check_onward(plan, price)
    check_seller(
        call.merchant_id, plan.destination, param=_named("transfer_data[destination]", prefix)
    )
    return plan.stored()


def _named(name: str, prefix: str) -> str:
    """A parameter as the caller wrote it: `a[b]` within `p` is `p[a][b]`."""
    first, bracket, rest = name.partition("[")
    return f"{prefix}[{first}]{bracket}{rest}" if prefix else name


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
