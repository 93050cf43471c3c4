"""A schedule's rules as they are kept and typed: a document of whole numbers, read strictly.

    {"basis_points": 290, "fixed": 30, "minimum": null, "cap": {"EUR": 500},
     "by_amount": [{"above": 10000, "basis_points": 250}],
     "by_volume": [{"above": {"EUR": 1000000}, "basis_points": 200}],
     "corridors": [{"within": ["DE", "FR"], "basis_points": 50, "fixed": 0}, {"basis_points": 150}],
     "conversion_basis_points": 100, "on_refund": "percentage"}

A sum is a number of hundredths of the payment's own currency unit, or minor units by currency. All that
are stated by currency name the same ones, so that a schedule either prices a currency or does not.
`on_refund` says what goes back with a refund: "kept" (nothing), "percentage", "fixed" or "whole".
"""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.currencies import CURRENCIES, MAXIMUM_MINOR
from app.domain.errors import FeeRulesInvalid
from app.domain.fees import WHOLE, Corridor, OnRefund, Schedule, Sum, Tier

_COUNTRY = re.compile(r"[A-Z]{2}")
_KEYS = (
    "basis_points",
    "fixed",
    "minimum",
    "cap",
    "by_amount",
    "by_volume",
    "corridors",
    "conversion_basis_points",
    "on_refund",
)


def read_rules(rules: object) -> dict[str, Any]:
    """The fields of a Schedule that rules state; raises FeeRulesInvalid, which names what is wrong."""
    found = _document(rules, "The rules", _KEYS)
    if not found:
        raise FeeRulesInvalid(f"The rules say nothing; they may hold {', '.join(_KEYS)}.")
    fields: dict[str, Any] = {
        "basis_points": _rate(found.get("basis_points", 0), "basis_points"),
        "fixed": _sum(found.get("fixed", 0), "fixed"),
        "minimum": _optional(found.get("minimum"), "minimum"),
        "cap": _optional(found.get("cap"), "cap"),
        "by_amount": _tiers(found.get("by_amount", []), "by_amount"),
        "by_volume": _tiers(found.get("by_volume", []), "by_volume"),
        "corridors": _corridors(found.get("corridors", [])),
        "conversion_basis_points": _conversion(found.get("conversion_basis_points")),
        "on_refund": _on_refund(found.get("on_refund", "kept")),
    }
    _check(Schedule("", "", **fields))
    return fields


def rules_of(schedule: Schedule) -> dict[str, Any]:
    """The document that `read_rules` makes the same schedule of; what says nothing is left out."""
    found: dict[str, Any] = {
        "basis_points": schedule.basis_points,
        "fixed": _written(schedule.fixed),
        "conversion_basis_points": schedule.conversion_basis_points,
    }
    if schedule.on_refund is not OnRefund.KEPT:
        found["on_refund"] = schedule.on_refund.value
    for name, limit in (("minimum", schedule.minimum), ("cap", schedule.cap)):
        if limit is not None:
            found[name] = _written(limit)
    for name, tiers in (("by_amount", schedule.by_amount), ("by_volume", schedule.by_volume)):
        if tiers:
            found[name] = [
                {"above": _written(tier.above), "basis_points": tier.basis_points} for tier in tiers
            ]
    if schedule.corridors:
        found["corridors"] = [
            {
                "within": sorted(way.within),
                "basis_points": way.basis_points,
                "fixed": _written(way.fixed),
            }
            for way in schedule.corridors
        ]
    return found


def _document(value: object, name: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FeeRulesInvalid(f"{name}: expected an object, not {_shown(value)}.")
    for key in value:
        if key not in keys:
            raise FeeRulesInvalid(f"{name}: no “{_shown(key)}” is known; use {', '.join(keys)}.")
    return value


def _rate(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value <= WHOLE:
        raise FeeRulesInvalid(
            f"{name}: expected whole basis points from 0 to 10000, not {_shown(value)};"
            " 290 are 2.9 %."
        )
    return value


def _conversion(value: object) -> int | None:
    """A rate; without one, conversions cost what the platform asks for apart."""
    return None if value is None else _rate(value, "conversion_basis_points")


def _on_refund(value: object) -> OnRefund:
    if not isinstance(value, str) or value not in set(OnRefund):
        raise FeeRulesInvalid(
            f"on_refund: expected one of {', '.join(OnRefund)}, not {_shown(value)}."
        )
    return OnRefund(value)


def _whole(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value <= MAXIMUM_MINOR:
        raise FeeRulesInvalid(f"{name}: expected a whole number from 0, not {_shown(value)}.")
    return value


def _sum(value: object, name: str) -> Sum:
    if not isinstance(value, dict):
        return Sum(_whole(value, name))
    if not value:
        raise FeeRulesInvalid(f"{name}: no currency is named.")
    for code in value:
        if code not in CURRENCIES:
            raise FeeRulesInvalid(f"{name}: {_shown(code)} is not a currency code like EUR.")
    return Sum(stated={code: _whole(minor, f"{name}.{code}") for code, minor in value.items()})


def _optional(value: object, name: str) -> Sum | None:
    return None if value is None else _sum(value, name)


def _rows(value: object, name: str) -> list[tuple[str, object]]:
    if not isinstance(value, list) or len(value) > 20:
        raise FeeRulesInvalid(f"{name}: expected a list of at most 20, not {_shown(value)}.")
    return [(f"{name}[{number}]", row) for number, row in enumerate(value)]


def _tiers(value: object, name: str) -> tuple[Tier, ...]:
    tiers = []
    for place, row in _rows(value, name):
        found = _document(row, place, ("above", "basis_points"))
        for key in ("above", "basis_points"):
            if key not in found:
                raise FeeRulesInvalid(f"{place}: “{key}” is missing.")
        above = _sum(found["above"], f"{place}.above")
        tiers.append(Tier(above, _rate(found["basis_points"], f"{place}.basis_points")))
    return tuple(tiers)


def _corridors(value: object) -> tuple[Corridor, ...]:
    corridors = []
    for place, row in _rows(value, "corridors"):
        found = _document(row, place, ("within", "basis_points", "fixed"))
        within = found.get("within", [])
        if not isinstance(within, list) or not all(
            isinstance(code, str) and _COUNTRY.fullmatch(code) for code in within
        ):
            raise FeeRulesInvalid(f"{place}.within: expected country codes like DE.")
        rate = _rate(found.get("basis_points", 0), f"{place}.basis_points")
        fixed = _sum(found.get("fixed", 0), f"{place}.fixed")
        corridors.append(Corridor(frozenset(within), rate, fixed))
    return tuple(corridors)


def _check(schedule: Schedule) -> None:
    """What the parts of a schedule must agree on."""
    if schedule.by_amount and schedule.by_volume:
        raise FeeRulesInvalid("Choose by_amount or by_volume: two kinds of tiers do not add up.")
    stated = [set(one.stated) for one in schedule.sums if one.stated is not None]
    for codes in stated[1:]:
        if codes != stated[0]:
            odd = ", ".join(sorted(codes ^ stated[0]))
            raise FeeRulesInvalid(f"Every sum must be stated in the same currencies; not in {odd}.")
    for currency in stated[0] if stated else CURRENCIES:
        _check_in(schedule, currency)


def _check_in(schedule: Schedule, currency: str) -> None:
    minimum, cap = schedule.minimum, schedule.cap
    if minimum is not None and cap is not None and minimum.minor(currency) > cap.minor(currency):
        raise FeeRulesInvalid(f"The minimum is above the cap in {currency}.")
    for name, tiers in (("by_amount", schedule.by_amount), ("by_volume", schedule.by_volume)):
        sums = [tier.above.minor(currency) for tier in tiers]
        if sums != sorted(sums) or len({str(_written(tier.above)) for tier in tiers}) < len(tiers):
            raise FeeRulesInvalid(f"{name}: each tier must begin above the one before.")


def _written(one: Sum) -> Any:
    return one.hundredths if one.stated is None else dict(one.stated)


def _shown(value: object) -> str:
    """What was sent, briefly, as JSON writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return str(value)[:40]
