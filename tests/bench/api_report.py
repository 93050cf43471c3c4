"""What was found of the API, for the terminal and as a section of docs/performance.md."""

from datetime import UTC, datetime

from tests.bench.api import LIMIT, Api, Figures
from tests.bench.history import DAYS
from tests.bench.machine import Facts
from tests.bench.measure import Spread
from tests.bench.report import API_HEADING

P99_MILLISECONDS = 100


def terminal(found: Api) -> str:
    """The figures, for whoever waits at the terminal."""
    lines = [
        "",
        f"API at {found.plan.short:,} and {found.plan.long:,} payments, {found.plan.rounds} rounds in"
        f" {found.seconds:.0f} s; CPU-ms a request; ratios pair by pair",
        "",
    ]
    for one in found.figures:
        lines += [
            f"{one.name}",
            f"    {Spread.of(one.per_second)} requests/s; p50 {one.quantile(0.5):.1f} ms,"
            f" p99 {one.quantile(0.99):.1f} ms",
            f"    {Spread.of(one.short_ms)} → {Spread.of(one.long_ms)} CPU-ms;"
            f" view {Spread.of(one.view_ms)}; statements {Spread.of(one.statements_ms)};"
            f" pages {_pages(one)}",
            f"    ratio {one.goal.ratio}"
            + (f", goal {one.goal.target}: {one.goal.verdict}" * one.is_goal),
        ]
    return "\n".join([*lines, "", _half(found)])


def section(found: Api, facts: Facts) -> str:
    """The section, from its heading on."""
    rows = [
        f"| {one.name} | {Spread.of(one.per_second).median:,.0f} | {one.quantile(0.5):.1f} |"
        f" {one.quantile(0.99):.1f} | {Spread.of(one.short_ms)} | {Spread.of(one.long_ms)} |"
        f" **{one.goal.ratio}** | {one.goal.verdict if one.is_goal else ''} |"
        f" {Spread.of(one.view_ms).median:.2f} | {Spread.of(one.statements_ms).median:.2f} |"
        f" {_pages(one)} |"
        for one in found.figures
    ]
    missed = [
        f"* **{goal.id}** {goal.verdict}: {goal.ratio.median:.2f}, wanted {goal.target}."
        for goal in found.missed
    ]
    return _SECTION.format(
        heading=API_HEADING,
        short=found.plan.short,
        long=found.plan.long,
        rounds=found.plan.rounds,
        seconds=found.seconds,
        limit=LIMIT,
        days=DAYS,
        on=f"{datetime.now(UTC):%Y-%m-%d}, {facts.processor}, {facts.cores} cores",
        rows="\n".join(rows),
        half=_half(found),
        missed="\n".join(missed) or "Every goal was met in this run.",
    )


def _pages(one: Figures) -> str:
    return "" if one.pages is None else f"{one.pages[0]:,} / {one.pages[1]:,}"


def _half(found: Api) -> str:
    p99 = found.half_quantile(0.99)
    return (
        f"Create and confirm at half of the most ({Spread.of(found.half_per_second).median:,.0f} a"
        f" second, {found.plan.long:,} payments): p50 {found.half_quantile(0.5):.1f} ms, p99"
        f" {p99:.1f} ms; goal ≤ {P99_MILLISECONDS} ms:"
        f" {'met' if p99 <= P99_MILLISECONDS else 'missed'}."
    )


_SECTION = """{heading}
{on}; {rounds} rounds in {seconds:.0f} s. One merchant with {short:,} payments and one with
{long:,}, each in a database of its own; eight connections. What a retrieval or a list costs must not
grow with history: the ratio of CPU-milliseconds (web and PostgreSQL sessions together) is to be
≤ {limit:.2f}. Requests a second, p50 and p99 (milliseconds, at saturation) are of the long history;
*view* is the CPU-milliseconds of a Flask view that writes the same answer without a database,
*statements* those of the same statements in a bare psycopg loop, *pages* how many pages of the
database the statements touch, short / long.

Histories are made by SQL ({days} days, ids and columns as the product writes them, one payment in
twenty declined, one in twenty-five refunded, published events of thirty days), then analysed. A
retrieval asks for any object, a deep page begins in the middle of the history. The request log
writes its lines within each window.

| call | requests/s | p50 | p99 | CPU-ms, short | CPU-ms, long | ratio | | view | statements | pages |
|---|---|---|---|---|---|---|---|---|---|---|
{rows}

{half}

{missed}

"""
