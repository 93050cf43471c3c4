"""Which kinds of method a payment or a checkout may be made with, of what its merchant switched on."""

from collections.abc import Sequence

from app.domain.errors import InvalidRequest
from app.domain.methods import WALLETS, method_of, offered
from app.domain.money import Money
from app.store.db import db, end_read
from app.store.merchants import Merchant


def allowed(
    merchant_id: str, wanted: Sequence[str] | None, amount: Money, *, is_held: bool
) -> tuple[str, ...]:
    """The kinds of method that may be used: those that are wanted, else all that can work.

    Raises InvalidRequest for a kind that is not switched on or cannot take this payment.
    """
    on = db.session.get_one(Merchant, merchant_id).methods
    end_read()
    for name in wanted or ():
        if name not in on:
            title = method_of(name).title
            raise InvalidRequest(
                f"{title} is not switched on for this account.", param="payment_method_types"
            )
        if not method_of(name).takes(amount, is_held=is_held):
            raise InvalidRequest(
                f"{method_of(name).title} cannot take this payment: see its currencies and limits.",
                param="payment_method_types",
            )
    able = [one.name for one in offered(on, amount, is_held=is_held) if one.name not in WALLETS]
    found = tuple(wanted or able)
    if not found:
        raise InvalidRequest(
            f"Nothing that is switched on can take {amount}.", param="automatic_payment_methods"
        )
    return found


def asked_methods(
    asked: Sequence[str] | None, merchant: Merchant, total: Money, *, is_held: bool
) -> list[str] | None:
    """The kinds that were asked for; raises InvalidRequest where none of them could ever work."""
    wanted = merchant.methods if asked is None else asked
    off = [name for name in wanted if name not in merchant.methods]
    if off:
        raise InvalidRequest(
            f"{method_of(off[0]).title} is not switched on for this account.",
            param="payment_method_types",
        )
    if not offered(wanted, total, is_held=is_held):
        raise InvalidRequest(
            f"None of these payment methods can take {total}{' and hold it' if is_held else ''}.",
            param="payment_method_types",
        )
    return None if asked is None else list(asked)
