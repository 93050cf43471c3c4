"""Bank debits for tests: the sandbox's accounts, a consent, and a debit that was sent."""

from app.domain.money import Money
from app.domain.payments import Payment
from app.services import creation, merchants
from app.services.creation import CreatePayment
from app.services.deps import Deps
from tests.factories import Shop

# Accounts whose bank answers in days, or when a test lets it.
SEPA = "pm_successDelayed_at"
ACH = "pm_usBankAccount_processing"
MANDATE = {
    "mandate": {"accepted_at": 1_780_000_000, "ip": "192.0.2.7", "user_agent": "Test/1"},
}


def make_debit(
    deps: Deps, shop: Shop, *, method: str = "sepa_debit", token: str = SEPA, minor: int = 5000
) -> Payment:
    """A bank debit that was sent, as an API call makes it."""
    merchants.set_methods(deps, shop.merchant_id, ["card", method])
    made = creation.create_payment(
        deps,
        CreatePayment(
            merchant_id=shop.merchant_id,
            amount=Money(minor, "EUR" if method == "sepa_debit" else "USD"),
            actor="api:test",
            payment_method_token=token,
            customer_email="ada@example.com",
            customer_name="Ada Novak",
            method_types=(method,),
            said=MANDATE,
        ),
    )
    assert isinstance(made, Payment)
    return made
