"""Commands: `flask proof run`, `flask proof export`, `flask proof rotate-key`."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import click
from flask import Flask
from flask.cli import AppGroup

from app.domain.errors import FarthingError
from app.reports import proof as reports
from app.services import proof, proof_file, proof_keys
from app.services.deps import Deps

LOOK_EVERY_SECONDS = 0.2


def proof_group(app: Flask) -> AppGroup:
    """Check books, and hand out proofs of them."""
    group = AppGroup("proof", help="Proofs of merchants' books.")

    @group.command("run")
    @click.option("--merchant", default="", help="The merchant's id, acct_….")
    @click.option("--all", "is_all", is_flag=True, help="Every merchant with a sealed book.")
    def run(*, merchant: str, is_all: bool) -> None:
        """Check books now; ends with 1 and names the first offender of each that is broken."""
        if bool(merchant) == is_all:
            raise click.UsageError("Give --merchant or --all.")
        merchants = reports.merchants_with_books() if is_all else [merchant]
        results = [_run(app.extensions["farthing"], one) for one in merchants]
        if not all(results):
            raise SystemExit(1)
        click.echo(f"{len(results)} of {len(results)} books hold.")

    @group.command("export")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    @click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day, in UTC.")
    @click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day, in UTC.")
    @click.option("--out", type=click.File("wb"), default="-", help="Where to write; - prints it.")
    @click.option(
        "--for-merchant",
        is_flag=True,
        help="Without the platform's own costs, as merchants have it.",
    )
    def export(
        *,
        merchant: str,
        first: datetime | None,
        last: datetime | None,
        out: BinaryIO,
        for_merchant: bool,
    ) -> None:
        """Write the signed proof of a book, or of the seals that hold a period."""
        command = proof_file.ExportProof(
            merchant,
            first and first.replace(tzinfo=UTC),
            last and last.replace(tzinfo=UTC) + timedelta(days=1),
            is_whole=not for_merchant,
        )
        try:
            out.writelines(proof_file.export_proof(app.extensions["farthing"], command))
        except FarthingError as error:
            raise click.ClickException(error.message) from error

    @group.command("rotate-key")
    def rotate_key() -> None:
        """Sign with a new key from now on; what was signed before stays verifiable."""
        made = proof_keys.rotate_key(app.extensions["farthing"])
        click.echo(f"Key {made.id} signs from now on: {made.public.hex()}")

    return group


def _run(deps: Deps, merchant_id: str) -> bool:
    """Check one book to its end, with its progress; gives whether it holds."""
    try:
        proof_id = proof.request_proof(deps, proof.RequestProof(merchant_id, "cli"))
    except FarthingError as error:
        raise click.ClickException(error.message) from error
    while (found := reports.one_run(merchant_id, proof_id)).is_running:
        if sys.stderr.isatty():
            click.echo(
                f"\r{merchant_id}: seal {found.through_seal:,} of {found.seals:,}",
                err=True,
                nl=False,
            )
        # A worker may have taken it; then there is only to wait.
        if not proof.step(deps, merchant_id):
            time.sleep(LOOK_EVERY_SECONDS)
    if sys.stderr.isatty():
        click.echo("\r", err=True, nl=False)
    if found.is_sound:
        click.echo(
            f"{merchant_id}: holds. {found.journals:,} journals, {found.postings:,} postings,"
            f" {found.seals:,} seals."
        )
        return True
    click.echo(f"BROKEN {merchant_id}: {found.offence}")
    if found.offender:
        click.echo(f"  first offender: {found.offence_kind} {found.offender}")
    return False
