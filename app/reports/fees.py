"""What a merchant pays, to be shown: by method, in versions, for an amount, and on a payment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from app.domain.currencies import CURRENCIES
from app.domain.fee_table import METHODS, STANDARD
from app.domain.fees import PART_NAMES, Part, Price, PriceList, Sale, Schedule
from app.domain.money import Money
from app.reports.fee_words import Words, Writer, words_of
from app.store.db import db
from app.store.fees import FeeScheduleRow

METHOD_NAMES = {
    "card": "Cards",
    "wallet": "Wallets",
    "ach_debit": "ACH debit",
    "sepa_debit": "SEPA debit",
    "bank_transfer": "Bank transfer",
    "bnpl": "Buy now, pay later",
}
# Methods that move one currency only are shown in it.
CURRENCY_OF = {"ach_debit": "USD", "sepa_debit": "EUR"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a schedule; it holds `since` until the next one begins."""

    method: str
    name: str
    words: Words
    since: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class MethodFees:
    """What payments by one method cost now, with an example, and what will come."""

    method: str
    now: Version
    example: Price
    example_amount: Money
    coming: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a fee; the rate in basis points where one rate gave it."""

    text: str
    basis_points: int | None
    amount: Money


def method_name(method: str) -> str:
    """What a method is called."""
    return METHOD_NAMES.get(method, method.replace("_", " ").capitalize())


def version_name(schedule: Schedule) -> str:
    """ "Standard", or the number that was agreed on."""
    return "Standard" if schedule in STANDARD else f"Version {schedule.version}"


def overview(
    prices: PriceList, currency: str, *, now: datetime, write: Writer
) -> Sequence[MethodFees]:
    """A row for each method."""
    return [_method(prices, method, currency, now, write) for method in METHODS]


def _method(
    prices: PriceList, method: str, currency: str, now: datetime, write: Writer
) -> MethodFees:
    shown = CURRENCY_OF.get(method, currency)
    amount = Money(10 ** max(4, CURRENCIES[shown].exponent + 2), shown)
    price = prices.price(Sale(amount, method, made_at=now))
    coming = [
        one
        for one in prices.own
        if one.method == method and one.valid_from > now and one.prices(shown)
    ]
    current = _version(price.schedule, shown, "current", write)
    if price.schedule.by_volume:
        taken = write.money(Money(prices.volumes.get(shown, 0), shown))
        words = replace(
            current.words, extras=(*current.words.extras, f"last month came to {taken}")
        )
        current = replace(current, words=words)
    return MethodFees(
        method,
        current,
        price,
        amount,
        tuple(_version(one, shown, "coming", write) for one in coming),
    )


def history(prices: PriceList, currency: str, *, now: datetime, write: Writer) -> Sequence[Version]:
    """Every version that was agreed on, the newest first, and what each is today."""
    found = []
    for one in sorted(prices.own, key=lambda one: (one.valid_from, one.version), reverse=True):
        shown = CURRENCY_OF.get(one.method, currency)
        shown = shown if one.prices(shown) else _a_currency(one)
        newest = prices.schedule(Sale(Money(1, shown), one.method, made_at=now))
        state = "current" if newest == one else "coming" if one.valid_from > now else "over"
        found.append(_version(one, shown, state, write))
    return found


def _a_currency(schedule: Schedule) -> str:
    """A currency in which it states its sums."""
    return next(min(one.stated) for one in schedule.sums if one.stated)


def _version(schedule: Schedule, currency: str, state: str, write: Writer) -> Version:
    return Version(
        method_name(schedule.method),
        version_name(schedule),
        words_of(schedule, currency, write),
        None if schedule in STANDARD else schedule.valid_from,
        state,
    )


def lines_of(parts: Sequence[Part], currency: str) -> tuple[Line, ...]:
    """A fee's lines with their names."""
    return tuple(
        Line(PART_NAMES[part.name], part.basis_points, Money(part.minor, currency))
        for part in parts
    )


def schedule_name(merchant_id: str, schedule_id: str) -> str:
    """What a payment's schedule is called: "Card fees, version 2"."""
    known = {one.id: one for one in STANDARD}
    if schedule_id in known:
        return f"{method_name(known[schedule_id].method)}, standard"
    query = select(FeeScheduleRow.method, FeeScheduleRow.version).where(
        FeeScheduleRow.merchant_id == merchant_id, FeeScheduleRow.id == schedule_id
    )
    found = db.session.execute(query).first()
    return f"{method_name(found.method)}, version {found.version}" if found else schedule_id
