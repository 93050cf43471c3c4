"""What a handler works with: one account, one transaction, the clock, and the checked parameters.

Chores of the simulated world (a refund that settles later) run with a `Call` too, without a
request.
"""

from dataclasses import dataclass, field
from typing import Any

from app.sandbox.clock import SandboxClock
from app.sandbox.errors import Json, no_such
from app.sandbox.store import Transaction


@dataclass(slots=True)
class Call:
    """One request being executed, or one chore."""

    unit: Transaction
    account: str
    clock: SandboxClock
    base_url: str = ""
    params: Json = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    is_publishable: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def now(self) -> int:
        """The sandbox's time."""
        return self.clock.now()

    def param(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default when it was not sent."""
        return self.params.get(name, default)

    def load(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Json:
        """An object of this account; raises `resource_missing`."""
        body = self.unit.find(self.account, kind, object_id)
        if body is None:
            raise no_such(kind, object_id, param=param, status=status)
        return body

    def insert(self, body: Json, *, owner: str = "") -> Json:
        """Store a new object in this account."""
        return self.unit.insert(self.account, body, owner=owner)

    def save(self, body: Json) -> Json:
        """Store an object of this account as it is now."""
        return self.unit.save(self.account, body)


def public(body: Json, now: int) -> Json:
    """An object as the outside sees it: no private fields, and time's effect on balance rows."""
    shown = {name: value for name, value in body.items() if not name.startswith("_")}
    if body.get("object") == "balance_transaction":
        shown["status"] = "available" if body["available_on"] <= now else "pending"
    return shown
