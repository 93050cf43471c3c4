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
        ", ".join(limits) or "the currency's",
        _answer(method),
        str(method.settlement_business_days or "same day"),
        "yes" if method.can_hold else "no",
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


def test_the_table_is_what_the_methods_say() -> None:
    text = read(NAME)
    begin = re.search(r"<!-- methods: .* -->\n", text)
    assert begin is not None
    end = text.index("<!-- end of methods -->")
    written = text[: begin.end()] + _table() + text[end:]
    if os.environ.get("UPDATE_SNAPSHOTS"):
        (ROOT / NAME).write_text(written, encoding="utf-8")

    assert written == text or os.environ.get("UPDATE_SNAPSHOTS")
