"""A merchant's bank accounts as a person may see them: never more of a number than its last four."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from app.domain.bank_accounts import MOST_TRIES
from app.domain.rails import FAILURE_ADVICE, FailureCode
from app.reports.labels import Label
from app.store.bank_accounts import BankAccount, MicroDeposit
from app.store.db import db
from app.store.merchants import Merchant

_LABELS = {
    "verified": Label("Verified", "green"),
    "errored": Label("Does not work", "red"),
    "removed": Label("Removed", "grey"),
}
_ON_THEIR_WAY = Label("Deposits on their way", "blue", is_live=True)
_TO_VERIFY = Label("Type the two amounts", "orange")
WRONG_AMOUNTS = "Wrong amounts were given too often. Remove the account and add it again."


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One account. `advice` says what happened and what to do where it does not work."""

    id: str
    title: str
    last4: str
    holder_name: str
    currency: str
    country: str
    label: Label
    is_default: bool
    can_verify: bool
    can_be_default: bool
    cooling_off_until: datetime | None
    arrival_date: date | None
    tries_left: int
    advice: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ShownAccounts:
    """The accounts in use, the default ones first, and those that were removed."""

    current: list[ShownAccount]
    removed: list[ShownAccount]
    is_live: bool
    first_currency: str

    def default_of(self, currency: str) -> ShownAccount | None:
        """The account that a currency is paid out to."""
        return next((a for a in self.current if a.currency == currency and a.is_default), None)


def bank_accounts(merchant_id: str, *, now: datetime) -> ShownAccounts:
    """Every account of the merchant, by currency, the default one first, then newest first."""
    rows = db.session.scalars(
        select(BankAccount)
        .where(BankAccount.merchant_id == merchant_id)
        .order_by(
            BankAccount.currency, BankAccount.is_default.desc(), BankAccount.created_at.desc()
        )
    ).all()
    deposits = _deposits(merchant_id)
    shown = [_shown(row, deposits.get(row.id, []), now) for row in rows]
    gone = {row.id for row in rows if row.status == "removed"}
    merchant = db.session.get_one(Merchant, merchant_id)
    return ShownAccounts(
        current=[one for one in shown if one.id not in gone],
        removed=[one for one in shown if one.id in gone],
        is_live=merchant.mode == "live",
        first_currency=merchant.default_currency,
    )


def _deposits(merchant_id: str) -> dict[str, list[MicroDeposit]]:
    query = select(MicroDeposit).where(MicroDeposit.merchant_id == merchant_id)
    found: dict[str, list[MicroDeposit]] = {}
    for row in db.session.scalars(query):
        found.setdefault(row.bank_account_id, []).append(row)
    return found


def _shown(row: BankAccount, deposits: list[MicroDeposit], now: datetime) -> ShownAccount:
    have_left = bool(deposits) and all(one.status in ("sent", "paid") for one in deposits)
    is_new = row.status == "new"
    waits = row.cooling_off_until is not None and row.cooling_off_until > now and row.is_default
    days = [one.arrival_date for one in deposits if one.arrival_date and one.status == "sent"]
    return ShownAccount(
        id=row.id,
        title=row.bank_name or ("US account" if row.kind == "us_account" else "IBAN"),
        last4=row.last4,
        holder_name=row.holder_name,
        currency=row.currency,
        country=row.country,
        label=_LABELS.get(row.status) or (_TO_VERIFY if have_left else _ON_THEIR_WAY),
        is_default=row.is_default,
        can_verify=is_new and have_left,
        can_be_default=row.status == "verified" and not row.is_default,
        cooling_off_until=row.cooling_off_until if waits else None,
        arrival_date=max(days, default=None) if is_new else None,
        tries_left=MOST_TRIES - row.wrong_tries,
        advice=_advice(row),
        created_at=row.created_at,
        created_by=row.created_by.removeprefix("user:"),
    )


def _advice(row: BankAccount) -> str:
    if row.status != "errored":
        return ""
    if row.failure_code is None:
        return WRONG_AMOUNTS
    advice = FAILURE_ADVICE[FailureCode(row.failure_code)]
    return f"{advice.happened} {advice.what_to_do}"
