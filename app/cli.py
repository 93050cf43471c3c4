"""Commands: `flask db-upgrade`, `flask seed`, `flask ledger verify`, `flask connect`, `flask states diagram`,
and those of `app.cli_proof`.
"""

import os
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from app import cli_accounts, cli_fees, cli_files
from app.cli_proof import proof_group
from app.domain.errors import FarthingError
from app.domain.states import MACHINES
from app.services import keys, ledger, merchants, sellers
from app.settings import Settings
from app.store import migrate
from app.store.ledger_checks import CHECKS


def init_app(app: Flask, settings: Settings) -> None:
    """Register the commands."""

    @app.cli.command("db-upgrade")
    def db_upgrade() -> None:
        """Bring the database up to the newest migration."""
        migrate.upgrade(settings.database_url)
        click.echo(f"The database is at {migrate.head()}.")

    @app.cli.command("seed")
    @click.option("--if-empty", is_flag=True, help="Do nothing when there is a merchant already.")
    @click.option("--days", default=90, help="How many days of payments.")
    def seed(*, if_empty: bool, days: int) -> None:
        """Fill an empty database with two merchants and their payments, made through the sandbox."""
        from app import demo  # noqa: PLC0415 - only this command needs it

        folder = Path(os.environ.get("FARTHING_DATA_DIR") or ".farthing")
        demo.seed(
            app.extensions["farthing"],
            sandbox_url=settings.stripe_api_url,
            folder=folder,
            days=days,
            if_empty=if_empty,
            say=click.echo,
        )

    app.cli.add_command(_ledger_group())
    app.cli.add_command(proof_group(app))
    app.cli.add_command(_states_group())
    app.cli.add_command(cli_files.group(app))
    cli_accounts.init_app(app)
    _register_merchants(app)
    cli_fees.init_app(app)
    _register_sellers(app)


def _ledger_group() -> AppGroup:
    group = AppGroup("ledger", help="The books.")

    @group.command("verify")
    def verify() -> None:
        """Check every invariant; ends with 1 and names the first offender of each that is broken."""
        offences = ledger.verify()
        for offence in offences:
            click.echo(f"BROKEN {offence.check}: {offence.meaning}")
            click.echo(f"  first offender: {offence.offender} ({offence.count} in all)")
        if offences:
            raise SystemExit(1)
        click.echo(f"The books are right: {len(CHECKS)} invariants hold.")

    return group


def _states_group() -> AppGroup:
    group = AppGroup("states", help="Lifecycles.")

    @group.command("diagram")
    def diagram() -> None:
        """Print the state tables as Mermaid diagrams."""
        for machine in MACHINES:
            click.echo(f"%% {machine.name}\nstateDiagram-v2\n    [*] --> {machine.initial}")
            for status, targets in machine.moves.items():
                for target, event in targets.items():
                    click.echo(f"    {status} --> {target}: {event}")

    return group


def _register_sellers(app: Flask) -> None:
    @app.cli.command("connect-seller")
    @click.option("--platform", required=True, help="The platform's id, acct_….")
    @click.option("--seller", required=True, help="The seller's id, acct_….")
    @click.option(
        "--commission",
        "basis_points",
        default=0,
        help="What the platform keeps if a release says nothing, in basis points: 250 is 2.5 %.",
    )
    def connect_seller(platform: str, seller: str, basis_points: int) -> None:
        """Let a platform transfer held money to another merchant account."""
        deps = app.extensions["farthing"]
        try:
            sellers.connect_seller(deps, sellers.ConnectSeller(platform, seller, basis_points))
        except FarthingError as error:
            raise click.ClickException(error.message) from error
        click.echo("Connected.")


def _register_merchants(app: Flask) -> None:
    @app.cli.command("create-key")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    @click.option("--name", default="Server", help="What the key is for.")
    def create_key(merchant: str, name: str) -> None:
        """Make a secret API key and print it, once."""
        deps = app.extensions["farthing"]
        click.echo(keys.create_key(deps, keys.CreateKey(merchant, name=name)).text)

    @app.cli.command("create-merchant")
    @click.option("--name", required=True)
    @click.option("--mode", type=click.Choice(["test", "live"]), default="test")
    @click.option("--country", default="US")
    @click.option("--currency", default="USD")
    @click.option("--email", required=True, help="The owner's e-mail address, for log-in.")
    @click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
    def create_merchant(
        name: str, mode: str, country: str, currency: str, email: str, password: str
    ) -> None:
        """Open a merchant account with its first owner."""
        if len(password) < 12:
            raise click.BadParameter("at least 12 characters", param_hint="--password")
        deps = app.extensions["farthing"]
        merchant_id = merchants.open_merchant(
            deps, merchants.OpenMerchant(name, mode, country, currency, "UTC", email)
        )
        user_id = merchants.add_user(deps, email=email, name=name, password=password)
        merchants.add_member(deps, user_id=user_id, merchant_id=merchant_id, role="owner")
        click.echo(merchant_id)
