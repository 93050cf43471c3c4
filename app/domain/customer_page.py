"""The page of one payment for its customer, and the secret that opens it.

The secret is derived, so nothing of it is stored, and nothing of the processor's is in it.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Where a payment without a checkout is confirmed, and where a customer comes back to."""

    base_url: str
    key: str = field(repr=False)

    def secret(self, payment_id: str) -> str:
        """What opens one payment to whoever holds it."""
        mac = hmac.new(self.key.encode(), b"client_secret:" + payment_id.encode(), hashlib.sha256)
        return f"{payment_id}_secret_{mac.hexdigest()[:32]}"

    def __call__(self, merchant_id: str, payment_id: str) -> str:
        """The address. It names the account, since a payment is looked up by both: no index knows
        payments alone.
        """
        opened_by = {"account": merchant_id, "client_secret": self.secret(payment_id)}
        return f"{self.base_url}/pay/authenticate/{payment_id}?{urlencode(opened_by)}"
