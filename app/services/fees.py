"""What merchants pay: a new version of a schedule, and the prices that a payment is held to.

A version begins at the earliest a minute after it was written, and processes remember prices for half a
minute: so when it begins, everybody knows it, and a payment is priced alike wherever it is made, captured
or resolved. Prices are remembered, so that no payment waits for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import FeeRulesInvalid, NotFound
from app.domain.fee_rules import read_rules, rules_of
from app.domain.fee_table import METHODS, STANDARD
from app.domain.fees import PriceList, Schedule
from app.domain.ids import new_id
from app.services import audit
from app.services.audit import SYSTEM, By
from app.services.deps import Deps
from app.store import fees as store
from app.store.db import transaction
from app.store.fees import FeeScheduleRow
from app.store.merchants import Merchant
from app.store.payments import PaymentRow

NOTICE = timedelta(minutes=1)
_STANDARD = {one.id: one for one in STANDARD}


@dataclass(frozen=True)
class SetSchedule:
    """A new version of what a merchant's payments by one method cost, from `valid_from` on.

    Without a moment it begins as soon as it may.
    """

    merchant_id: str
    method: str
    rules: Mapping[str, Any]
    valid_from: datetime | None = None
    by: By = SYSTEM


def set_schedule(deps: Deps, command: SetSchedule) -> Schedule:
    """Add the version; payments that were made before keep theirs. Raises FeeRulesInvalid, NotFound."""
    if command.method not in METHODS:
        raise FeeRulesInvalid(
            f"There is no method “{command.method}”; there are {', '.join(METHODS)}."
        )
    rules = read_rules(dict(command.rules))
    with transaction() as session:
        if session.get(Merchant, command.merchant_id) is None:
            raise NotFound("merchant", command.merchant_id)
        version = store.next_version(session, command.merchant_id, command.method)
        # Looked at once nobody is waited for any more, or there would be less notice.
        now = deps.clock.now()
        schedule = Schedule(
            new_id("fee", now),
            command.method,
            version=version,
            valid_from=_beginning(command.valid_from, now),
            created_by=command.by.actor,
            **rules,
        )
        _add(session, command, schedule, now)
    deps.prices.forget()
    return schedule


def _beginning(asked: datetime | None, now: datetime) -> datetime:
    earliest = now + NOTICE
    if asked is not None and asked < earliest:
        raise FeeRulesInvalid(
            f"Fees change forwards only: begin a minute from now or later, not at {asked}."
        )
    return asked or earliest


def _add(session: Session, command: SetSchedule, schedule: Schedule, now: datetime) -> None:
    rules = rules_of(schedule)
    session.add(
        FeeScheduleRow(
            merchant_id=command.merchant_id,
            id=schedule.id,
            method=schedule.method,
            version=schedule.version,
            rules=rules,
            valid_from=schedule.valid_from,
            created_by=schedule.created_by,
            created_at=now,
        )
    )
    audit.write(
        session,
        command.by,
        "fees.set",
        merchant_id=command.merchant_id,
        subject_id=schedule.id,
        at=now,
        data={
            "method": schedule.method,
            "version": schedule.version,
            "valid_from": schedule.valid_from.isoformat(),
            "rules": rules,
        },
    )


def currency_of(merchant_id: str) -> str:
    """The merchant's own currency; raises NotFound."""
    with transaction() as session:
        merchant = session.get(Merchant, merchant_id)
        if merchant is None:
            raise NotFound("merchant", merchant_id)
        return merchant.default_currency


def prices_of(deps: Deps, merchant_id: str, at: datetime) -> PriceList:
    """What the merchant pays for a payment that is made at that moment; costs nothing if remembered."""
    month = at.astimezone(UTC).date().replace(day=1)
    return deps.prices.get((merchant_id, month), lambda: _load(deps, merchant_id, month))


def schedule_of(session: Session, payment: PaymentRow) -> Schedule | None:
    """The version that a payment was priced by."""
    standard = _STANDARD.get(payment.fee_schedule)
    return standard or store.schedule_by_id(session, payment.merchant_id, payment.fee_schedule)


def conversion_apart(deps: Deps, schedule: Schedule | None) -> int:
    """What a conversion costs apart from the payment's fee, in basis points of what comes of it.

    Nothing where the schedule has a rate for conversions: that is in the fee, so none is paid twice.
    """
    has_own = schedule is not None and schedule.conversion_basis_points is not None
    return 0 if has_own else deps.fx_fee_basis_points


def _load(deps: Deps, merchant_id: str, month: date) -> PriceList:
    before = (month - timedelta(days=1)).replace(day=1)
    with transaction() as session:
        country = session.execute(
            select(Merchant.country).where(Merchant.id == merchant_id)
        ).scalar()
        own = tuple(store.schedules_of(session, merchant_id))
        volumes: Mapping[str, int] = {}
        if any(one.by_volume for one in own):
            volumes = _volumes(session, merchant_id, before, month, deps.clock.now())
    return PriceList(country or "", own, STANDARD, volumes)


def _volumes(
    session: Session, merchant_id: str, month: date, end: date, now: datetime
) -> Mapping[str, int]:
    """What was taken in a month that is over: counted once, and the same for ever."""
    known = store.volumes_of(session, merchant_id, month)
    if known is None:
        taken = store.captured_between(session, merchant_id, _midnight(month), _midnight(end))
        store.add_volumes(session, merchant_id, month, taken, now)
        known = store.volumes_of(session, merchant_id, month)
    return known or {}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
