"""L1 and L2: posting, singly and in batches, beside raw inserts of the same rows."""

import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.store import payment_path
from tests.bench import twins
from tests.bench.machine import Sessions
from tests.bench.measure import Goal
from tests.bench.stage import Stage
from tests.bench.workers import Client, Crew, Window

CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Posting:
    """L1, with the CPU time behind it."""

    goal: Goal
    ours: tuple[Window, ...]
    yardstick: tuple[Window, ...]


def posting(crew: Crew, rounds: int, count: int) -> Posting:
    """L1: one outcome a commit, eight clients; the twins take the rows that were just written."""
    ours, yardstick = [], []
    for _ in range(rounds):
        ours.append(crew.run("record", count))
        yardstick.append(crew.run("raw", count))
    goal = Goal(
        "L1",
        f"posting, one commit each, {CLIENTS} clients ÷ raw insert of the same rows",
        "payments/s",
        tuple(one.per_second for one in ours),
        tuple(one.per_second for one in yardstick),
        0.60,
        is_at_least=True,
    )
    return Posting(goal, tuple(ours), tuple(yardstick))


def batches(stage: Stage, rounds: int, plan: Sequence[tuple[int, int, float]]) -> Iterator[Goal]:
    """L2: `(size, how many, limit)` batches from one writer, beside COPY of the same rows."""
    client = Client(stage, 0)
    series: dict[int, tuple[list[float], list[float]]] = {size: ([], []) for size, _, _ in plan}
    for _ in range(rounds + 1):
        for size, times, _ in plan:
            ours, copied = _pair(client, size, times)
            series[size][0].append(ours)
            series[size][1].append(copied)
    for size, _, limit in plan:
        ours_all, copied_all = series[size]
        yield Goal(
            f"L2 ({size:,})",
            f"posting, {size:,} in a batch, one writer ÷ COPY of the same rows",
            "payments/s",
            tuple(ours_all[1:]),  # The first round plans and warms.
            tuple(copied_all[1:]),
            limit,
            is_at_least=True,
        )


def _pair(client: Client, size: int, times: int) -> tuple[float, float]:
    """Payments a second: ours, and COPY's."""
    made = client.begin(size * times)
    chunks = [made[first : first + size] for first in range(0, len(made), size)]
    gc.collect()
    with client.app.app_context():
        began = time.perf_counter()
        for chunk in chunks:
            payment_path.record([one.outcome for one in chunk])
        ours = time.perf_counter() - began
    ids = [one.intent.payment.id for one in made]
    found = twins.rows_of(client.owner, client.tables, ids)
    merged = [
        twins.merge(client.tables, found[first : first + size])
        for first in range(0, len(found), size)
    ]
    gc.collect()
    began = time.perf_counter()
    for batch in merged:
        twins.copy_all(client.owner, client.tables, batch)
    return len(made) / ours, len(made) / (time.perf_counter() - began)


__all__ = ["Sessions", "batches", "posting"]
