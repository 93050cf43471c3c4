"""The merchant's dashboard. PAGES is its navigation and its permissions: a line here gives a page both.

Every route below /dashboard is closed unless somebody is signed in and their role has the page's permission;
what changes something asks for a permission of its own besides.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, request

from app.web.auth import require
from app.web.context import current_person
from app.web.dashboard import (
    balances,
    bank_accounts,
    bank_money,
    checkouts,
    escrow,
    events,
    fees,
    home,
    keys,
    ledger,
    logs,
    methods,
    payments,
    payouts,
    proof,
    refunds,
    settings,
    settlement,
    transfers,
    webhooks,
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, what it is called, and who may open it."""

    blueprint: Blueprint
    path: str
    title: str
    icon: str
    permission: str = "view"
    group: str = ""

    @property
    def endpoint(self) -> str:
        """The endpoint of its first view."""
        return f"dashboard.{self.blueprint.name}.index"


PAGES = (
    Page(home.blueprint, "", "Home", "home"),
    Page(payments.blueprint, "/payments", "Payments", "card"),
    Page(refunds.blueprint, "/refunds", "Refunds", "return"),
    Page(bank_money.blueprint, "/bank-transfers", "Bank transfers", "bank"),
    Page(escrow.blueprint, "/escrow", "Escrow", "lock"),
    Page(transfers.blueprint, "/transfers", "Transfers", "transfer"),
    Page(balances.blueprint, "/balances", "Balances", "scale"),
    Page(payouts.blueprint, "/payouts", "Payouts", "bank"),
    Page(ledger.blueprint, "/ledger", "Ledger", "book", "ledger"),
    Page(proof.blueprint, "/proof", "Proof", "seal", "ledger"),
    Page(checkouts.blueprint, "/links", "Payment links", "link"),
    Page(keys.blueprint, "/keys", "API keys", "key", "keys", "Developers"),
    Page(webhooks.blueprint, "/webhooks", "Webhooks", "hook", "keys", "Developers"),
    Page(events.blueprint, "/events", "Events", "bolt", "keys", "Developers"),
    Page(logs.blueprint, "/logs", "Request log", "list", "keys", "Developers"),
    Page(logs.idempotency, "/idempotency", "Idempotency", "repeat", "keys", "Developers"),
    Page(methods.blueprint, "/methods", "Payment methods", "card", "view", "Settings"),
    Page(fees.blueprint, "/fees", "Fees", "percent", "view", "Settings"),
    Page(settlement.blueprint, "/settlement", "Settlement", "repeat", "view", "Settings"),
    Page(
        bank_accounts.blueprint,
        "/bank-accounts",
        "Bank accounts",
        "bank",
        "bank_accounts",
        "Settings",
    ),
    Page(settings.blueprint, "/settings", "Your sessions", "person", "view", "Settings"),
)


def init_app(app: Flask) -> None:
    """Mount every page below /dashboard."""
    dashboard = Blueprint("dashboard", __name__, url_prefix="/dashboard")
    permissions = {f"dashboard.{one.blueprint.name}": one.permission for one in PAGES}

    @dashboard.before_request
    def close() -> None:
        current_person()
        require(permissions[str(request.blueprint)])

    @dashboard.context_processor
    def navigation() -> dict[str, object]:
        return {"pages": PAGES, "current_endpoint": f"{request.blueprint}.index"}

    for one in PAGES:
        dashboard.register_blueprint(one.blueprint, url_prefix=one.path)
    app.register_blueprint(dashboard)
