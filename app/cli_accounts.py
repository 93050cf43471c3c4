"""`flask connect`, `flask connect-stripe`, `flask webhook-secret`: merchants' accounts at processors."""

import click
from flask import Flask

from app.domain.errors import InvalidRequest
from app.services import accounts
from app.services.deps import Deps


def init_app(app: Flask) -> None:
    """Register the commands."""
    _connect_command(app, "connect", is_for_any=True)
    _connect_command(app, "connect-stripe", is_for_any=False)

    @app.cli.command("webhook-secret")
    @click.argument("account_id")
    @click.argument("secrets", nargs=-1, required=True)
    def webhook_secret(account_id: str, secrets: tuple[str, ...]) -> None:
        """Set the signing secrets of an account's webhooks: one, or two while they are rotated."""
        accounts.set_webhook_secrets(app.extensions["farthing"], account_id, secrets)
        click.echo("Set.")


def _connect_command(app: Flask, name: str, *, is_for_any: bool) -> None:
    """`connect` takes the processor's name; `connect-stripe` is as it was always called."""

    def connect(
        merchant: str,
        account: str,
        publishable_key: str,
        secret_key: str,
        webhook_secret: str,
        processor: str = "stripe",
    ) -> None:
        """Let a merchant take money through an account at a processor; prints the webhook address to
        register.
        """
        secrets = (webhook_secret,) if webhook_secret else ()
        _connect(
            app.extensions["farthing"],
            accounts.ConnectAccount(
                merchant, processor, account, publishable_key, secret_key, secrets
            ),
        )

    said = [
        click.option("--merchant", required=True, help="The merchant's id, acct_…."),
        click.option(
            "--account", default="", help="The processor's name of it; Adyen's merchantAccount."
        ),
        click.option("--publishable-key", required=True, help="pk_… of Stripe, or a client key."),
        click.option("--secret-key", prompt=True, hide_input=True, help="Asked for if not given."),
        click.option("--webhook-secret", default="", help="whsec_… of Stripe, Adyen's HMAC key."),
    ]
    if is_for_any:
        said.append(click.argument("processor"))
    for one in reversed(said):
        connect = one(connect)
    app.cli.command(name)(connect)


def _connect(deps: Deps, command: accounts.ConnectAccount) -> None:
    name = command.processor
    if name not in deps.processors:
        known = ", ".join(sorted(deps.processors))
        raise click.BadParameter(f"one of {known}", param_hint="processor")
    if deps.processors[name].is_told and not command.external_account:
        # Its news names the account, and is refused if it is another one.
        raise click.BadParameter("is needed here", param_hint="--account")
    try:
        account_id = accounts.connect_account(deps, command)
    except InvalidRequest as error:
        raise click.BadParameter(error.message, param_hint="--account") from error
    click.echo(f"Connected as {account_id}.")
    click.echo(
        f"Register this webhook address at {name.title()}: {deps.base_url}/hooks/{name}/{account_id}"
    )
