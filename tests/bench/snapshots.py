"""L5: every invariant of the whole ledger, proved again and again while payments and refunds are made.

Each snapshot is `flask ledger verify`'s own use-case: all its queries in one REPEATABLE READ transaction.
"""

import multiprocessing
import threading
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event

import psycopg
from flask import Flask

from app.domain.money import Money
from app.domain.payments import Payment
from app.services import ledger, refunds
from app.services.creation import CreatePayment, create_payment
from app.services.deps import Deps
from app.store import db as store
from tests.bench import product
from tests.bench.stage import Stage

LOADERS = 2
THREADS = 4
# Slow enough for a hundred proofs of a growing ledger to end soon, far too fast for luck.
PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Proof:
    """How many snapshots, what they found, and what happened meanwhile."""

    snapshots: int
    violations: tuple[str, ...]
    payments: int
    refunds: int
    seconds: float

    @property
    def is_met(self) -> bool:
        """No violation, and a load was there in every sense."""
        return not self.violations and self.payments > self.snapshots


def prove(stage: Stage, snapshots: int) -> Proof:
    """Take the snapshots during load."""
    context = multiprocessing.get_context("spawn")
    ready, enough = context.Barrier(LOADERS + 1), context.Event()
    loaders = [
        context.Process(target=_load, args=(stage, number, ready, enough), daemon=True)
        for number in range(LOADERS)
    ]
    for loader in loaders:
        loader.start()
    ready.wait(60)
    app = product.build(stage.settings)
    violations: list[str] = []
    counts = []
    began = time.monotonic()
    try:
        with app.app_context():
            for _ in range(snapshots):
                violations += [f"{one.check}: {one.offender}" for one in ledger.verify()]
                counts.append(_count(stage, "payments"))
    finally:
        enough.set()
        for loader in loaders:
            loader.join(20)
        store.close(app)
    if any(loader.exitcode for loader in loaders):
        raise RuntimeError("a loader has died; its words stand above")
    return Proof(
        snapshots=snapshots,
        violations=tuple(violations),
        payments=counts[-1],
        refunds=_count(stage, "refunds"),
        seconds=time.monotonic() - began,
    )


def _count(stage: Stage, table: str) -> int:
    with psycopg.connect(stage.database_url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    return int(row[0]) if row else 0


def _load(stage: Stage, number: int, ready: threading.Barrier, enough: Event) -> None:
    app = product.build(stage.settings)
    threads = [
        threading.Thread(target=_shop, args=(app, stage, number * THREADS + place, enough))
        for place in range(THREADS)
    ]
    ready.wait(60)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close(app)


def _shop(app: Flask, stage: Stage, place: int, enough: Event) -> None:
    """Pay, refund, release, until there is enough."""
    deps: Deps = app.extensions["farthing"]
    merchant = stage.merchants[place % len(stage.merchants)]
    done = 0
    while not enough.wait(PAUSE_SECONDS):
        with app.app_context():
            payment = create_payment(
                deps,
                CreatePayment(
                    merchant_id=merchant.id,
                    amount=Money(5_000 + done, "USD"),
                    actor="api:bench",
                    payment_method_token="pm_card_visa",
                ),
            )
            done += 1
            if done % 5 == 0 and isinstance(payment, Payment):
                _refund(deps, payment)
            if done % 40 == 0:
                ledger.release_due(deps)


def _refund(deps: Deps, payment: Payment) -> None:
    command = refunds.RequestRefund(
        payment.merchant_id, payment.id, Money(1_200, payment.currency), "api:bench"
    )
    refund_id = refunds.request_refund(deps, command)
    refunds.submit_refund(deps, payment.merchant_id, refund_id)
