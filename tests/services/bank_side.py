"""The bank's side of micro-deposits and payouts: its true record, and its faults."""

from typing import Any

from app.adapters.rails.sandbox_bank import KEY
from tests.sandbox.server import SandboxServer

ACCOUNT = KEY.replace("bank_test_", "bank_sbx_")


def record(sandbox: SandboxServer, reference: str) -> list[dict[str, Any]]:
    """What really happened to one of our orders."""
    body = sandbox.call("GET", f"/bank/record?account={ACCOUNT}&reference={reference}")
    return list(body["facts"])


def facts(sandbox: SandboxServer, reference: str) -> list[str]:
    """The same, in words."""
    return [row["fact"] for row in record(sandbox, reference)]


def fault(sandbox: SandboxServer, kind: str, **options: Any) -> None:
    """Arm a fault for the next transfer."""
    route = options.pop("route", "POST /bank/v1/transfers")
    sandbox.fault(kind, account=ACCOUNT, route=route, **options)


def settle(sandbox: SandboxServer) -> None:
    """Let transfers arrive, or come back, now."""
    sandbox.control("bank/settle", account=ACCOUNT)
