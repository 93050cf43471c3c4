"""Money that can be paid out now: it was taken days ago, by the use-cases of today with the clock of then."""

import time
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from app.demo import Backdated
from app.demo_payouts import backdated
from app.domain.clock import FrozenClock
from app.domain.money import Money
from app.services import bank_accounts, bank_deposits, creation
from app.services.audit import By
from app.services.bank_account_entry import AddAccount, add_account
from app.services.bank_accounts import VerifyAccount
from app.services.creation import CreatePayment
from app.services.deps import Deps
from app.services.payouts import CreatePayout, create_payout
from app.store.bank_accounts import deposits_of
from app.store.db import transaction
from app.store.payouts import PayoutRow
from tests.factories import PAID_ACCOUNT, ROUTING, VISA, FakeQueue

BY = By("user:robin@shop.example")
LONG_AGO = timedelta(days=10)


def waiting_payout(deps: Deps, merchant_id: str) -> str:
    """A proven bank account, 86.80 dollars that are available, and a payout of 10.00 that nobody sends
    for an hour; gives its id. Workers may run meanwhile.
    """
    now = deps.clock.now()
    quiet = replace(deps, queue=FakeQueue())
    clock = FrozenClock(now - LONG_AGO)
    past = replace(
        quiet,
        clock=clock,
        processors={name: Backdated(one) for name, one in deps.processors.items()},
        rails=backdated(deps.rails, clock),
    )
    _open_account(past, merchant_id)
    creation.create_payment(
        past,
        CreatePayment(
            merchant_id=merchant_id,
            amount=Money(10_000, "USD"),
            actor="api:test",
            payment_method_token=VISA,
            capture_method="automatic",
        ),
    )
    ten = Money(1_000, "USD")
    made = create_payout(quiet, CreatePayout(merchant_id, "USD", BY.actor, ten))
    assert made is not None
    with transaction() as session:
        session.execute(
            update(PayoutRow)
            .where(PayoutRow.merchant_id == merchant_id, PayoutRow.id == made)
            .values(next_attempt_at=now + timedelta(hours=1))
        )
    return made


def _open_account(deps: Deps, merchant_id: str) -> None:
    account_id = add_account(
        deps,
        AddAccount(
            merchant_id=merchant_id,
            holder_name="Corner Shop Ltd",
            currency="USD",
            kind="us_account",
            routing=ROUTING,
            number=PAID_ACCOUNT,
            by=BY,
        ),
    )
    deadline = time.monotonic() + 30
    while True:
        bank_deposits.send_due(deps)
        with transaction() as session:
            sent = deposits_of(session, merchant_id, account_id)
        if all(one.status in ("sent", "paid") for one in sent):
            break
        # A worker has them in hand.
        assert time.monotonic() < deadline, "the deposits were not sent"
        time.sleep(0.05)
    first, second = (one.amount for one in sent)
    bank_accounts.verify_account(deps, VerifyAccount(merchant_id, account_id, (first, second), BY))
