"""Bank transfers for tests: a payment that waits for one, and the money that arrives."""

from datetime import timedelta
from typing import Any

from app.domain.ids import new_id
from app.domain.methods.facts import token_of
from app.domain.money import Money
from app.domain.payments import Payment
from app.services import creation, customers, inbound, merchants, methods, polling
from app.services.creation import CreatePayment
from app.services.customers import CreateCustomer
from app.services.deps import Deps
from app.services.payments import load
from tests.factories import Shop
from tests.sandbox.server import SandboxServer

TRANSFER = "bank_transfer"


def make_customer(deps: Deps, shop: Shop, name: str = "Ada Novak") -> str:
    """A customer of the shop's; gives the id."""
    customer_id = new_id("cus", deps.clock.now())
    command = CreateCustomer(shop.merchant_id, customer_id, "api:test", name=name)
    return customers.create_customer(deps, command).id


def make_transfer(
    deps: Deps,
    shop: Shop,
    *,
    minor: int = 5000,
    currency: str = "EUR",
    customer_id: str | None = None,
) -> Payment:
    """A payment by bank transfer, as an API call makes it; a guest's where no customer is named."""
    merchants.set_methods(deps, shop.merchant_id, ["card", TRANSFER])
    reference = methods.reference_of(deps, shop.merchant_id, customer_id) if customer_id else None
    made = creation.create_payment(
        deps,
        CreatePayment(
            merchant_id=shop.merchant_id,
            amount=Money(minor, currency),
            actor="api:test",
            payment_method_token=token_of(TRANSFER),
            customer_id=customer_id,
            customer_reference=reference,
            customer_email="ada@example.com",
            customer_name="Ada Novak",
            method_types=(TRANSFER,),
        ),
    )
    assert isinstance(made, Payment)
    return made


def arrive(sandbox: SandboxServer, shop: Shop, payment: Payment, minor: int, **more: Any) -> None:
    """A transfer arrives at the account that the payment's customer was told."""
    sandbox.control(
        "transfers",
        account=shop.sandbox_account,
        payment_intent=payment.processor_reference,
        amount=minor,
        **more,
    )


def news(deps: Deps, shop: Shop, payment: Payment) -> Payment:
    """What happened at the processor meanwhile, by asking it for its events."""
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)
    return load(shop.merchant_id, payment.id)
