"""Commands: `flask fees show`, `flask fees set`, `flask margins`. For the operator alone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from babel import Locale
from flask import Flask
from flask.cli import AppGroup

from app.domain.errors import FarthingError, FeeRulesInvalid
from app.domain.fee_table import METHODS
from app.domain.fees import OnRefund
from app.reports import fees as report
from app.reports import margins
from app.reports.fee_words import Writer
from app.services import fees
from app.services.audit import By
from app.services.fees import SetSchedule, currency_of
from app.web.amounts import typed as typed_amount

_ENGLISH = Locale("en")
_MOMENT = "A day, 2026-12-01, or a moment with its zone, 2026-12-01T09:00+01:00."
_SUM = "0.30 in any currency, or USD:0.30 once for each; may be repeated."


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(_fees_group(app))
    _register_margins(app)


@contextmanager
def _told() -> Iterator[None]:
    """What a caller got wrong is said in one line, without a trace."""
    try:
        yield
    except FarthingError as error:
        raise click.ClickException(error.message) from error


def _fees_group(app: Flask) -> AppGroup:
    group = AppGroup("fees", help="What merchants pay.")

    @group.command("show")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    def show(merchant: str) -> None:
        """Print what a merchant pays by each method, and every version of its own."""
        deps = app.extensions["farthing"]
        now = deps.clock.now()
        with _told():
            currency = currency_of(merchant)
            prices = fees.prices_of(deps, merchant, now)
        for row in report.overview(prices, currency, now=now, write=Writer()):
            click.echo(f"{row.method:14} {row.now.name:11} {row.now.words}")
            click.echo(f"{'':26} {row.example_amount} costs {row.example.fee}")
        for one in report.history(prices, currency, now=now, write=Writer()):
            since = f"{one.since:%Y-%m-%d %H:%M} UTC"
            click.echo(f"{since}  {one.method}, {one.name} ({one.state}): {one.words}")

    @group.command("set")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    @click.option("--method", required=True, type=click.Choice(METHODS))
    @click.option("--file", "path", type=click.Path(path_type=Path), help="Rules as JSON.")
    @click.option("--percent", help="Of the amount: 2.9.")
    @click.option("--fixed", multiple=True, help=_SUM)
    @click.option("--minimum", multiple=True, help=_SUM)
    @click.option("--cap", multiple=True, help=_SUM)
    @click.option("--international", help="Per cent more from another country: 1.5.")
    @click.option("--conversion", help="Per cent more if converted: 1.")
    @click.option(
        "--on-refund",
        type=click.Choice([one.value for one in OnRefund]),
        help="What goes back, in proportion.",
    )
    @click.option("--from", "valid_from", help=f"{_MOMENT} In a minute if not given.")
    @click.option("--by", "who", default="operator", help="Who decided it, for the audit log.")
    def set_(
        merchant: str,
        method: str,
        path: Path | None,
        valid_from: str | None,
        who: str,
        **typed: Any,
    ) -> None:
        """Add a version of what a merchant's payments by one method cost."""
        given = {name: value for name, value in typed.items() if value}
        with _told():
            if (path is None) == (not given):
                raise FeeRulesInvalid("Give the rules either in --file or as options.")
            rules = _from_file(path) if path else _from_options(given)
            moment = _moment(valid_from) if valid_from else None
            by = By(f"operator:{who}")
            made = fees.set_schedule(
                app.extensions["farthing"], SetSchedule(merchant, method, rules, moment, by)
            )
        click.echo(
            f"{made.id}: version {made.version}, from {made.valid_from:%Y-%m-%d %H:%M:%S} UTC."
        )

    return group


def _from_file(path: Path) -> dict[str, Any]:
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FeeRulesInvalid(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(rules, dict):
        raise FeeRulesInvalid(f"{path} does not hold an object of rules.")
    return rules


def _from_options(given: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    read: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
        "percent": ("basis_points", _basis_points),
        "fixed": ("fixed", _sum),
        "minimum": ("minimum", _sum),
        "cap": ("cap", _sum),
        "conversion": ("conversion_basis_points", _basis_points),
    }
    for option, (key, reader) in read.items():
        if option in given:
            rules[key] = reader(given[option], f"--{option}")
    if "on_refund" in given:
        rules["on_refund"] = str(given["on_refund"])
    if "international" in given:
        rate = _basis_points(given["international"], "--international")
        rules["corridors"] = [{"basis_points": rate}]
    return rules


def _basis_points(typed: str, option: str) -> int:
    try:
        points = Decimal(typed) * 100
    except InvalidOperation:
        points = Decimal("NaN")
    if not points.is_finite() or points != points.to_integral_value():
        raise FeeRulesInvalid(
            f"{option}: expected per cent with at most two decimals, like 2.9, not {typed[:20]}."
        )
    return int(points)


def _sum(typed: tuple[str, ...], option: str) -> int | dict[str, int]:
    """Hundredths of any currency's unit, or minor units by currency."""
    stated: dict[str, int] = {}
    for one in typed:
        code, colon, amount = one.rpartition(":")
        if not colon and len(typed) > 1:
            raise FeeRulesInvalid(f"{option}: name the currency of each sum, like USD:{amount}.")
        try:
            # A unit of any currency has a hundred hundredths, as the dollar has cents.
            money = typed_amount(amount, code.upper() or "USD", _ENGLISH)
        except FarthingError as error:
            raise FeeRulesInvalid(f"{option} {one[:30]}: {error.message}") from error
        if not colon:
            return money.amount_minor
        stated[money.currency] = money.amount_minor
    return stated


def _moment(typed: str) -> datetime:
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise FeeRulesInvalid(f"“{typed[:40]}” is not a moment. {_MOMENT}") from None
    if found.tzinfo is None and len(typed) > len("2026-12-01"):
        raise FeeRulesInvalid(f"“{typed[:40]}” lacks its zone. {_MOMENT}")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _register_margins(app: Flask) -> None:
    @app.cli.command("margins")
    @click.option("--since", required=True, help=_MOMENT)
    @click.option("--until", help="The same; up to now if not given.")
    @click.option("--by", type=click.Choice(margins.BY), default="merchant")
    @click.option("--merchant", help="Of this merchant alone.")
    def show_margins(since: str, until: str | None, by: str, merchant: str | None) -> None:
        """Print fees earned, what processors charged and what is left, per currency, from the books."""
        with _told():
            start, end = _moment(since), _moment(until) if until else None
        rows = margins.margins(by, start, end, merchant_id=merchant)
        if not rows:
            click.echo("No fee was earned or charged.")
            return
        click.echo(_line(by, "payments", "earned", "cost", "margin"))
        for row in (*rows, *margins.totals(rows)):
            sums = (row.earned, row.cost, row.margin)
            click.echo(_line(row.key, str(row.payments), *(str(one) for one in sums)))


def _line(key: str, *cells: str) -> str:
    return f"{key:31}" + "".join(f"{cell:>18}" for cell in cells)
