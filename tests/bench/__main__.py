"""The interleaved runs: `python -m tests.bench [--only PART] [--quick] [--write] [--profile]`."""

import argparse
import signal
import sys
import time
from dataclasses import dataclass

import psycopg

from tests.bench import (
    api,
    api_report,
    funds,
    funds_report,
    ledger,
    machine,
    profiles,
    report,
    snapshots,
    stage,
    twins,
    web,
    workers,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    postings: int
    requests: int
    batch_rounds: int
    batches: tuple[tuple[int, int, float], ...]
    snapshots: int


FULL = Plan(
    rounds=9,
    postings=250,
    requests=1_200,
    batch_rounds=7,
    batches=((100, 10, 0.40), (1_000, 2, 0.60)),
    snapshots=100,
)
QUICK = Plan(
    rounds=3,
    postings=100,
    requests=400,
    batch_rounds=3,
    batches=((100, 4, 0.40), (1_000, 1, 0.60)),
    snapshots=20,
)


def main() -> None:
    """Measure, print, and write what was asked for."""
    asked = _asked()
    # A bench that is told to end takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    payments, calls, money = None, None, None
    with stage.servers() as servers:
        if asked.profile:
            print("\n".join(str(path) for path in profiles.write(stage.prepare(servers))))
            return
        if asked.only in (None, "payments"):
            payments = run(servers, QUICK if asked.quick else FULL)
            print(report.terminal(payments))
        if asked.only in (None, "api"):
            facts = machine.facts(servers.postgres.url)
            calls = api.measure(servers, api.QUICK if asked.quick else api.FULL)
            print(api_report.terminal(calls))
        if asked.only in (None, "funds"):
            funds_facts = machine.facts(servers.postgres.url)
            money = funds.measure(servers, funds.QUICK if asked.quick else funds.FULL)
            print(funds_report.terminal(money))
    if asked.write:
        section = api_report.section(calls, facts) if calls else None
        more = funds_report.section(money, funds_facts) if money else None
        print(f"\nWritten: {report.write(payments, section, more)}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "--only", choices=("payments", "api", "funds"), help="one part of the goals"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, less history")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--profile", action="store_true", help="write docs/profiles only")
    return parser.parse_args()


def run(servers: stage.Servers, plan: Plan) -> report.Findings:
    """Measure every goal once."""
    began = time.monotonic()
    proof = snapshots.prove(stage.prepare(servers), plan.snapshots)
    scene = stage.prepare(servers)
    with psycopg.connect(scene.database_url, autocommit=True) as connection:
        twins.make(connection)
    sessions = machine.Sessions(servers.postgres.url)
    with workers.crew(scene, ledger.CLIENTS, sessions) as crew:
        posting = ledger.posting(crew, plan.rounds, plan.postings)
        served = web.measure(scene, crew, sessions, plan.rounds, plan.requests)
    batches = tuple(ledger.batches(scene, plan.batch_rounds, plan.batches))
    facts = machine.facts(servers.postgres.url)
    sessions.close()
    return report.Findings(facts, plan.rounds, posting, batches, proof, served, began)


if __name__ == "__main__":
    main()
