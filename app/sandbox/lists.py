"""Stripe's list envelope: newest first, cursors by id, `created` ranges, `has_more`."""

from typing import Any

import orjson

from app.sandbox.call import Call, public
from app.sandbox.errors import Json, invalid, no_such

_BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
Where = list[tuple[str, Any]]


def _created(call: Call) -> Where:
    wanted = call.param("created")
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [("created = ?", wanted)]
    return [(f"created {_BOUNDS[bound]} ?", value) for bound, value in wanted.items()]


def _seq(call: Call, kind: str, param: str) -> int:
    row = call.unit.run(
        "SELECT seq FROM objects WHERE account = ? AND kind = ? AND id = ?",
        (call.account, kind, call.params[param]),
    ).fetchone()
    if row is None:
        raise no_such(kind, call.params[param], param=param, status=400)
    return int(row[0])


def page(call: Call, kind: str, url: str, where: Where | None = None) -> Json:
    """One page of the account's objects of a kind. `where` holds constant SQL and its values."""
    limit = call.param("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid(
            "This value must be between 1 and 100.", param="limit", code="parameter_invalid_integer"
        )
    if "starting_after" in call.params and "ending_before" in call.params:
        raise invalid(
            "You may only specify one of these parameters: ending_before, starting_after."
        )
    conditions: Where = [("account = ?", call.account), ("kind = ?", kind)]
    conditions += _created(call) + (where or [])
    backwards = "ending_before" in call.params
    if "starting_after" in call.params:
        conditions.append(("seq < ?", _seq(call, kind, "starting_after")))
    if backwards:
        conditions.append(("seq > ?", _seq(call, kind, "ending_before")))
    rows = call.unit.run(
        f"SELECT body FROM objects WHERE {' AND '.join(sql for sql, _ in conditions)}"  # noqa: S608
        f" ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",
        [value for _, value in conditions] + [limit + 1],
    ).fetchall()
    found = [public(orjson.loads(row[0]), call.now) for row in rows[:limit]]
    return {
        "object": "list",
        "data": found[::-1] if backwards else found,
        "has_more": len(rows) > limit,
        "url": url,
    }
