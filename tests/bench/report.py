"""What a run found, for the terminal and as docs/performance.md."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.ledger import Posting
from tests.bench.machine import Facts
from tests.bench.measure import Goal, Spread
from tests.bench.snapshots import Proof
from tests.bench.web import Web

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


API_HEADING = "## The API\n"
FUNDS_HEADING = "## Balances, statements, payouts\n"
NEXT_HEADING = "## How it is measured\n"


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one run measured."""

    facts: Facts
    rounds: int
    posting: Posting
    batches: tuple[Goal, ...]
    proof: Proof
    web: Web
    began: float

    @property
    def goals(self) -> list[Goal]:
        """All goals that are ratios."""
        return [self.posting.goal, *self.batches, *self.web.goals()]


def terminal(found: Findings) -> str:
    """The figures, for whoever waits at the terminal."""
    lines = [_machine(found), "", "least / median / most of the rounds; ratios pair by pair", ""]
    for goal in found.goals:
        lines += [
            f"{goal.id:10} {goal.meaning}",
            f"           ours {Spread.of(goal.ours)} {goal.unit};"
            f" yardstick {Spread.of(goal.yardstick)}",
            f"           ratio {goal.ratio}, goal {goal.target}: {goal.verdict}",
        ]
    lines += [f"{'L5':10} {_proof(found.proof)}", ""]
    lines += [f"  {name:52} {spread} CPU-ms" for name, spread in _parts(found).items()]
    return "\n".join(lines)


def document(found: Findings) -> str:
    """The page for docs/."""
    rows = [
        f"| {goal.id} | {goal.meaning} | {Spread.of(goal.ours)} | {Spread.of(goal.yardstick)}"
        f" | {goal.unit} | **{goal.ratio}** | {goal.target} | {goal.verdict} |"
        for goal in found.goals
    ]
    proof = "met" if found.proof.is_met else "missed"
    parts = [f"| {name} | {spread} |" for name, spread in _parts(found).items()]
    text = _PAGE.format(
        machine=_machine(found),
        goals="\n".join(rows),
        proof=f"{_proof(found.proof)} **{proof}**",
        parts="\n".join(parts),
        missed=_missed(found),
        profiles=_profiles(),
    )
    return text


def write(found: Findings | None, api: str | None, funds: str | None) -> Path:
    """Replace docs/performance.md; a part that was not measured stays as it was written before."""
    path = DOCS / "performance.md"
    known = _parts_of(path.read_text(encoding="utf-8"))
    page = known if found is None else _parts_of(document(found))
    text = page.before + (api or known.api) + (funds or known.funds) + page.after
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class _Parts:
    """The page before the sections that have runs of their own, those, and what follows."""

    before: str
    api: str
    funds: str
    after: str


def _parts_of(page: str) -> _Parts:
    head, begins, after = page.partition(NEXT_HEADING)
    head, has_funds, funds = head.partition(FUNDS_HEADING)
    before, has_api, api = head.partition(API_HEADING)
    return _Parts(before, has_api + api, has_funds + funds, begins + after)


def _machine(found: Findings) -> str:
    facts = found.facts
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    durable = ", ".join(f"{name}={value}" for name, value in facts.durability.items())
    load = os.getloadavg()[1]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {facts.processor}, {facts.cores} cores,"
        f" {facts.memory_gib} GiB, {facts.kernel}; {versions}; {durable}."
        f" {found.rounds} rounds in {time.monotonic() - found.began:.0f} s;"
        f" mean load of the last five minutes {load:.1f}."
    )


def _proof(proof: Proof) -> str:
    found = "; ".join(proof.violations[:3]) or "none"
    return (
        f"{proof.snapshots} snapshots of the whole ledger during load, {proof.seconds:.0f} s in which"
        f" it grew to {proof.payments:,} payments and {proof.refunds:,} refunds; violations: {found}."
    )


def _parts(found: Findings) -> dict[str, Spread]:
    posting = found.posting
    return found.web.parts() | {
        "posting singly: PostgreSQL session": Spread.of([w.server_ms for w in posting.ours]),
        "posting singly: client": Spread.of([w.client_ms for w in posting.ours]),
        "raw insert of the same rows: PostgreSQL session": Spread.of(
            [w.server_ms for w in posting.yardstick]
        ),
        "raw insert of the same rows: client": Spread.of([w.client_ms for w in posting.yardstick]),
    }


def _missed(found: Findings) -> str:
    missed = [goal for goal in found.goals if not goal.is_met]
    if not missed:
        return "Nothing: every goal was met in this run."
    return "\n".join(
        f"* **{goal.id}** {goal.verdict}: {goal.ratio.median:.2f}, wanted {goal.target}."
        for goal in missed
    )


def _profiles() -> str:
    names = sorted(path.name for path in (DOCS / "profiles").glob("*.txt"))
    return ", ".join(f"[{name}](profiles/{name})" for name in names) or "none was taken"


_PAGE = """# Performance

Written by `make bench ARGS=--write`; do not edit. {machine}

Each goal is a ratio to a yardstick that runs beside it: both take turns, round by round (A B A B
…), and the ratio is taken pair by pair. Figures are *least / median / most* of the rounds. Absolute
figures move by a fifth from hour to hour, and by more when the machine has other work; ratios
hardly.

## Goals

| | what | ours | yardstick | unit | ratio | goal | |
|---|---|---|---|---|---|---|---|
{goals}

L5: {proof}

## What is missed

{missed}

Profiles of both sides: {profiles}.

## Where the time goes

CPU-milliseconds a request or payment.

| part | least / median / most |
|---|---|
{parts}

## How it is measured

* **Servers.** An embedded PostgreSQL of its own on an empty folder, durable as in production
  (`fsync` and `synchronous_commit` on), and Valkey. granian runs as `make run` starts it: two
  processes, five threads each.
* **Processor.** In the web's own process, answering *captured* at once with card facts and its fee:
  what is measured is ours. Guard, wiring, authentication, rules and books are the product's.
* **CPU time** is read from `/proc/<pid>/stat`: of granian and its workers, and of each PostgreSQL
  client session. A session's time appears in its parent only once it is reaped, so every session
  stays open over its window and is read directly; one that ends inside a window stops the bench.
  Background processes (WAL writer, checkpointer, autovacuum) are not counted, on either side. The
  HTTP load's own CPU is not counted.
* **L1.** Eight client processes post outcomes with the product's own store function, one commit
  each: new versions of payment, call and idempotency key, a journal for the money and one for the
  processor's fee, three postings, an event and its row of the outbox. The yardstick inserts exactly
  these rows, read back and ready as text, with one statement into twins of the tables: same
  columns, same indexes, and no key, foreign key, CHECK or trigger.
* **L2.** The same from one writer in batches; the yardstick is one COPY a table into the twins, in
  one transaction.
* **L5.** Snapshots are `flask ledger verify`, at REPEATABLE READ, while eight threads pay, refund
  and release.
* **W1.** A first `POST /payments` over eight connections. The yardstick is the sum of a Flask view
  that reads the key, parses the same body and writes an answer of the same size, on the same
  server, and of both statements, ready made, in eight bare psycopg loops.
* **W5.** The same requests sent again, against the first time.
* That the path costs two round trips, and a replay one, is a test:
  `tests/bench/test_round_trips.py` counts what PostgreSQL answers on the wire.

## How to repeat

`make bench` measures and prints (under ten minutes), `make bench ARGS=--quick` in three, `make bench
ARGS=--write` also writes this page, `make bench ARGS="--only api --write"` (or `payments`, or `funds`)
one part of it, `make bench ARGS=--profile` writes the profiles. Nothing else should run meanwhile.
"""
