"""The ledger, to be walked through: the accounts of a book, one journal with its seal, and a list of them.

As merchants see it: without the platform's own costs, and saying where they are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVarTuple

from sqlalchemy import Select, func, select, text

from app.domain.accounts import CHART
from app.domain.chain import SealedJournal, leaf_of
from app.domain.errors import NotFound
from app.domain.money import Money
from app.domain.platform_costs import (
    HIDDEN_EVENTS,
    Shown,
    is_hidden,
    left_out,
    without_costs,
)
from app.domain.recipes import RECIPES
from app.reports.as_of import standing
from app.reports.balances import account_name, title_of
from app.reports.paging import Cursor, Page, fetch
from app.store.books import journals_between
from app.store.db import db
from app.store.ledger import AccountRow, JournalRow, PostingRow

Ts = TypeVarTuple("Ts")
# What the platform's accounts are to a merchant: theirs are shown first.
KINDS = ("merchant", "customer", "escrow", "platform")
JOURNALS_SHOWN = 12
# The events are named for the index over (merchant, event, source).
EVENTS = tuple(one.__name__ for one in RECIPES if one.__name__ not in HIDDEN_EVENTS)


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account in one currency: what it holds now, and what it held at the moment asked for.

    A balance is None where it cannot be told without a cost of the platform's.
    """

    code: str
    name: str
    meaning: str
    kind: str
    side: str
    now: Money | None
    then: Money | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class CurrencyAccounts:
    """The accounts of one currency."""

    currency: str
    accounts: tuple[AccountLine, ...]


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One posting: the account that takes and the account that gives."""

    line: int
    debit: str
    debit_name: str
    credit: str
    credit_name: str
    amount: Money
    available_on: date


@dataclass(frozen=True, slots=True)
class JournalLines:
    """A journal in a list, with its postings."""

    id: str
    title: str
    payment_id: str | None
    created_at: datetime
    postings: tuple[PostingLine, ...]


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where a journal stands in the chain; `holds` says whether it still gives the leaf sealed for it."""

    number: int
    position: int
    size: int
    hash: str
    leaf: str
    sealed_at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class JournalDetail:
    """One business fact with both sides of each posting, its seal if it has one, and its neighbours."""

    id: str
    title: str
    event: str
    source_id: str
    payment_id: str | None
    event_at: datetime
    created_at: datetime
    postings: tuple[PostingLine, ...]
    totals: tuple[Money, ...]
    seal: SealPlace | None
    older: str | None
    newer: str | None

    @property
    def refund_id(self) -> str | None:
        """The refund that it books, if it books one."""
        return self.source_id if self.source_id.startswith("re_") else None


def named(code: str) -> str:
    """An account in a merchant's words; its code where the chart does not know it."""
    return account_name(code) if code.partition(":")[0] in CHART else code


def accounts(merchant_id: str, at: datetime | None = None) -> list[CurrencyAccounts]:
    """Every account of the book by currency, now and at a moment if one is given."""
    now = without_costs(standing(merchant_id).balances)
    then = without_costs(standing(merchant_id, at).balances) if at is not None else None
    found: dict[str, list[AccountLine]] = {}
    for code, currency in sorted(now.balances, key=_order):
        row = CHART[code.partition(":")[0]]
        line = AccountLine(
            code=code,
            name=named(code),
            meaning=row.meaning,
            kind=row.kind,
            side=row.normal,
            now=_told(now, code, currency),
            then=_told(then, code, currency) if then is not None else None,
            left_out=left_out(code),
        )
        found.setdefault(currency, []).append(line)
    return [CurrencyAccounts(currency, tuple(lines)) for currency, lines in sorted(found.items())]


def _told(shown: Shown, code: str, currency: str) -> Money | None:
    key = (code, currency)
    return None if key in shown.untold else Money(shown.balances.get(key, 0), currency)


def _order(key: tuple[str, str]) -> tuple[int, int, str]:
    row = CHART[key[0].partition(":")[0]]
    return KINDS.index(row.kind), list(CHART).index(row.code), key[0]


def account(merchant_id: str, code: str, currency: str) -> AccountLine:
    """One account with its balance now; raises NotFound."""
    query = select(AccountRow.kind, AccountRow.normal_side).where(
        AccountRow.merchant_id == merchant_id,
        AccountRow.code == code,
        AccountRow.currency == currency,
    )
    row = db.session.execute(query).one_or_none()
    if row is None or code.partition(":")[0] not in CHART or is_hidden(code):
        raise NotFound("account", f"{code} {currency}"[:80])
    meaning = CHART[code.partition(":")[0]].meaning
    now = _told(without_costs(standing(merchant_id).balances), code, currency)
    kind, side = row.kind, row.normal_side
    return AccountLine(code, named(code), meaning, kind, side, now, None, left_out(code))


def journals(merchant_id: str, of: str, cursor: Cursor) -> Page[JournalLines]:
    """The journals of the book, newest first; those of a payment, a refund or another source if asked."""
    query = _shown(select(JournalRow), merchant_id)
    if of.startswith("pi_"):
        query = query.where(JournalRow.payment_id == of)
    elif of:
        query = query.where(JournalRow.event.in_(EVENTS), JournalRow.source_id == of)
    page = fetch(query, JournalRow.id, cursor, lambda record: record[0], JOURNALS_SHOWN)
    lines = _postings(merchant_id, [row.id for row in page.rows])
    shown = [
        JournalLines(
            row.id, title_of(row.event), row.payment_id, row.created_at, lines.get(row.id, ())
        )
        for row in page.rows
    ]
    return Page(shown, page.older, page.newer)


def _shown(query: Select[*Ts], merchant_id: str) -> Select[*Ts]:
    """Only journals of the merchant that merchants see."""
    return query.where(
        JournalRow.merchant_id == merchant_id, JournalRow.event.not_in(HIDDEN_EVENTS)
    )


def journal(merchant_id: str, journal_id: str) -> JournalDetail:
    """One journal; raises NotFound."""
    query = _shown(select(JournalRow), merchant_id).where(JournalRow.id == journal_id)
    row = db.session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound("journal", journal_id)
    postings = _postings(merchant_id, [journal_id]).get(journal_id, ())
    return JournalDetail(
        id=row.id,
        title=title_of(row.event),
        event=row.event,
        source_id=row.source_id,
        payment_id=row.payment_id,
        event_at=row.event_at,
        created_at=row.created_at,
        postings=postings,
        totals=_totals(postings),
        seal=_seal(merchant_id, row),
        older=_neighbour(merchant_id, journal_id, older=True),
        newer=_neighbour(merchant_id, journal_id, older=False),
    )


def _postings(merchant_id: str, journal_ids: Sequence[str]) -> dict[str, tuple[PostingLine, ...]]:
    query = (
        select(PostingRow)
        .where(PostingRow.merchant_id == merchant_id, PostingRow.journal_id.in_(journal_ids))
        .order_by(PostingRow.journal_id, PostingRow.line)
    )
    found: dict[str, tuple[PostingLine, ...]] = {}
    for row in db.session.execute(query).scalars():
        line = PostingLine(
            row.line,
            row.debit,
            named(row.debit),
            row.credit,
            named(row.credit),
            Money(row.amount_minor, row.currency),
            row.available_on,
        )
        found[row.journal_id] = (*found.get(row.journal_id, ()), line)
    return found


def _totals(postings: Sequence[PostingLine]) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for one in postings:
        currency = one.amount.currency
        sums[currency] = sums.get(currency, Money.zero(currency)) + one.amount
    return tuple(sums[currency] for currency in sorted(sums))


def _neighbour(merchant_id: str, journal_id: str, *, older: bool) -> str | None:
    side = JournalRow.id < journal_id if older else JournalRow.id > journal_id
    nearest = func.max(JournalRow.id) if older else func.min(JournalRow.id)
    query = _shown(select(nearest), merchant_id).where(side)
    return db.session.execute(query).scalar_one()


_SEAL = """
    SELECT number, hash, sealed_at, array_position(journal_ids, :id) AS position,
           cardinality(journal_ids) AS size,
           substring(leaves FROM 32 * array_position(journal_ids, :id) - 31 FOR 32) AS leaf
    FROM (SELECT * FROM seals WHERE merchant_id = :merchant_id AND to_seq >= :seq
          ORDER BY to_seq LIMIT 1) AS over
    WHERE from_seq < :seq
"""


def _seal(merchant_id: str, row: JournalRow) -> SealPlace | None:
    """The seal over a journal's number, even if the journal was smuggled in below it."""
    values = {"merchant_id": merchant_id, "seq": row.seq, "id": row.id}
    found = db.session.execute(text(_SEAL), values).one_or_none()
    if found is None:
        return None
    leaf = bytes(found.leaf or b"")
    return SealPlace(
        number=found.number,
        position=found.position or 0,
        size=found.size,
        hash=bytes(found.hash).hex(),
        leaf=leaf.hex(),
        sealed_at=found.sealed_at,
        holds=leaf_of(_as_sealed(merchant_id, row)) == leaf,
    )


def _as_sealed(merchant_id: str, row: JournalRow) -> SealedJournal:
    [(_, journal)] = journals_between(db.session(), merchant_id, row.seq - 1, row.seq, 1)
    return journal
