"""The demo's bank account, and the payouts of the weeks that are told."""

from collections.abc import Mapping
from typing import Any

import requests

from app.domain.bank_days import bank_days_after
from app.domain.clock import Clock
from app.domain.money import Money
from app.domain.rails import Accepted, Paid, PayoutOrder, PayoutRail, RailOutcome
from app.services import bank_accounts, bank_deposits, payout_sending, payout_terms, payouts
from app.services.audit import By
from app.services.bank_account_entry import AddAccount, add_account
from app.services.bank_accounts import VerifyAccount
from app.services.deps import Deps
from app.services.payout_terms import SetReserve, SetTerms

NUMBER = "000123456789"
TIMEOUT_SECONDS = 20
_BY = By("user:owner@wren.example")


class BackdatedRail:
    """A bank as the past would have seen it: its days come from the clock of the story."""

    def __init__(self, inner: PayoutRail, clock: Clock) -> None:
        self._inner, self._clock = inner, clock
        self.name, self.is_live = inner.name, inner.is_live
        self.currencies, self.kinds = inner.currencies, inner.kinds
        self.countries = inner.countries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Send it."""
        return self._told_then(self._inner.send(order))

    def query(self, order: PayoutOrder) -> RailOutcome:
        """Ask what became of it."""
        return self._told_then(self._inner.query(order))

    def _told_then(self, outcome: RailOutcome) -> RailOutcome:
        now = self._clock.now()
        match outcome:
            case Accepted(reference, trace_id, _):
                return Accepted(reference, trace_id, bank_days_after(now.date(), 1))
            case Paid(reference, trace_id, _):
                return Paid(reference, trace_id, now)
        return outcome


def backdated(rails: Mapping[str, PayoutRail], clock: Clock) -> dict[str, PayoutRail]:
    """The rails, in the past."""
    return {name: BackdatedRail(rail, clock) for name, rail in rails.items()}


def open_bank_account(deps: Deps, merchant_id: str, sandbox_url: str) -> None:
    """A verified account in dollars, paid to every Friday, with a twentieth kept back for thirty days."""
    account_id = add_account(
        deps,
        AddAccount(
            merchant_id=merchant_id,
            holder_name="Wren & Co.",
            currency="USD",
            kind="us_account",
            iban="",
            routing="110000000",
            number=NUMBER,
            by=_BY,
        ),
    )
    bank_deposits.send_due(deps)
    first, second = _on_the_statement(sandbox_url)
    bank_accounts.verify_account(deps, VerifyAccount(merchant_id, account_id, (first, second), _BY))
    payout_terms.set_terms(deps, SetTerms(merchant_id, "USD", "weekly", _BY, weekday=5))
    payout_terms.set_reserve(deps, SetReserve(merchant_id, "USD", 500, 30, _BY))


def _on_the_statement(sandbox_url: str) -> list[Money]:
    """What the account's owner sees of the two deposits."""
    answer = requests.get(f"{sandbox_url}/bank/record", timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return [
        Money(fact["amount"], fact["currency"].upper())
        for fact in answer.json()["facts"]
        if (fact["fact"], fact["last4"]) == ("sent", NUMBER[-4:])
    ]


def pay_out(deps: Deps, sandbox_url: str) -> None:
    """One evening: what is on its way arrives, and what is due today is sent."""
    requests.post(
        f"{sandbox_url}/control/api/bank/settle", json={}, timeout=TIMEOUT_SECONDS
    ).raise_for_status()
    payout_terms.release_reserves(deps)
    payouts.pay_scheduled(deps)
    payout_sending.submit_due(deps)
