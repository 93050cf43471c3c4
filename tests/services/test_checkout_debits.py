"""A hosted checkout paid by bank debit: over when the customer did their part, paid when the bank did."""

from datetime import timedelta

import pytest

from app.domain.errors import InvalidRequest
from app.domain.escrow import Plan
from app.domain.money import Money
from app.services import checkout, expiry, inbound, merchants, polling
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.checkout_view import CheckoutView
from app.services.deps import Deps
from tests.debits import MANDATE, SEPA
from tests.factories import Shop, TestClock
from tests.services.bank import Bank, rows

PRICE = Money(4999, "EUR")


def _open(deps: Deps, shop: Shop, **more: object) -> str:
    merchants.set_methods(deps, shop.merchant_id, ["card", "sepa_debit"])
    return checkout.open_session(
        deps,
        OpenSession(
            merchant_id=shop.merchant_id,
            line_items=(LineItem("Walnut tray", 1, PRICE),),
            currency="EUR",
            actor="api:test",
            **more,  # type: ignore[arg-type]
        ),
    )


def _pay(deps: Deps, session_id: str, token: str = SEPA) -> CheckoutView:
    command = PaySession(
        session_id, token, "ada@example.com", "Ada Novak", method="sepa_debit", said=MANDATE
    )
    return checkout.pay(deps, command)


def _news(deps: Deps) -> None:
    polling.poll_due(deps, every=timedelta())
    inbound.handle_due(deps)


def _events(session_id: str) -> list[str]:
    found = rows("SELECT name FROM events WHERE subject_id = :s ORDER BY id", s=session_id)
    return [row["name"] for row in found]


def _reference(bank: Bank) -> str:
    """What the processor calls the shop's only payment."""
    [row] = rows(
        "SELECT processor_reference FROM payments WHERE merchant_id = :m", m=bank.shop.merchant_id
    )
    return str(row["processor_reference"])


class _Known:
    """A payment as far as its bank has to know it."""

    def __init__(self, bank: Bank) -> None:
        self.processor_reference = _reference(bank)


def test_the_checkout_is_complete_before_the_bank_has_answered(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    """So that it neither expires meanwhile nor can be paid a second time."""
    session_id = _open(deps, shop)

    view = _pay(deps, session_id)

    assert (view.phase, view.status) == ("pending", "complete")
    assert view.method_details["last4"] == "3204"
    again = _pay(deps, session_id, token="pm_success_at")
    assert again.payment_id == view.payment_id
    assert _events(session_id) == ["checkout.opened", "checkout.completed"]
    assert len(bank.events("charge.pending")) == 1


def test_what_the_bank_says_later_is_an_event_of_the_checkout(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    session_id = _open(deps, shop)
    _pay(deps, session_id)
    bank.debit(_Known(bank), "accept")

    _news(deps)

    assert checkout.state(deps, session_id).phase == "paid"
    assert _events(session_id)[-1] == "checkout.payment_succeeded"


def test_a_refusal_days_later_ends_the_checkout_unpaid(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    """It does not become a form again: nobody is there, and the shop opens another checkout."""
    session_id = _open(deps, shop)
    _pay(deps, session_id)
    clock.advance(timedelta(days=3))
    expiry.expire_due(deps)
    bank.debit(_Known(bank), "refuse", failure="account_closed", code="AC04")

    _news(deps)

    view = checkout.state(deps, session_id)
    assert (view.phase, view.status) == ("refused", "complete")
    assert _events(session_id)[-1] == "checkout.payment_failed"
    assert _pay(deps, session_id, token="pm_success_at").phase == "refused"


def test_a_payment_that_was_taken_back_says_so(deps: Deps, shop: Shop, bank: Bank) -> None:
    session_id = _open(deps, shop)
    _pay(deps, session_id)
    bank.debit(_Known(bank), "accept")
    bank.debit(_Known(bank), "return", code="MD06")

    _news(deps)

    assert checkout.state(deps, session_id).phase == "taken_back"


def test_what_is_switched_off_or_cannot_work_is_refused_when_it_is_opened(
    deps: Deps, shop: Shop
) -> None:
    with pytest.raises(InvalidRequest, match="not switched on"):
        _open(deps, shop, methods=("ach_debit",))
    with pytest.raises(InvalidRequest, match="None of these payment methods can take"):
        _open(deps, shop, methods=("sepa_debit",), capture_method="manual")


def test_what_is_held_in_escrow_is_not_taken_by_debit(deps: Deps, shop: Shop, bank: Bank) -> None:
    """A bank could take back what was long released."""
    held = Plan().stored()
    session_id = _open(deps, shop, escrow=held)

    assert checkout.state(deps, session_id).methods == ("card",)
    with pytest.raises(InvalidRequest, match="None of these payment methods can take"):
        _open(deps, shop, escrow=held, methods=("sepa_debit",))


def test_a_way_that_the_checkout_does_not_offer_takes_nothing(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    session_id = _open(deps, shop, methods=("card",))

    with pytest.raises(InvalidRequest):
        _pay(deps, session_id)

    assert bank.events() == []


def test_at_least_one_way_to_pay_stays_switched_on(deps: Deps, shop: Shop) -> None:
    with pytest.raises(InvalidRequest):
        merchants.set_methods(deps, shop.merchant_id, [])
    with pytest.raises(InvalidRequest):
        merchants.set_methods(deps, shop.merchant_id, ["gold"])
