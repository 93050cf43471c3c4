"""What a merchant pays for a payment: percent and fixed part, in whole numbers.

The schedule's version is stored on the payment, with the fee it gave. Rounding: half up to the
minor unit, once per payment.
"""

from dataclasses import dataclass

from app.domain.currencies import CURRENCIES
from app.domain.money import Money


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """`basis_points` of the amount plus `fixed_hundredths` hundredths of a currency unit."""

    version: str
    basis_points: int
    fixed_hundredths: int

    def fee(self, amount: Money) -> Money:
        """The fee for a captured amount; never more than the amount itself."""
        variable = (amount.amount_minor * self.basis_points + 5_000) // 10_000
        exponent = CURRENCIES[amount.currency].exponent
        fixed = (self.fixed_hundredths * 10**exponent + 50) // 100
        return Money(min(variable + fixed, amount.amount_minor), amount.currency)


CARD_STANDARD = FeeSchedule("card-standard-1", basis_points=290, fixed_hundredths=30)
