"""Rules are read strictly: what is wrong is named, and nothing is guessed."""

import json
import re
from pathlib import Path

import pytest

from app.domain.errors import FeeRulesInvalid
from app.domain.fee_rules import read_rules
from app.domain.fees import Corridor, OnRefund, Schedule, Sum, Tier

ROOT = Path(__file__).resolve().parents[2]


def test_rules_become_a_schedule() -> None:
    rules = {
        "basis_points": 290,
        "fixed": {"EUR": 30, "JPY": 40},
        "minimum": {"EUR": 10, "JPY": 10},
        "cap": {"EUR": 500, "JPY": 700},
        "by_amount": [{"above": {"EUR": 1000, "JPY": 2000}, "basis_points": 100}],
        "corridors": [{"within": ["DE", "FR"], "basis_points": 50}, {"basis_points": 150}],
        "conversion_basis_points": 100,
        "on_refund": "percentage",
    }

    assert Schedule("", "card", **read_rules(rules)) == Schedule(
        "",
        "card",
        basis_points=290,
        fixed=Sum(stated={"EUR": 30, "JPY": 40}),
        minimum=Sum(stated={"EUR": 10, "JPY": 10}),
        cap=Sum(stated={"EUR": 500, "JPY": 700}),
        by_amount=(Tier(Sum(stated={"EUR": 1000, "JPY": 2000}), 100),),
        corridors=(Corridor(frozenset({"DE", "FR"}), 50), Corridor(basis_points=150)),
        conversion_basis_points=100,
        on_refund=OnRefund.PERCENTAGE,
    )


@pytest.mark.parametrize(
    "rules, message",
    [
        (None, "The rules: expected an object, not null."),
        ([], "The rules: expected an object, not a list."),
        ({}, "The rules say nothing; they may hold basis_points, "),
        ({"percent": 2}, "The rules: no “percent” is known; use basis_points, "),
        ({"basis_points": 2.9}, "basis_points: expected whole basis points from 0 to 10000, "),
        ({"basis_points": True}, "basis_points: expected whole basis points from 0 to 10000, "),
        ({"basis_points": "290"}, "basis_points: expected whole basis points from 0 to 10000, "),
        ({"basis_points": 10_001}, "basis_points: expected whole basis points from 0 to 10000, "),
        ({"fixed": -1}, "fixed: expected a whole number from 0, not -1."),
        ({"fixed": 0.3}, "fixed: expected a whole number from 0, not 0.3."),
        ({"fixed": {}}, "fixed: no currency is named."),
        ({"fixed": {"usd": 30}}, "fixed: usd is not a currency code like EUR."),
        ({"fixed": {"USD": "30"}}, "fixed.USD: expected a whole number from 0, not 30."),
        (
            {"fixed": {"USD": 30}, "cap": {"USD": 500, "JPY": 500}},
            "Every sum must be stated in the same currencies; not in JPY.",
        ),
        ({"minimum": 50, "cap": 40}, "The minimum is above the cap in AED."),
        (
            {"minimum": {"TND": 500}, "cap": 40},
            "The minimum is above the cap in TND.",
        ),
        ({"by_amount": 1}, "by_amount: expected a list of at most 20, not 1."),
        ({"by_amount": [{"above": 100}]}, "by_amount[0]: “basis_points” is missing."),
        (
            {
                "by_volume": [
                    {"above": 200, "basis_points": 1},
                    {"above": 100, "basis_points": 1},
                ]
            },
            "by_volume: each tier must begin above the one before.",
        ),
        (
            {"by_amount": [{"above": 100, "basis_points": 1}] * 2},
            "by_amount: each tier must begin above the one before.",
        ),
        (
            {
                "by_amount": [{"above": 100, "basis_points": 1}],
                "by_volume": [{"above": 100, "basis_points": 1}],
            },
            "Choose by_amount or by_volume: two kinds of tiers do not add up.",
        ),
        (
            {"on_refund": "all"},
            "on_refund: expected one of kept, percentage, fixed, whole, not all.",
        ),
        (
            {"on_refund": ["kept"]},
            "on_refund: expected one of kept, percentage, fixed, whole, not ",
        ),
        ({"corridors": [{"within": "DE"}]}, "corridors[0].within: expected country codes like DE."),
        ({"corridors": [{"to": "DE"}]}, "corridors[0]: no “to” is known; use within, "),
    ],
)
def test_what_is_wrong_is_said(rules: object, message: str) -> None:
    with pytest.raises(FeeRulesInvalid) as refused:
        read_rules(rules)

    assert refused.value.message.startswith(message)


def test_the_guides_example_is_read() -> None:
    guide = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)

    assert read_rules(json.loads(example))["conversion_basis_points"] == 100
