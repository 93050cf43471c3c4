"""Steps of a random life of money: what is held for sellers, and what is paid out."""

from datetime import timedelta
from typing import Any

from app.domain.money import Money
from app.services import escrow, payout_sending, payout_terms, payouts, transfers
from app.services.escrow import FreezeEscrow, Part, ReleaseEscrow
from app.services.payouts import CreatePayout
from app.services.transfers import ReverseTransfer
from tests.services.money_ground import ROBIN, Call, Ground


class Funds(Ground):
    """Each step prepares one call from two numbers; None where there is nothing to do it to."""

    def release(self, a: int, b: int) -> Call | None:
        """A part, a milestone, or all as planned."""
        hold = self._pick(a, "SELECT * FROM escrow_holds WHERE released_minor < held_minor")
        if hold is None:
            return None
        amount = Money(2 + b % hold["held_minor"], hold["currency"])
        how: tuple[dict[str, Any], ...] = (
            {"parts": (Part((self.ann, self.ben)[b % 2], amount),)},
            {"parts": (Part(self.ben, amount, Money(1, amount.currency)),)},
            {"milestone": ("one", "two")[b % 2]},
            {},
        )
        command = ReleaseEscrow(
            self.me, hold["id"], "user:robin", self._name("release"), **how[a % 4]
        )
        return lambda: escrow.release(self.deps, command)

    def freeze(self, a: int, b: int) -> Call | None:
        """Hold it where it is, or let it go its way again."""
        hold = self._pick(a, "SELECT * FROM escrow_holds")
        if hold is None:
            return None
        if b % 3:
            return lambda: escrow.unfreeze(self.deps, self.me, hold["id"], "user:robin")
        command = FreezeEscrow(self.me, hold["id"], "user:robin", "Somebody asked.")
        return lambda: escrow.freeze(self.deps, command)

    def reverse(self, a: int, b: int) -> Call | None:
        """A seller gives back."""
        made = self._pick(a, "SELECT * FROM transfers")
        if made is None:
            return None
        part = Money(1 + b % made["amount_minor"], made["currency"]) if b % 3 else None
        name = self._name("trr")
        command = ReverseTransfer(self.me, made["id"], name, "user:robin", part)
        return lambda: transfers.reverse_transfer(self.deps, command)

    def pay_out(self, a: int, b: int) -> Call:
        """All that is available, a part of it, or more than there is."""
        who, currency = (self.me, self.me, self.ann)[a % 3], ("USD", "USD", "EUR")[b % 3]
        asked = Money(1 + b * 11, currency) if a % 2 else None
        command = CreatePayout(who, currency, "user:robin", asked, client_key=self._name("payout"))
        return lambda: payouts.create_payout(self.deps, command)

    def cancel_payout(self, a: int, _b: int) -> Call | None:
        """Call one back, which its sending may be about to do."""
        made = self._pick(a, "SELECT * FROM payouts WHERE status = 'pending'")
        if made is None:
            return None
        return lambda: payouts.cancel_payout(
            self.deps, made["merchant_id"], made["id"], "user:robin"
        )

    def carry(self, a: int, b: int) -> Call:
        """The bank takes orders, refuses them, loses answers; one arrives or comes back."""
        self.rail.mood = ("carries", "carries", "loses", "refuses")[a % 4]
        self.rail.move(b)
        self.clock.advance(timedelta(hours=2))
        return lambda: payout_sending.submit_due(self.deps)

    def send_payouts(self, _a: int, _b: int) -> Call:
        """The worker looks at what is due now."""
        return lambda: payout_sending.submit_due(self.deps)

    def change_terms(self, a: int, b: int) -> Call:
        """A delay, a minimum, a reserve."""
        terms = payout_terms.SetTerms(
            self.me, "USD", "daily", ROBIN, delay_days=a % 3, minimum=Money(b, "USD")
        )
        reserve = payout_terms.SetReserve(self.me, "USD", (b % 4) * 500, 1 + a % 6, ROBIN)

        def change() -> None:
            payout_terms.set_terms(self.deps, terms)
            payout_terms.set_reserve(self.deps, reserve)

        return change
