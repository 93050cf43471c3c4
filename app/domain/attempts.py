"""One try to take a payment that reached a bank: what the API calls a charge."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.payments import Payment, is_accepted


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to take a payment that reached the bank; `payment` is as it stands now."""

    id: str
    payment: Payment
    is_paid: bool
    reason: str | None
    code: str | None
    payment_method_id: str | None
    created_at: datetime

    @property
    def is_pending(self) -> bool:
        """Whether its bank has not answered yet."""
        return not self.is_paid and self.is_latest and is_accepted(self.payment)

    @property
    def is_latest(self) -> bool:
        """Whether no other try followed."""
        return self.payment.attempt_id == self.id
