"""Payouts: money on its way to the merchant's bank. None is sent yet."""

from app.web.api.call import Route
from app.web.api.fields import CREATED, PAGE, Choice, Field, Id, Range
from app.web.api.resources.nothing import list_none, no_such

STATUSES = ("canceled", "failed", "in_transit", "paid", "pending")

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "arrival_date": Range(doc="Only payouts that arrive at this time."),
    "destination": Id(doc="Only payouts to this bank account."),
    "status": Choice(STATUSES, doc="Only payouts of this status.", can_unset=True),
}

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/payouts", list_none, LIST, "payouts", "read", "list:payout", "List payouts"),
    Route("GET", "/v1/payouts/{payout}", no_such("payout"), {}, "payouts", "read", "payout",
          "Retrieve a payout"),
)  # fmt: skip
