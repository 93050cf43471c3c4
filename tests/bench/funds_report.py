"""What was found of balances, statements and payouts, for the terminal and for docs/performance.md."""

from datetime import UTC, datetime
from statistics import median

from tests.bench.funds import Funds
from tests.bench.machine import Facts
from tests.bench.report import FUNDS_HEADING

LIMIT = 2.0


def terminal(found: Funds) -> str:
    """The figures, for whoever waits at the terminal."""
    lines = ["", f"Funds at {_sizes(found)} payments; ms a call, in {found.seconds:.0f} s", ""]
    for read in found.reads:
        times = " / ".join(f"{median(times):.2f}" for times in read.took_ms)
        lines.append(f"{read.name:30} {times} ms; ratio {read.ratio:.2f}, goal ≤ {LIMIT}")
    for place, size in enumerate(found.plan.sizes):
        made = ", ".join(
            f"{lines_:,} lines in {took:,.0f} ms" for lines_, took in found.payouts[place]
        )
        lines.append(f"payouts at {size:,}: {made}; {found.per_thousand(place):.1f} ms a thousand")
    return "\n".join(lines)


def section(found: Funds, facts: Facts) -> str:
    """The section, from its heading on."""
    reads = "\n".join(
        f"| {read.name} | {' | '.join(f'{median(times):.2f}' for times in read.took_ms)} |"
        f" **{read.ratio:.2f}** | {'met' if read.ratio <= LIMIT else 'missed'} |"
        for read in found.reads
    )
    made = "\n".join(
        f"| {size:,} | {' | '.join(_payout(one) for one in found.payouts[place])} |"
        f" {found.per_thousand(place):.1f} |"
        for place, size in enumerate(found.plan.sizes)
    )
    return _SECTION.format(
        heading=FUNDS_HEADING,
        on=f"{datetime.now(UTC):%Y-%m-%d}, {facts.processor}, {facts.cores} cores",
        seconds=found.seconds,
        sizes=" | ".join(f"{size:,}" for size in found.plan.sizes),
        rule="|---" * len(found.plan.sizes),
        limit=LIMIT,
        reads=reads,
        made=made,
        columns=" | ".join(["whole past", "next day", "the day after"][: len(found.payouts[0])]),
        payout_rule="|---" * len(found.payouts[0]),
    )


def _sizes(found: Funds) -> str:
    return ", ".join(f"{size:,}" for size in found.plan.sizes)


def _payout(made: tuple[int, float]) -> str:
    lines, took = made
    return f"{lines:,} lines: {took:,.0f} ms"


_SECTION = """{heading}
{on}; {seconds:.0f} s. One merchant a database, its history made as above; milliseconds of a call in
the process, database included, median of rounds that take turns. A read must not grow with history:
the longest against the shortest is to be ≤ {limit:.1f}.

| read | {sizes} | ratio | |
|---{rule}|---|---|
{reads}

A payout reads its own lines and nothing else: the first takes the whole past, the next ones a day.

| payments | {columns} | ms a thousand lines |
|---{payout_rule}|---|
{made}

"""
