"""A new bank account: checked, sealed, and sent two micro-deposits that prove whose it is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import get_args

from babel import Locale
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.bank_accounts import CheckedNumber, check_american, check_holder, check_iban
from app.domain.errors import Conflict, InvalidRequest, TooManyAttempts
from app.domain.ids import new_id
from app.domain.money import currency_of
from app.domain.rails import AccountType, HolderType, PayoutRail, rail_for
from app.domain.states import BANK_ACCOUNT, BankAccountStatus
from app.services.audit import SYSTEM, By
from app.services.bank_account_rows import note, tell_owner
from app.services.bank_deposits import plan_deposits
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount
from app.store.db import transaction
from app.store.merchants import Merchant

MOST_A_DAY = 5
SAME_AGAIN = "This account is already in your list for {currency}."


@dataclass(frozen=True)
class AddAccount:
    """A bank account as a person typed it: an IBAN, or a routing and an account number. What kind of
    holder and of account it is matters to American banks only.
    """

    merchant_id: str
    holder_name: str
    currency: str
    kind: str
    iban: str = field(default="", repr=False)
    routing: str = ""
    number: str = field(default="", repr=False)
    by: By = SYSTEM
    holder_type: str = "company"
    account_type: str = "checking"


def add_account(deps: Deps, command: AddAccount) -> str:
    """Add an account and send two micro-deposits there; gives its id.

    Raises InvalidRequest naming the field, Conflict for an account that is there, or TooManyAttempts.
    """
    holder = check_holder(command.holder_name)
    currency = currency_of(command.currency).code
    _check_types(command)
    checked = _checked(command)
    now = deps.clock.now()
    with transaction() as session:
        # Two at once take turns, or both would find the last free place.
        merchant = session.execute(
            select(Merchant)
            .where(Merchant.id == command.merchant_id)
            .with_for_update(key_share=True)  # Payments go on meanwhile.
        ).scalar_one()
        _refuse_many(session, command.merchant_id, now)
        rail = _rail(deps, merchant, currency, checked)
        account = _row(deps, command, checked, holder, currency)
        session.add(account)
        try:
            session.flush()
        except IntegrityError:
            raise Conflict(SAME_AGAIN.format(currency=currency)) from None
        note(session, deps, account, BANK_ACCOUNT.created, command.by)
        plan_deposits(session, deps, account, rail)
        tell_owner(
            session,
            deps,
            account,
            subject="A bank account was added",
            text=f"{command.by.actor.partition(':')[2] or 'Somebody'} added a bank account."
            " No money goes there before it is verified and made the default one.",
        )
    deps.queue.wake("deposits")
    deps.queue.wake("mails")
    return account.id


def _checked(command: AddAccount) -> CheckedNumber:
    if command.kind == "iban":
        return check_iban(command.iban)
    if command.kind == "us_account":
        return check_american(command.routing, command.number)
    raise InvalidRequest("Choose an IBAN or an account in the United States.", param="kind")


def _check_types(command: AddAccount) -> None:
    if command.holder_type not in get_args(HolderType):
        raise InvalidRequest("Say whether a company or a person holds it.", param="holder_type")
    if command.account_type not in get_args(AccountType):
        raise InvalidRequest("Choose a checking or a savings account.", param="account_type")


def _refuse_many(session: Session, merchant_id: str, now: datetime) -> None:
    """Each new account costs us two deposits, so there is an end to them."""
    count = session.execute(
        select(func.count()).where(
            BankAccount.merchant_id == merchant_id,
            BankAccount.created_at > now - timedelta(days=1),
        )
    ).scalar_one()
    if count >= MOST_A_DAY:
        raise TooManyAttempts(f"You can add {MOST_A_DAY} bank accounts a day. Try again tomorrow.")


def _rail(deps: Deps, merchant: Merchant, currency: str, checked: CheckedNumber) -> PayoutRail:
    """The rail that reaches the account; raises InvalidRequest saying what none does."""
    rails, is_live, kind = deps.rails.values(), merchant.mode == "live", checked.kind
    rail = rail_for(rails, currency=currency, kind=kind, is_live=is_live, country=checked.country)
    if rail is not None:
        return rail
    if rail_for(rails, currency=currency, kind=kind, is_live=is_live) is not None:
        country = Locale("en").territories.get(checked.country, checked.country)
        raise InvalidRequest(
            f"We cannot pay out {currency} to an account in {country}. Add an account in another"
            " country.",
            param="iban" if kind == "iban" else "routing",
        )
    what = "an IBAN" if kind == "iban" else "an American account"
    raise InvalidRequest(f"We cannot pay out {currency} to {what}.", param="currency")


def _row(
    deps: Deps, command: AddAccount, checked: CheckedNumber, holder: str, currency: str
) -> BankAccount:
    now = deps.clock.now()
    return BankAccount(
        merchant_id=command.merchant_id,
        id=new_id("ba", now),
        holder_name=holder,
        holder_type=command.holder_type,
        account_type=command.account_type,
        country=checked.country,
        currency=currency,
        kind=checked.kind,
        number_sealed=deps.sealer.seal(checked.number),
        routing=checked.routing,
        bank_name=checked.bank_name,
        last4=checked.last4,
        fingerprint=deps.sealer.fingerprint(f"{checked.kind}/{checked.routing}/{checked.number}"),
        status=BankAccountStatus.NEW,
        failure_code=None,
        wrong_tries=0,
        is_default=False,
        cooling_off_until=None,
        created_by=command.by.actor,
        created_at=now,
        verified_at=None,
        removed_at=None,
        updated_at=now,
    )
