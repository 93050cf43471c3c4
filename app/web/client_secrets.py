"""What a browser may know one payment by: an address for its customer, opened by a secret.

Whoever holds the secret was given it by the merchant.
"""

import hmac

from app.domain.payments import Payment
from app.web.context import deps


def client_secret(payment_id: str) -> str:
    """What a browser may know of a payment's state by; nothing of the processor's is in it."""
    return deps().customer_page.secret(payment_id)


def is_client_secret(given: str, payment_id: str) -> bool:
    """Whether it is this payment's; however wrong it is, the answer takes as long."""
    wanted = client_secret(payment_id).encode("utf-8", "replace")
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted)


def bank_page(payment: Payment) -> str:
    """Where the customer answers the bank: the checkout that the payment is of, else a page of its own."""
    if payment.session_id is not None:
        return f"{deps().base_url}/pay/{payment.session_id}"
    return deps().customer_page(payment.merchant_id, payment.id)
