"""Whether a processor's object is really this payment's: the door before every outcome."""

from app.domain.errors import IntegrityFailure
from app.domain.payments import Payment
from app.domain.processor import Facts


def check_integrity(payment: Payment, facts: Facts, *, is_live: bool) -> None:
    """Refuse to apply an object that is not this payment's; raises IntegrityFailure naming the
    difference.
    """
    differences = []
    if facts.amount != payment.amount:
        differences.append(f"amount is {facts.amount}, ours is {payment.amount}")
    if facts.is_live != is_live:
        differences.append("test and live are mixed")
    if facts.merchant_id not in (None, payment.merchant_id):
        differences.append("it names another merchant")
    if facts.payment_id not in (None, payment.id):
        differences.append("it names another payment")
    if facts.reference and payment.processor_reference not in (None, facts.reference):
        differences.append("it has another reference")
    if differences:
        raise IntegrityFailure(
            f"The processor's object {facts.reference} does not match payment {payment.id}: "
            + "; ".join(differences)
        )
