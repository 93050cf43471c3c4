"""Merchants and their people: opening accounts, inviting members, payment links."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.domain.errors import AmountTooSmall, InvalidRequest
from app.domain.ids import new_id
from app.domain.methods import CARD, METHODS
from app.domain.money import Money, parse_amount
from app.services import audit
from app.services.audit import SYSTEM, By
from app.services.deps import Deps
from app.store.db import transaction
from app.store.merchants import Membership, Merchant, User
from app.store.payments import PaymentLink


@dataclass(frozen=True)
class OpenMerchant:
    """A new merchant account."""

    name: str
    mode: str
    country: str
    default_currency: str
    timezone: str
    support_email: str
    brand: dict[str, Any] = field(default_factory=dict)


def are_there() -> bool:
    """Whether any merchant has an account yet."""
    with transaction() as session:
        return session.execute(select(Merchant.id).limit(1)).scalar() is not None


def open_merchant(deps: Deps, command: OpenMerchant) -> str:
    """Open a merchant account; gives its id."""
    now = deps.clock.now()
    merchant_id = new_id("acct", now)
    with transaction() as session:
        session.add(
            Merchant(
                id=merchant_id,
                name=command.name,
                mode=command.mode,
                country=command.country,
                default_currency=command.default_currency,
                timezone=command.timezone,
                support_email=command.support_email,
                brand=command.brand,
                statement_descriptor=None,
                methods=[CARD],
                return_origins=[],
                created_at=now,
            )
        )
    return merchant_id


def set_methods(deps: Deps, merchant_id: str, names: Sequence[str], *, by: By = SYSTEM) -> None:
    """Say what customers may pay with; raises InvalidRequest for none at all or one that is not known.

    Checkouts that are open show the change at once; what was begun goes on.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InvalidRequest("There is no such payment method.", param="methods")
    if not names:
        raise InvalidRequest("Leave at least one way to pay switched on.", param="methods")
    wanted = [name for name in METHODS if name in names]
    with transaction() as session:
        row = session.get_one(Merchant, merchant_id, with_for_update=True)
        if row.methods == wanted:
            return
        audit.write(
            session,
            by,
            "methods.changed",
            merchant_id=merchant_id,
            subject_id=merchant_id,
            at=deps.clock.now(),
            data={"from": row.methods, "to": wanted},
        )
        row.methods = wanted


def add_user(deps: Deps, *, email: str, name: str, password: str) -> str:
    """A new person; gives their id."""
    now = deps.clock.now()
    user_id = new_id("user", now)
    hashed = deps.hasher.hash(password)
    with transaction() as session:
        session.add(
            User(
                id=user_id,
                email=email.strip().lower(),
                name=name,
                password_hash=hashed,
                created_at=now,
                disabled_at=None,
            )
        )
    return user_id


def add_member(deps: Deps, *, user_id: str, merchant_id: str, role: str) -> None:
    """Let a person work for a merchant."""
    with transaction() as session:
        session.add(
            Membership(
                user_id=user_id, merchant_id=merchant_id, role=role, created_at=deps.clock.now()
            )
        )


def create_link(deps: Deps, merchant_id: str, *, title: str, amount: Money) -> str:
    """A payment link; gives its id, which is its unguessable address."""
    if amount.amount_minor <= 0:
        raise AmountTooSmall("Enter an amount above zero.", param="amount")
    checked = parse_amount(amount.amount_minor, amount.currency)
    now = deps.clock.now()
    link_id = new_id("plink", now)
    with transaction() as session:
        session.add(
            PaymentLink(
                merchant_id=merchant_id,
                id=link_id,
                title=title.strip()[:200],
                amount_minor=checked.amount_minor,
                currency=checked.currency,
                is_active=True,
                created_at=now,
            )
        )
    return link_id
