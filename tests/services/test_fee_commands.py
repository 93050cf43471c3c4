"""The operator's commands: what is typed is read exactly, what is wrong is said and changes nothing."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.services import fees
from app.services.deps import Deps
from tests.factories import Shop, TestClock, make_payment, usd
from tests.services.bank import rows


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def set_(app: Flask, shop: Shop, *arguments: str) -> Result:
    return run(app, "fees", "set", "--merchant", shop.merchant_id, *arguments)


def stored() -> list[dict[str, object]]:
    return [row["rules"] for row in rows("SELECT rules FROM fee_schedules ORDER BY id")]


def test_a_schedule_is_set_from_options(app: Flask, deps: Deps, shop: Shop) -> None:
    done = set_(
        app, shop, "--method", "card", "--percent", "2.45", "--fixed", "usd:0.25", "--fixed",
        "JPY:30", "--cap", "USD:20", "--cap", "JPY:3000", "--international", "1.5",
        "--conversion", "1", "--on-refund", "percentage", "--by", "ada",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "version 1, from " in done.output
    assert stored() == [
        {
            "basis_points": 245,
            "fixed": {"USD": 25, "JPY": 30},
            "cap": {"USD": 2000, "JPY": 3000},
            "corridors": [{"within": [], "basis_points": 150, "fixed": 0}],
            "conversion_basis_points": 100,
            "on_refund": "percentage",
        }
    ]
    [entry] = rows("SELECT actor FROM audit_entries WHERE action = 'fees.set'")
    assert entry["actor"] == "operator:ada"


def test_a_schedule_is_set_from_a_file(app: Flask, deps: Deps, shop: Shop, tmp_path: Path) -> None:
    rules = {"basis_points": 100, "fixed": 15, "by_amount": [{"above": 100, "basis_points": 50}]}
    file = tmp_path / "fees.json"
    file.write_text(json.dumps(rules))

    done = set_(app, shop, "--method", "bnpl", "--file", str(file), "--from", "2126-12-01")

    assert done.exit_code == 0, done.output
    assert "from 2126-12-01 00:00:00 UTC" in done.output
    assert stored() == [rules | {"conversion_basis_points": None}]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "Give the rules either in --file or as options."),
        (["--percent", "2.955"], "--percent: expected per cent with at most two decimals"),
        (["--percent", "NaN"], "--percent: expected per cent with at most two decimals"),
        (["--percent", "lots"], "--percent: expected per cent with at most two decimals"),
        (["--percent", "-1"], "basis_points: expected whole basis points from 0 to 10000"),
        (["--percent", "101"], "basis_points: expected whole basis points from 0 to 10000"),
        (["--fixed", "0,30"], "--fixed 0,30: Enter an amount, like 1,234.56."),
        (["--fixed", "JPY:0.30"], "--fixed JPY:0.30: JPY has no decimals, like 1,234."),
        (["--fixed", "XYZ:1"], "--fixed XYZ:1: Invalid currency: XYZ."),
        (["--fixed", "0.30", "--fixed", "0.20"], "--fixed: name the currency of each sum"),
        (["--fixed", "1", "--cap", "USD:1", "--minimum", "EUR:1"], "Every sum must be stated in "),
        (["--percent", "1", "--from", "2020-01-01"], "Fees change forwards only: "),
        (["--percent", "1", "--from", "soon"], "“soon” is not a moment. "),
        (["--percent", "1", "--from", "2126-01-01T09:00"], "lacks its zone. "),
        (["--percent", "1", "--file", "fees.json"], "Give the rules either in --file or as "),
        (["--file", "/nowhere/fees.json"], "/nowhere/fees.json cannot be read as JSON: "),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    app: Flask, deps: Deps, shop: Shop, arguments: list[str], message: str
) -> None:
    done = set_(app, shop, "--method", "card", *arguments)

    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert message in done.output
    assert stored() == []


@pytest.mark.parametrize("text", ["[1]", "{", '{"basis_points": 2.9}'])
def test_a_file_that_holds_no_rules_is_refused(
    app: Flask, deps: Deps, shop: Shop, tmp_path: Path, text: str
) -> None:
    (tmp_path / "fees.json").write_text(text)

    assert set_(app, shop, "--method", "card", "--file", str(tmp_path / "fees.json")).exit_code == 1
    assert stored() == []


def test_a_merchant_that_does_not_exist_has_no_fees(app: Flask, deps: Deps) -> None:
    for command in (["show"], ["set", "--method", "card", "--percent", "1"]):
        done = run(app, "fees", *command, "--merchant", "acct_nobody")
        assert (done.exit_code, done.output) == (1, "Error: No such merchant: 'acct_nobody'.\n")


def test_fees_are_shown_in_words_with_every_version(
    app: Flask, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    assert set_(app, shop, "--method", "card", "--percent", "2", "--fixed", "0.10").exit_code == 0
    clock.advance(fees.NOTICE)

    shown = run(app, "fees", "show", "--merchant", shop.merchant_id).output

    assert "card           Version 1   2% plus USD 0.10\n" in shown
    assert "USD 100.00 costs USD 2.10" in shown
    assert "wallet         Standard    2.9% plus USD 0.30; 1.5% more from another country" in shown
    assert "sepa_debit     Standard    0.1%, at most EUR 5.00; 1% more if converted" in shown
    assert "Cards, Version 1 (current): 2% plus USD 0.10" in shown


@pytest.mark.parametrize("by", ["merchant", "method", "payment"])
def test_margins_are_printed_with_their_sum(app: Flask, deps: Deps, shop: Shop, by: str) -> None:
    payment = make_payment(deps, shop, amount=usd("49.99"))
    key = {"merchant": shop.merchant_id, "method": "card", "payment": payment.id}[by]

    [head, row, total] = run(
        app, "margins", "--since", "2020-01-01", "--by", by
    ).output.splitlines()

    assert head.split() == [by, "payments", "earned", "cost", "margin"]
    assert row.split() == [key, "1", "USD", "1.75", "USD", "1.75", "USD", "0.00"]
    assert total.split()[1:] == row.split()[1:]


def test_margins_of_nothing_are_said_to_be_nothing(app: Flask, deps: Deps) -> None:
    assert run(app, "margins", "--since", "2020-01-01").output == (
        "No fee was earned or charged.\n"
    )
    assert run(app, "margins", "--since", "yesterday").exit_code == 1
