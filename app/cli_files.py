"""`flask payout-files`: what the operator does with files for banks, and with their reports."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import Flask
from flask.cli import AppGroup

from app.domain.errors import FarthingError
from app.services import bank_reports, payout_files

T = TypeVar("T")


def group(app: Flask) -> AppGroup:
    """The commands."""
    commands = AppGroup("payout-files", help="Files for banks: orders out, reports in.")

    @commands.command("write")
    def write() -> None:
        """Write the orders that wait into files now; the schedule does it every hour."""
        made = payout_files.write_due(app.extensions["farthing"])
        click.echo("\n".join(made) if made else "No order waits.")

    @commands.command("list")
    def show() -> None:
        """List the latest files, newest first."""
        for one in payout_files.list_files():
            fetched = (
                f"fetched {one.downloaded_at:%Y-%m-%d}" if one.downloaded_at else "not fetched"
            )
            click.echo(
                f"{one.id}  {one.created_at:%Y-%m-%d %H:%M}  {one.rail}  {one.order_count} orders"
                f"  {one.total}  {fetched}"
            )

    _add_fetch(commands, app)
    _add_report(commands, app)
    _add_facts(commands, app)
    return commands


def _add_fetch(commands: AppGroup, app: Flask) -> None:
    @commands.command("fetch")
    @click.argument("file_id")
    @click.option("--to", type=click.Path(path_type=Path), default=Path(), help="A folder.")
    @click.option("--again", is_flag=True, help="Although it was fetched before.")
    def fetch(file_id: str, to: Path, *, again: bool) -> None:
        """Write a file to a folder, readable by you alone, to be given to the bank."""
        name, content = _told(
            lambda: payout_files.fetch_file(app.extensions["farthing"], file_id, is_again=again)
        )
        path = to / name
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(content)
        except OSError as error:
            raise click.ClickException(
                f"{path}: {error.strerror}. Nothing was handed out: fetch it with --again."
            ) from None
        click.echo(str(path))


def _add_report(commands: AppGroup, app: Flask) -> None:
    @commands.command("report")
    @click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--rail", default="sepa", help="Whose report it is: sepa or nacha.")
    def report(path: Path, rail: str) -> None:
        """Read what a bank sent back; ends with 1 if something in it needs to be looked at."""
        result = _told(
            lambda: bank_reports.apply_report(app.extensions["farthing"], rail, path.read_bytes())
        )
        click.echo(f"{result.changed} orders changed, {result.unchanged} as they were.")
        if result.others:
            click.echo(f"{result.others} facts are not about payouts; facts --all lists them.")
        for one in result.open_facts:
            click.echo(f"LOOK AT {one}")
        if result.open_facts:
            raise SystemExit(1)


def _add_facts(commands: AppGroup, app: Flask) -> None:
    @commands.command("facts")
    @click.option("--all", "are_all", is_flag=True, help="The latest of all, not the open ones.")
    def facts(*, are_all: bool) -> None:
        """List what banks said that somebody has to look at; ends with 1 if there is anything."""
        found = bank_reports.facts(are_all=are_all)
        for one in found:
            closed = f"  closed by {one.closed_by}: {one.note}" if one.closed_at else ""
            click.echo(f"{bank_reports.describe(one)}  {one.result}{closed}")
        if not found:
            click.echo("Nothing is open.")
        if any(one.is_open for one in found):
            raise SystemExit(1)

    @commands.command("fact")
    @click.argument("fact_id")
    def fact(fact_id: str) -> None:
        """Show one fact, with what is sealed: it may hold an account number."""
        found, detail = _told(lambda: bank_reports.fact_detail(app.extensions["farthing"], fact_id))
        click.echo(bank_reports.describe(found))
        click.echo(f"read {found.read_at:%Y-%m-%d %H:%M}, {found.result}, payout {found.payout_id}")
        click.echo(detail)

    @commands.command("close-fact")
    @click.argument("fact_id")
    @click.option("--by", required=True, help="Who looked at it.")
    @click.option("--note", required=True, help="What was found.")
    def close_fact(fact_id: str, by: str, note: str) -> None:
        """Take a fact off the list, with a word of what was found."""
        _told(
            lambda: bank_reports.close_fact(app.extensions["farthing"], fact_id, by=by, note=note)
        )
        click.echo("Closed.")


def _told(call: Callable[[], T]) -> T:
    """The call's answer, or its refusal in words."""
    try:
        return call()
    except FarthingError as error:
        raise click.ClickException(error.message) from None
