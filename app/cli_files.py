"""`flask payout-files`: what the operator does with files for banks, and with their reports."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from flask import Flask
from flask.cli import AppGroup

from app.domain.errors import FarthingError
from app.services import payout_files

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
    @click.option("--rail", default="sepa", help="Whose report it is.")
    def report(path: Path, rail: str) -> None:
        """Read a bank's status report; ends with 1 if something in it fits nothing of ours."""
        result = _told(
            lambda: payout_files.apply_report(app.extensions["farthing"], rail, path.read_bytes())
        )
        click.echo(f"{result.changed} orders changed, {result.unchanged} as they were.")
        for one in result.unmatched:
            click.echo(f"UNMATCHED {one}")
        if result.unmatched:
            raise SystemExit(1)


def _told(call: Callable[[], T]) -> T:
    """The call's answer, or its refusal in words."""
    try:
        return call()
    except FarthingError as error:
        raise click.ClickException(error.message) from None
