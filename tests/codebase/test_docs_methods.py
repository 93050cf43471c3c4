"""The table of docs/methods.md is what METHODS says; after a change on purpose, have it written anew:

UPDATE_SNAPSHOTS=1 python -m pytest tests/codebase/test_docs_methods.py
"""

import os
import re
from datetime import date

from app.domain.methods import METHODS, Flow
from app.domain.methods.contract import Method
from app.domain.money import Money
from tests.codebase.project import ROOT, read

NAME = "docs/methods.md"
BOOKED = date(2026, 1, 1)


def _back(method: Method) -> str:
    until = method.clawback_until(BOOKED)
    return f"{(until - BOOKED).days} days" if until else "none"


def _hold(method: Method) -> str:
    days = f", {method.hold_days} days" if method.hold_days else ""
    return f"yes{days}" if method.can_hold else "no"


def _answer(method: Method) -> str:
    if method.flow is Flow.TRANSFER:
        return "when it has come"
    return str(method.answer_business_days or "at once")


def _row(method: Method) -> str:
    limits = [
        f"{code} {Money(limit.most_minor, code).decimal}"
        for code, limit in method.limits.items()
        if limit.most_minor
    ]
    cells = (
        f"{method.title} (`{method.name}`)",
        ", ".join(sorted(method.currencies)) or "all",
        "by country, see below" if method.markets else ", ".join(limits) or "the currency's",
        _answer(method),
        str(method.settlement_business_days or "same day"),
        _hold(method),
        f"{method.refund.window_days} days" if method.refund.window_days else "any time",
        _back(method),
        str(len(method.returns) or "none"),
    )
    return f"| {' | '.join(cells)} |"


def _table() -> str:
    head = (
        "| method | currencies | at most | bank answers | available | hold | refunds | taken back until |"
        " return codes |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(_row(method) for method in METHODS.values()) + "\n"


def _market_table() -> str:
    lines = ["| method | country | currency | at least | at most |", "|---|---|---|---|---|"]
    for method in METHODS.values():
        for country, market in method.markets.items():
            limits = [
                Money(minor or 0, market.currency).decimal
                for minor in (market.limit.least_minor, market.limit.most_minor)
            ]
            cells = (method.title, country, market.currency, *map(str, limits))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_table_is_what_the_methods_say() -> None:
    text = read(NAME)
    begin = re.search(r"<!-- methods: .* -->\n", text)
    assert begin is not None
    end = text.index("<!-- end of methods -->")
    written = text[: begin.end()] + _table() + "\n" + _market_table() + text[end:]
    if os.environ.get("UPDATE_SNAPSHOTS"):
        (ROOT / NAME).write_text(written, encoding="utf-8")

    assert written == text or os.environ.get("UPDATE_SNAPSHOTS")
