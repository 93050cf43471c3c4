"""Words and tones for developers' pages, and the statuses that tabs count."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.deliveries import FAILING_FROM
from app.reports.labels import Label
from app.store.webhooks import Delivery

# What is tried again within this time is worth watching.
SOON = timedelta(minutes=1)

DELIVERY = {
    "pending": Label("Pending", "blue"),
    "delivered": Label("Delivered", "green"),
    "failed": Label("Failed", "red"),
    "canceled": Label("Will not send", "grey"),
}

DISABLED = {
    "by_merchant": Label("Disabled", "grey"),
    "gone": Label("Disabled: gone", "red"),
    "failing": Label("Disabled: failing", "red"),
}

OUTCOMES = {
    "first": Label("First request", "blue"),
    "resumed": Label("Went on", "blue"),
    "replayed": Label("Replayed", "grey"),
    "mismatch": Label("Other parameters", "red"),
    "in_use": Label("Still running", "orange"),
}


@dataclass(frozen=True, slots=True)
class Related:
    """An object that a line is about, and where it is shown: `kind` names the page, if there is one."""

    id: str
    kind: str = ""
    target: str = ""


def status_label(status: int) -> Label:
    """An HTTP status as a status on a screen."""
    if status < 400:
        return Label(f"{status} OK" if status == 200 else str(status), "green")
    names = {
        400: "Bad request",
        401: "No valid key",
        402: "Declined",
        403: "Not allowed",
        404: "Not found",
        409: "Conflict",
        422: "Refused",
        429: "Too many requests",
    }
    tone = "orange" if status < 500 else "red"
    name = names.get(status, "Our error" if status >= 500 else "")
    return Label(f"{status} {name}".strip(), tone)


def delivery_label(row: Delivery, now: datetime) -> Label:
    """What a delivery is called: one that failed and is tried again is not as new."""
    if row.status != "pending" or row.next_attempt_at is None:
        return DELIVERY[row.status]
    is_soon = row.next_attempt_at - now < SOON
    if row.attempts:
        return Label("Retrying", "orange", is_live=is_soon)
    return Label("Pending", "blue", is_live=is_soon)


def endpoint_label(status: str, disabled_reason: str | None, consecutive_failures: int) -> Label:
    """What an endpoint's state is called."""
    if status == "disabled":
        return DISABLED[disabled_reason or "by_merchant"]
    if consecutive_failures >= FAILING_FROM:
        return Label("Failing", "orange")
    return Label("Enabled", "green")


def contains(text: str) -> str:
    """A LIKE pattern of what contains the text, whose own signs stand for themselves."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
