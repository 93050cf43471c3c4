"""Merchants and their people: opening accounts, inviting members, payment links."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.domain.errors import AmountTooSmall, InvalidRequest
from app.domain.escrow import Plan
from app.domain.ids import new_id
from app.domain.methods import CARD, METHODS, method_of
from app.domain.money import Money, currency_of, parse_amount
from app.services import audit
from app.services.audit import SYSTEM, By
from app.services.deps import Deps
from app.services.sellers import check_plan_of
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


@dataclass(frozen=True)
class ChooseSettlement:
    """The currencies that are kept as they are paid, besides the account's own; None keeps all."""

    merchant_id: str
    kept: tuple[str, ...] | None
    by: By


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
                settlement_currencies=None,
                escrow_release_days=None,
                created_at=now,
            )
        )
    return merchant_id


def choose_settlement(deps: Deps, command: ChooseSettlement) -> None:
    """Settle in other currencies from now on; what was captured before stays as it was settled.

    Raises CurrencyUnknown. Other processes go by the new choice within half a minute.
    """
    now = deps.clock.now()
    kept = None
    if command.kept is not None:
        kept = sorted({currency_of(code, param="kept").code for code in command.kept})
    with transaction() as session:
        merchant = session.get_one(Merchant, command.merchant_id, with_for_update=True)
        if merchant.settlement_currencies == kept:
            return
        audit.write(
            session,
            command.by,
            "settlement.chosen",
            merchant_id=merchant.id,
            subject_id=merchant.id,
            at=now,
            data={"before": merchant.settlement_currencies, "after": kept},
        )
        merchant.settlement_currencies = kept
    deps.settlements.forget()


def set_methods(deps: Deps, merchant_id: str, names: Sequence[str], *, by: By = SYSTEM) -> None:
    """Say what customers may pay with; raises InvalidRequest for none at all, one that is not known, or a
    wallet without the cards that are in it.

    Checkouts that are open show the change at once; what was begun goes on.
    """
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InvalidRequest("There is no such payment method.", param="methods")
    if not names:
        raise InvalidRequest("Leave at least one way to pay switched on.", param="methods")
    for one in map(method_of, names):
        if one.base and one.base not in names:
            base = method_of(one.base).title
            raise InvalidRequest(
                f"{one.title} pays with a card: leave “{base}” switched on as well.",
                param="methods",
            )
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


def create_link(
    deps: Deps, merchant_id: str, *, title: str, amount: Money, escrow: Plan | None = None
) -> str:
    """A payment link; gives its id, which is its unguessable address. With a plan, what is paid is
    held.
    """
    if amount.amount_minor <= 0:
        raise AmountTooSmall("Enter an amount above zero.", param="amount")
    checked = parse_amount(amount.amount_minor, amount.currency)
    if escrow is not None:
        check_plan_of(merchant_id, escrow, checked)
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
                escrow=None if escrow is None else escrow.stored(),
                created_at=now,
            )
        )
    return link_id
