"""News about a payment arrives between reading it and writing what we are about to do: it is read again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import psycopg
import pytest

from app.domain.clock import Clock
from app.domain.payments import Payment
from app.services.deps import Deps
from app.services.payments import CancelPayment, CapturePayment, cancel_payment, capture_payment
from tests.factories import Shop, make_payment


class MeanwhileClock:
    """Real time; the first who asks for it is overtaken by somebody else."""

    def __init__(self, real: Clock, meanwhile: Callable[[], None]) -> None:
        self._real = real
        self._meanwhile: Callable[[], None] | None = meanwhile

    def now(self) -> datetime:
        """The moment, after what happens meanwhile."""
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return self._real.now()


def _capture(deps: Deps, payment: Payment) -> str:
    command = CapturePayment(payment.merchant_id, payment.id, "api:test")
    return capture_payment(deps, command).status


def _cancel(deps: Deps, payment: Payment) -> str:
    command = CancelPayment(payment.merchant_id, payment.id, "api:test", "duplicate")
    return cancel_payment(deps, command).status


@pytest.mark.parametrize("act,status", [(_capture, "captured"), (_cancel, "canceled")])
def test_news_that_changes_nothing_is_in_nobodys_way(
    deps: Deps,
    shop: Shop,
    database_url: str,
    act: Callable[[Deps, Payment], str],
    status: str,
) -> None:
    held = make_payment(deps, shop, capture_method="manual")

    def news() -> None:
        # A webhook that says what we know already moves the row's version and nothing else.
        with psycopg.connect(database_url) as connection:
            query = "UPDATE payments SET version = version + 1 WHERE id = %s"
            connection.execute(query, (held.id,))

    assert act(replace(deps, clock=MeanwhileClock(deps.clock, news)), held) == status
