"""Payments on a provider's own page for tests: a checkout that was sent there, and its payment."""

from app.domain.methods.facts import token_of
from app.domain.money import Money
from app.domain.payments import Payment
from app.services import checkout, merchants
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.checkout_view import CheckoutView
from app.services.deps import Deps
from tests.factories import Shop

PRICE = Money(4999, "USD")
# Where the customer is, for each method: what it needs to be told besides.
SAID = {"paypal": {}, "klarna": {"country": "US"}}


def open_redirect(deps: Deps, shop: Shop, *, amount: Money = PRICE, **more: object) -> str:
    """A checkout of a shop that takes cards and every provider."""
    merchants.set_methods(deps, shop.merchant_id, ["card", *SAID])
    return checkout.open_session(
        deps,
        OpenSession(
            merchant_id=shop.merchant_id,
            line_items=(LineItem("Walnut tray", 1, amount),),
            currency=amount.currency,
            actor="api:test",
            **more,  # type: ignore[arg-type]
        ),
    )


def press(
    deps: Deps, session_id: str, method: str, said: dict[str, str] | None = None
) -> CheckoutView:
    """Choose the method and press the button."""
    told = SAID[method] if said is None else said
    command = PaySession(
        session_id, token_of(method), "ada@example.com", "Ada Novak", method=method, said=dict(told)
    )
    return checkout.pay(deps, command)


def payment_of(shop: Shop, session_id: str) -> Payment:
    """The checkout's payment as it stands."""
    payment = checkout.session_of(shop.merchant_id, session_id)[1]
    assert payment is not None
    return payment
