"""Faults: what goes wrong with the next matching calls, armed from the control page or a test.

A fault belongs to one account or to all, matches a route by pattern (`POST /v1/payment_intents`,
`*` matches any run of characters) and lasts for a number of calls, or until it is disarmed. Each
kind is listed here with its options; an unknown kind or option is refused when it is armed, not
when it strikes.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import orjson

from app.sandbox.errors import Json
from app.sandbox.store import Transaction

# Strikes a call to the API.
CALL_KINDS: dict[str, tuple[str, ...]] = {
    "delay_before": ("seconds",),
    "delay_after": ("seconds",),
    "drop_before": (),
    "drop_after": (),
    "error_before": ("stored",),
    "error_after": ("stored",),
    "rate_limit": ("retry_after",),
    "unavailable": ("retry_after",),
    "malformed_body": (),
    "truncated_body": (),
    "wrong_amount": ("delta",),
    "wrong_currency": ("currency",),
    "unknown_status": ("status",),
    # Adyen's own: nothing was done and the key stays free (twice), and: nobody knows.
    "transient_error": (),
    "no_connection": (),
    "ioexception": (),
}
# Strikes at the bank, whichever call led there.
BANK_KINDS: dict[str, tuple[str, ...]] = {
    "decline": ("decline_code",),
    "refund_outcome": ("outcome",),
    "capture_outcome": ("outcome",),
    "cancel_outcome": ("outcome",),
}
# Strikes the platform's bank: what becomes of the next transfer, or one call that arrives twice.
TRANSFER_KINDS: dict[str, tuple[str, ...]] = {
    "transfer_outcome": ("outcome", "code"),
    "duplicate_request": (),
}
# Strikes the delivery of events; `events` narrows it to some types.
EVENT_KINDS: dict[str, tuple[str, ...]] = {
    "mute_webhooks": ("events",),
    "duplicate_webhooks": ("events", "copies"),
    "shuffle_webhooks": ("events", "window_seconds"),
    "delay_webhooks": ("events", "seconds"),
    "lying_event": ("events", "type", "status"),
}
KINDS = {**CALL_KINDS, **BANK_KINDS, **TRANSFER_KINDS, **EVENT_KINDS}
# Without a route a fault strikes what pays, captures and cancels, whichever processor is called.
DEFAULT_ROUTE = "POST /v1/payment_intents*"
ALSO_BY_DEFAULT = (
    "POST /adyen/v71/payments",
    "POST /adyen/v71/payments/details",
    "POST /adyen/v71/payments/*/captures",
    "POST /adyen/v71/payments/*/cancels",
)


class UnknownFaultError(ValueError):
    """No such kind, or an option that the kind does not have."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One armed fault; `remaining` None lasts until it is disarmed."""

    id: int
    account: str | None
    kind: str
    route: str
    remaining: int | None
    options: Json

    def as_json(self) -> Json:
        """As the control API shows it."""
        return {
            "id": self.id,
            "account": self.account,
            "kind": self.kind,
            "route": self.route,
            "count": self.remaining,
            **self.options,
        }


def arm(
    unit: Transaction,
    kind: str,
    *,
    account: str | None,
    route: str | None,
    count: int | None,
    options: Json,
) -> int:
    """Arm a fault; answers its id."""
    if kind not in KINDS:
        raise UnknownFaultError(f"unknown fault {kind!r}; one of: {', '.join(KINDS)}")
    for name in options:
        if name not in KINDS[kind]:
            raise UnknownFaultError(
                f"{kind} has no option {name!r}; it has: {', '.join(KINDS[kind])}"
            )
    cursor = unit.run(
        "INSERT INTO faults (account, kind, route, remaining, options) VALUES (?,?,?,?,?)",
        (account, kind, route or DEFAULT_ROUTE, count, orjson.dumps(options).decode()),
    )
    return int(cursor.lastrowid or 0)


def armed(unit: Transaction) -> list[Fault]:
    """Every fault that will still strike, oldest first."""
    rows = unit.run("SELECT id, account, kind, route, remaining, options FROM faults ORDER BY id")
    return [
        Fault(number, account, kind, route, remaining, orjson.loads(options))
        for number, account, kind, route, remaining, options in rows
    ]


def disarm(unit: Transaction, fault_id: int | None = None) -> None:
    """Disarm one, or all."""
    unit.run("DELETE FROM faults WHERE ? IS NULL OR id = ?", (fault_id, fault_id))


def _spend(unit: Transaction, fault: Fault) -> None:
    unit.run("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (fault.id,))
    unit.run("DELETE FROM faults WHERE id = ? AND remaining <= 0", (fault.id,))


def _matches(fault: Fault, calls: tuple[str, ...]) -> bool:
    routes = [fault.route, *(ALSO_BY_DEFAULT if fault.route == DEFAULT_ROUTE else ())]
    return any(fnmatchcase(call, route) for call in calls for route in routes)


def take_for_call(unit: Transaction, account: str, calls: tuple[str, ...]) -> dict[str, Json]:
    """The faults that strike this call, one of each kind; each loses one of its count."""
    taken: dict[str, Json] = {}
    for fault in armed(unit):
        is_ours = fault.kind in CALL_KINDS and fault.account in (None, account)
        if is_ours and fault.kind not in taken and _matches(fault, calls):
            taken[fault.kind] = fault.options
            _spend(unit, fault)
    return taken


def take(unit: Transaction, kind: str, account: str, event: str | None = None) -> Json | None:
    """The options of the first armed fault of that kind, or None."""
    for fault in armed(unit):
        wanted: Any = fault.options.get("events")
        if fault.kind != kind or fault.account not in (None, account):
            continue
        if event is not None and wanted and event not in wanted:
            continue
        _spend(unit, fault)
        return fault.options
    return None
