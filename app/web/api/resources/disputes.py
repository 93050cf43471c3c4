"""Disputes: payments that customers questioned at their bank. None is known yet."""

from app.web.api.call import Route
from app.web.api.fields import CREATED, PAGE, Field, Id
from app.web.api.resources.nothing import list_none, no_such

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "charge": Id(doc="Only disputes of this charge."),
    "payment_intent": Id(doc="Only disputes of this payment."),
}

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/disputes", list_none, LIST, "disputes", "read", "list:dispute",
          "List disputes"),
    Route("GET", "/v1/disputes/{dispute}", no_such("dispute"), {}, "disputes", "read", "dispute",
          "Retrieve a dispute"),
)  # fmt: skip
