"""A merchant's money in all its turns: real use-cases over the real database, step by step or at once.

A step prepares one call from two numbers. Each call is made twice, and those of a group all at the same
moment: so every command meets its own repetition and its neighbours. A refusal is as good as any answer.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.error import HTTPError

from stripe import StripeError

from app.domain.errors import FarthingError, IntegrityFailure, PayoutContradiction
from app.services import (
    books,
    conversions,
    escrow,
    fx,
    ledger,
    merchants,
    payout_sending,
    payout_terms,
    payouts,
    refunds,
    reversals,
)
from app.services.merchants import ChooseSettlement
from tests.services.bank import at_once, rows
from tests.services.money_funds import Funds
from tests.services.money_ground import ROBIN, Call
from tests.services.money_sales import Sales

Step = tuple[str, int, int]

# What may be answered to a command; that the books contradict themselves may never be.
REFUSED = (FarthingError, StripeError, HTTPError)
WRONG = (PayoutContradiction, IntegrityFailure)
# What may happen, the more often named the more often.
HAPPENINGS = (
    "pay", "pay", "pay", "sell", "sell", "debit", "lose", "capture", "cancel", "bank_says", "bank_says",
    "hear", "refund", "refund", "refund", "send_refunds", "send_refunds", "refund_there", "release",
    "release", "freeze", "reverse", "pay_out", "pay_out", "cancel_payout", "carry", "carry",
    "send_payouts", "change_terms", "days", "days", "rate", "settle_in", "close",
)  # fmt: skip


class Life(Sales, Funds):
    """What happens to the money of a platform and its sellers."""

    def begin(self) -> None:
        """Some of everything, so that there is something to happen to."""
        self.rates.level = 0
        firsts: tuple[Step, ...] = (
            ("rate", 1, 0), ("settle_in", 0, 0), ("pay", 1, 400), ("pay", 1, 401), ("pay", 0, 402),
            ("sell", 1, 500), ("debit", 0, 300), ("bank_says", 0, 1), ("days", 3, 0), ("days", 1, 0),
        )  # fmt: skip
        self.live([[step] for step in firsts])

    def live(self, history: Sequence[Sequence[Step]]) -> None:
        """So much happens: groups of steps, those of a group at once."""
        for group in history:
            calls = [getattr(self, name)(a, b) for name, a, b in group]
            self.happen([call for call in calls if call is not None])

    def happen(self, calls: Sequence[Call]) -> None:
        """Make each call twice, several at the same moment; raises whatever is no refusal."""
        self.deps.rates.forget()
        if len(calls) > 1:
            answers: Sequence[object] = at_once([*calls, *calls])
        else:
            answers = [_answer(call) for call in (*calls, *calls)]
        for answer in answers:
            if isinstance(answer, WRONG) or (
                isinstance(answer, Exception) and not isinstance(answer, REFUSED)
            ):
                raise answer

    def days(self, a: int, _b: int) -> Call:
        """Days pass, and what they bring is done."""
        self.clock.advance(timedelta(days=1 + a % 4))
        return self.jobs

    def jobs(self) -> None:
        """Everything that comes with time."""
        ledger.release_due(self.deps)
        payout_terms.release_reserves(self.deps)
        escrow.release_due(self.deps)
        conversions.convert_due(self.deps)
        reversals.reverse_due(self.deps)
        payouts.pay_scheduled(self.deps)

    def rate(self, a: int, b: int) -> Call:
        """Rates move, or their source says nothing more."""
        self.rates.level = b if a % 5 else None
        return lambda: (fx.fetch_rates(self.deps), conversions.convert_due(self.deps))

    def settle_in(self, a: int, _b: int) -> Call:
        """What is kept as it was paid from now on, and what is converted."""
        kept = ((), ("EUR",), ("EUR", "GBP"))[a % 3]
        command = ChooseSettlement(self.me, kept, ROBIN)
        return lambda: merchants.choose_settlement(self.deps, command)

    def close(self, _a: int, _b: int) -> Call:
        """Seal what is final."""
        return lambda: books.close_books(self.deps)

    def end_well(self) -> None:
        """Nothing goes wrong any more, and everybody waits until all is decided."""
        self.bank.sandbox.clear_faults()
        self.rates.level = 1
        for _ in range(2):
            fx.fetch_rates(self.deps)
            self.deps.rates.forget()
            refunds.submit_due(self.deps)
            # Refunds are decided a second after they were made.
            self.bank.sandbox.control("clock", advance_seconds=2)
            for known in rows("SELECT id FROM payments WHERE processor_reference IS NOT NULL"):
                self._hear(known["id"])
            self.jobs()
            self.clock.advance(timedelta(hours=8))
        for _ in range(3):
            self.rail.settle()
            payout_sending.submit_due(self.deps)
            self.clock.advance(timedelta(hours=2))
        books.close_books(self.deps)


def _answer(call: Call) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the caller judges it
        return error
