"""What a browser may know one payment by: an address for its customer, opened by a secret.

The secret is derived, so nothing of it is stored, and nothing of the processor's is in it. Whoever
holds it was given it by the merchant.
"""

import hashlib
import hmac
from urllib.parse import urlencode

from flask import current_app

from app.domain.payments import Payment
from app.web.context import deps


def client_secret(payment_id: str) -> str:
    """What a browser may know of a payment's state by; nothing of the processor's is in it."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    mac = hmac.new(key, b"client_secret:" + payment_id.encode(), hashlib.sha256)
    return f"{payment_id}_secret_{mac.hexdigest()[:32]}"


def is_client_secret(given: str, payment_id: str) -> bool:
    """Whether it is this payment's; however wrong it is, the answer takes as long."""
    wanted = client_secret(payment_id).encode("utf-8", "replace")
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted)


def bank_page(payment: Payment) -> str:
    """Where the customer answers the bank: the checkout that the payment is of, else a page of its own.

    It names the account, since a payment is looked up by both: no index knows payments alone.
    """
    if payment.session_id is not None:
        return f"{deps().base_url}/pay/{payment.session_id}"
    opened_by = {"account": payment.merchant_id, "client_secret": client_secret(payment.id)}
    return f"{deps().base_url}/pay/authenticate/{payment.id}?{urlencode(opened_by)}"
