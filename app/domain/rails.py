"""The PayoutRail port: how money leaves for a merchant's bank account, and the only answers there are.

A rail translates; what was paid out is the payouts' to know. An answer that it does not understand,
or that never came, is Unknown: never a failure, never a success. A refusal is a value, not an
exception. Orders of test accounts go over rails that move nothing real, and no others.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol

from app.domain.money import Money

AccountKind = Literal["iban", "us_account"]
AccountType = Literal["checking", "savings"]
HolderType = Literal["company", "individual"]


class FailureCode(StrEnum):
    """Why money did not reach an account, in the words of our public API."""

    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_FROZEN = "account_frozen"
    BANK_ACCOUNT_RESTRICTED = "bank_account_restricted"
    BANK_OWNERSHIP_CHANGED = "bank_ownership_changed"
    COULD_NOT_PROCESS = "could_not_process"
    DEBIT_NOT_AUTHORIZED = "debit_not_authorized"
    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    INVALID_ACCOUNT_NUMBER = "invalid_account_number"
    INCORRECT_ACCOUNT_HOLDER_NAME = "incorrect_account_holder_name"
    INVALID_CURRENCY = "invalid_currency"
    NO_ACCOUNT = "no_account"
    UNSUPPORTED_CARD = "unsupported_card"


@dataclass(frozen=True, slots=True)
class Advice:
    """What happened and what to do about it, in the merchant's words: whole sentences.

    `after_payout` adds where the money of a failed payout is; a micro-deposit was never theirs.
    """

    happened: str
    what_to_do: str

    @property
    def after_payout(self) -> str:
        """What to do, and where the money is."""
        return f"{self.what_to_do} {MONEY_IS_BACK}"


MONEY_IS_BACK = "The money is in your balance again and goes out with the next payout."

FAILURE_ADVICE: dict[FailureCode, Advice] = {
    FailureCode.ACCOUNT_CLOSED: Advice(
        "The bank says that this account has been closed.",
        "Add another bank account and make it the default one.",
    ),
    FailureCode.ACCOUNT_FROZEN: Advice(
        "The bank has frozen this account and takes no money for it.",
        "Ask your bank to free it, or add another bank account.",
    ),
    FailureCode.BANK_ACCOUNT_RESTRICTED: Advice(
        "The bank restricts which payments this account may receive.",
        "Ask your bank to allow transfers of this kind, or add an account that takes them.",
    ),
    FailureCode.BANK_OWNERSHIP_CHANGED: Advice(
        "The account now belongs to somebody else, or moved to another bank.",
        "Add the account again with its new details.",
    ),
    FailureCode.COULD_NOT_PROCESS: Advice(
        "The bank could not process this transfer and gave no reason that you could act on.",
        "There is nothing for you to change. If it fails again, ask your bank.",
    ),
    FailureCode.DEBIT_NOT_AUTHORIZED: Advice(
        "A negative balance was to be collected, and this account does not allow debits.",
        "Ask your bank to allow debits by us, or add another bank account.",
    ),
    FailureCode.DECLINED: Advice(
        "The bank declined this transfer.",
        "Ask your bank why, or add another bank account.",
    ),
    FailureCode.INSUFFICIENT_FUNDS: Advice(
        "The account that the money was to come from did not hold enough.",
        "If money was to come to you, we were short and there is nothing for you to do; if a"
        " negative balance was to be collected, put money on your account.",
    ),
    FailureCode.INVALID_ACCOUNT_NUMBER: Advice(
        "The account number is not one that this bank uses.",
        "Compare the number with a statement and add the account again.",
    ),
    FailureCode.INCORRECT_ACCOUNT_HOLDER_NAME: Advice(
        "The bank has another name for the holder of this account.",
        "Add the account again with the holder's name exactly as on its statements.",
    ),
    FailureCode.INVALID_CURRENCY: Advice(
        "The account cannot receive this currency.",
        "Add a bank account in the currency that is to be paid out.",
    ),
    FailureCode.NO_ACCOUNT: Advice(
        "The bank has no account of this number and holder.",
        "Compare number and name with a statement and add the account again.",
    ),
    FailureCode.UNSUPPORTED_CARD: Advice(
        "The card does not take payouts.",
        "Add a bank account instead.",
    ),
}


@dataclass(frozen=True, slots=True)
class BankDestination:
    """A bank account to send money to, unsealed for use. Never logged, never shown but for `last4`.

    `routing` is an American routing number, or the BIC that goes with an IBAN where it is known;
    American banks also need to know what kind of account and of holder it is.
    """

    id: str
    holder_name: str
    country: str
    currency: str
    kind: AccountKind
    number: str = field(repr=False)
    routing: str
    bank_name: str
    last4: str
    holder_type: HolderType = "company"
    account_type: AccountType = "checking"


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """Send `amount` to `destination`. `payout_id` is our id of what is sent: the rail knows the
    order by it, whatever the idempotency key of a try was. `is_verification` marks a small amount that
    only proves the account.
    """

    merchant_id: str
    payout_id: str
    amount: Money
    destination: BankDestination
    statement_descriptor: str
    idempotency_key: str
    is_live: bool
    created_at: datetime
    is_verification: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rail has the order and carries it out: from now on the money counts as on its way."""

    reference: str
    trace_id: str | None = None
    arrival_date: date | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """It reached the account. It may still come back: `Returned` then follows."""

    reference: str
    trace_id: str | None
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Definite: nothing left us, and nothing will. `message` is the bank's own, for staff."""

    code: FailureCode
    message: str


@dataclass(frozen=True, slots=True)
class Returned:
    """It left and came back."""

    reference: str
    code: FailureCode
    at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Only from `query`: the rail does not know the order."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The money may or may not have left: ask again, with `query` or with the same key."""

    detail: str


RailOutcome = Accepted | Paid | Refused | Returned | Absent | Unknown


class PayoutRail(Protocol):
    """A way to send money to bank accounts.

    `currencies` and `kinds` say what it carries, `countries` where to (None for everywhere), `is_live`
    whether it moves real money.
    """

    name: str
    currencies: frozenset[str]
    kinds: frozenset[AccountKind]
    countries: frozenset[str] | None
    is_live: bool

    def send(self, order: PayoutOrder) -> RailOutcome:
        """Send it. Safe to repeat with the same order: the money leaves once."""
        ...

    def query(self, order: PayoutOrder) -> RailOutcome:
        """Ask what became of an order of ours, by its `payout_id`; changes nothing."""
        ...


def rail_for(
    rails: Iterable[PayoutRail],
    *,
    currency: str,
    kind: AccountKind,
    is_live: bool,
    country: str | None = None,
) -> PayoutRail | None:
    """The first rail, in the registry's order, that carries this currency to such an account; in that
    country, if one is named.
    """
    for rail in rails:
        is_near = country is None or rail.countries is None or country in rail.countries
        if (
            rail.is_live == is_live
            and currency in rail.currencies
            and kind in rail.kinds
            and is_near
        ):
            return rail
    return None
