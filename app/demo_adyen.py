"""The demo's shop at Adyen: its account, and what Adyen tells of it.

Adyen cannot be asked. What became of captures and refunds of the past is read from the sandbox day by
day, as its notifications would have brought it; from today on they come by themselves.
"""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from app.domain.money import Money
from app.services import accounts, inbound, merchants
from app.services.accounts import ConnectAccount
from app.services.deps import Deps

MERCHANT_ACCOUNT = "FieldnotesPress"
TIMEOUT_SECONDS = 20
# The sandbox decides on captures and refunds a moment after it has received them.
LATEST_SECONDS = 1.5
# What customers' cards do there: there are no wallets at Adyen yet.
CARDS = (
    ("pm_card_visa", 48),
    ("pm_card_mastercard", 34),
    ("pm_card_amex", 8),
    ("pm_card_chargeDeclined", 5),
    ("pm_card_chargeDeclinedInsufficientFunds", 5),
)


@dataclass
class AdyenShop:
    """One merchant's account at Adyen in the sandbox."""

    merchant_id: str
    account_id: str
    sandbox_url: str
    hmac_key: str
    _heard: int = field(default=0)

    def hear(self, deps: Deps) -> None:
        """Take in what was told since the last time, as of the clock's moment."""
        answer = requests.get(
            f"{self.sandbox_url}/control/api/adyen/notifications",
            params={"merchant_account": MERCHANT_ACCOUNT, "hmac_key": self.hmac_key},
            timeout=TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        told: list[dict[str, Any]] = answer.json()["deliveries"]
        for delivery in told[self._heard :]:
            body = json.dumps(delivery).encode()
            inbound.receive(deps, inbound.ReceiveNews(self.account_id, body, {}))
        self._heard = len(told)
        inbound.handle_due(deps)

    def go_on(self, deps: Deps) -> None:
        """The past is over: hear the last of it, and have the rest brought."""
        time.sleep(LATEST_SECONDS)
        self.hear(deps)
        requests.post(
            f"{self.sandbox_url}/control/api/adyen/webhooks",
            json={
                "merchant_account": MERCHANT_ACCOUNT,
                "url": f"{deps.base_url}/hooks/adyen/{self.account_id}",
                "hmac_key": self.hmac_key,
            },
            timeout=TIMEOUT_SECONDS,
        ).raise_for_status()

    def link(self, deps: Deps) -> str:
        """Where anybody may pay this shop."""
        price = Money(1_850, "GBP")
        link_id = merchants.create_link(deps, self.merchant_id, title="Field journal", amount=price)
        return f"{deps.base_url}/buy/{link_id}"


def connect(deps: Deps, merchant_id: str, sandbox_url: str) -> AdyenShop:
    """Connect a merchant to a new account."""
    key = secrets.token_hex(32).upper()
    account_id = accounts.connect_account(
        deps,
        ConnectAccount(
            merchant_id=merchant_id,
            processor="adyen",
            external_account=MERCHANT_ACCOUNT,
            publishable_key="test_fieldnotes",
            secret_key=f"adyen_test_{MERCHANT_ACCOUNT}",
            webhook_secrets=(key,),
        ),
    )
    return AdyenShop(merchant_id, account_id, sandbox_url, key)
