from tests.factories import make_payment
from app.services import refunds
from tests.factories import usd

def test_a(deps, shop, queue):
    p = make_payment(deps, shop)
    assert p.status == "captured"
    refunds.request_refund(deps, refunds.RequestRefund(shop.merchant_id, p.id, usd("10.00"), "u"))
    assert queue.drain() == ["refunds"]
