"""`flask connect`, `flask connect-stripe`, `flask webhook-secret`: merchants' accounts at processors."""

import click
from flask import Flask

from app.services import accounts
from app.services.deps import Deps


def init_app(app: Flask) -> None:
    """Register the commands."""

    @app.cli.command("connect")
    @click.argument("processor")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    @click.option(
        "--account",
        default="",
        help="The processor's name of the account; Adyen's merchantAccount.",
    )
    @click.option("--publishable-key", required=True, help="pk_… of Stripe, Adyen's client key.")
    @click.option("--secret-key", prompt=True, hide_input=True, help="Asked for if not given.")
    @click.option("--webhook-secret", default="", help="whsec_… of Stripe, Adyen's HMAC key.")
    def connect(
        processor: str,
        merchant: str,
        account: str,
        publishable_key: str,
        secret_key: str,
        webhook_secret: str,
    ) -> None:
        """Let a merchant take money through an account at a processor; prints the webhook address to
        register.
        """
        deps = app.extensions["farthing"]
        _connect(
            deps,
            accounts.ConnectAccount(
                merchant_id=merchant,
                processor=processor,
                external_account=account,
                publishable_key=publishable_key,
                secret_key=secret_key,
                webhook_secrets=(webhook_secret,) if webhook_secret else (),
            ),
        )

    @app.cli.command("connect-stripe")
    @click.option("--merchant", required=True, help="The merchant's id, acct_….")
    @click.option("--publishable-key", required=True, help="pk_test_… or pk_live_….")
    @click.option(
        "--secret-key", prompt=True, hide_input=True, help="sk_…; asked for if not given."
    )
    @click.option("--webhook-secret", default="", help="whsec_… of the endpoint, when it exists.")
    @click.option("--account", default="", help="Stripe's id of the account, for your own records.")
    def connect_stripe(
        merchant: str, publishable_key: str, secret_key: str, webhook_secret: str, account: str
    ) -> None:
        """The same for Stripe, as it was always called."""
        deps = app.extensions["farthing"]
        _connect(
            deps,
            accounts.ConnectAccount(
                merchant_id=merchant,
                processor="stripe",
                external_account=account,
                publishable_key=publishable_key,
                secret_key=secret_key,
                webhook_secrets=(webhook_secret,) if webhook_secret else (),
            ),
        )

    @app.cli.command("webhook-secret")
    @click.argument("account_id")
    @click.argument("secrets", nargs=-1, required=True)
    def webhook_secret(account_id: str, secrets: tuple[str, ...]) -> None:
        """Set the signing secrets of an account's webhooks: one, or two while they are rotated."""
        accounts.set_webhook_secrets(app.extensions["farthing"], account_id, secrets)
        click.echo("Set.")


def _connect(deps: Deps, command: accounts.ConnectAccount) -> None:
    name = command.processor
    if name not in deps.processors:
        known = ", ".join(sorted(deps.processors))
        raise click.BadParameter(f"one of {known}", param_hint="processor")
    if deps.processors[name].is_told and not command.external_account:
        # Its news names the account, and is refused if it is another one.
        raise click.BadParameter("is needed here", param_hint="--account")
    account_id = accounts.connect_account(deps, command)
    click.echo(f"Connected as {account_id}.")
    click.echo(
        f"Register this webhook address at {name.title()}: {deps.base_url}/hooks/{name}/{account_id}"
    )
