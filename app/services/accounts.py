"""A merchant's accounts at processors: connected once, unsealed only to be used."""

from dataclasses import dataclass
from typing import cast

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.errors import InvalidRequest, NotFound
from app.domain.ids import new_id
from app.domain.processor import ProcessorAccount
from app.services.deps import Deps
from app.store.db import db, end_read, transaction
from app.store.merchants import Merchant, ProcessorAccountRow


@dataclass(frozen=True)
class ConnectAccount:
    """Let a merchant take money through an account at a processor."""

    merchant_id: str
    processor: str
    external_account: str
    publishable_key: str
    secret_key: str
    webhook_secrets: tuple[str, ...] = ()


def connect_account(deps: Deps, command: ConnectAccount) -> str:
    """Seal and store the account; gives its id, which is part of its webhook address.

    Raises InvalidRequest if it is another merchant's already, at a processor that tells its news by account:
    each would hear of the other's money, and take it for its own.
    """
    now = deps.clock.now()
    account_id = new_id("pac", now)
    with transaction() as session:
        if deps.processors[command.processor].is_told:
            _refuse_others(session, command)
        session.add(
            ProcessorAccountRow(
                merchant_id=command.merchant_id,
                id=account_id,
                processor=command.processor,
                external_account=command.external_account,
                publishable_key=command.publishable_key,
                secret_key_sealed=deps.sealer.seal(command.secret_key),
                webhook_secrets_sealed=deps.sealer.seal(" ".join(command.webhook_secrets)),
                news_seen_until=None,
                created_at=now,
            )
        )
    return account_id


def _refuse_others(session: Session, command: ConnectAccount) -> None:
    name = f"account:{command.processor}:{command.external_account}"
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
    )
    mode = select(Merchant.mode).where(Merchant.id == command.merchant_id).scalar_subquery()
    query = (
        select(ProcessorAccountRow.id)
        .join(Merchant, Merchant.id == ProcessorAccountRow.merchant_id)
        .where(
            ProcessorAccountRow.processor == command.processor,
            ProcessorAccountRow.external_account == command.external_account,
            ProcessorAccountRow.merchant_id != command.merchant_id,
            Merchant.mode == mode,
        )
    )
    if session.execute(query).first() is not None:
        raise InvalidRequest(
            f"The account {command.external_account} is connected to another merchant."
        )


def set_webhook_secrets(deps: Deps, account_id: str, secrets: tuple[str, ...]) -> None:
    """Replace the secrets that webhooks of this account may be signed with (two during a rotation)."""
    with transaction() as session:
        row = session.execute(
            select(ProcessorAccountRow).where(ProcessorAccountRow.id == account_id)
        ).scalar_one()
        row.webhook_secrets_sealed = deps.sealer.seal(" ".join(secrets))
    deps.accounts.forget()


def account_by_id(deps: Deps, account_id: str) -> ProcessorAccount:
    """The account that a webhook address names; raises NotFound."""
    return cast(
        "ProcessorAccount",
        deps.accounts.get(
            ("id", account_id), lambda: _load(deps, ProcessorAccountRow.id == account_id)
        ),
    )


def account_of(deps: Deps, merchant_id: str) -> ProcessorAccount:
    """The account that a merchant's new payments go through; raises NotFound if none is connected."""
    return cast(
        "ProcessorAccount",
        deps.accounts.get(
            ("merchant", merchant_id),
            lambda: _load(deps, ProcessorAccountRow.merchant_id == merchant_id),
        ),
    )


def _load(deps: Deps, where: object) -> ProcessorAccount:
    found = db.session.execute(
        select(ProcessorAccountRow, Merchant.mode)
        .join(Merchant, Merchant.id == ProcessorAccountRow.merchant_id)
        .where(where)  # type: ignore[arg-type]
        .order_by(ProcessorAccountRow.created_at)
        .limit(1)
    ).first()
    end_read()
    if found is None:
        raise NotFound("processor account", "")
    row, mode = found
    return ProcessorAccount(
        id=row.id,
        merchant_id=row.merchant_id,
        processor=row.processor,
        is_live=mode == "live",
        publishable_key=row.publishable_key,
        secret_key=deps.sealer.open(row.secret_key_sealed),
        webhook_secrets=tuple(deps.sealer.open(row.webhook_secrets_sealed).split()),
        external_account=row.external_account,
    )
