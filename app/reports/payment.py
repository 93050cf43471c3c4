"""One payment with everything that belongs to it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.domain.errors import NotFound
from app.domain.fees import parts_of
from app.domain.methods import CARD
from app.domain.money import Money
from app.domain.onward import goes_on
from app.domain.payment import RECEIVED
from app.domain.states import PAYMENT, PaymentStatus
from app.reports import balances, bank_money, escrow, fees, settlement, timeline, transfers
from app.reports.labels import Label, brand_name, label_of, refund_label, wallet_of
from app.reports.payment_methods import Account, Outlook, account_of, outlook_of
from app.store.db import db
from app.store.payments import CheckoutSession, Operation, PaymentRow, Refund

_S = PaymentStatus
_IN_FLIGHT = ("requested", "unknown")


@dataclass(frozen=True, slots=True)
class Card:
    """What the card's issuer told about it. `device_last4` is of the number that the customer's own device
    has instead of it: where there is one, the device made sure of its owner.
    """

    brand: str
    last4: str
    expires: str
    funding: str
    country: str
    fingerprint: str
    checks: tuple[tuple[str, str], ...]
    three_d_secure: str
    wallet: str
    device_last4: str


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One refund of a payment."""

    id: str
    amount: Money
    label: Label
    reason: str
    note: str
    requested_by: str
    failure_reason: str
    processor_reference: str
    created_at: datetime
    cost: settlement.RefundCost | None
    fee_returned: Money
    is_failed: bool


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """A payment as its page shows it; amounts are Money of one currency."""

    id: str
    status: str
    label: Label
    amount: Money
    authorized: Money
    captured: Money
    refunded: Money
    reserved: Money
    refundable: Money
    fee: Money
    fee_returned: Money
    taken_back: Money
    net: Money
    fee_lines: tuple[fees.Line, ...]
    fee_schedule: str
    description: str
    email: str
    name: str
    metadata: dict[str, Any]
    card: Card | None
    account: Account | None
    outlook: Outlook | None
    decline: str
    decline_code: str
    cancel_reason: str
    processor: str
    processor_references: tuple[tuple[str, str], ...]
    session_id: str | None
    session_status: str
    key_scope: str | None
    key: str | None
    capture_before: datetime | None
    available_on: date | None
    created_at: datetime
    captured_at: datetime | None
    is_busy: bool
    # The call that the processor has received and will tell the end of, if one is.
    received: str
    is_live: bool
    is_uncertain: bool
    expires_soon: bool
    earlier_payments: int
    refunds: tuple[RefundLine, ...]
    events: tuple[timeline.Moment, ...]
    journals: tuple[balances.Journal, ...]
    settled: settlement.Settled | None
    escrow: escrow.HoldDetail | None
    transfer: bank_money.TransferDetail | None
    sent_on: transfers.SentOn | None

    @property
    def currency(self) -> str:
        """ISO code of every amount here."""
        return self.amount.currency

    @property
    def own(self) -> Money:
        """What of the net is neither held in escrow nor with sellers: the merchant's own."""
        return self.net - self.escrow.left - self.escrow.sent if self.escrow else self.net

    @property
    def is_failed(self) -> bool:
        """Whether it came to nothing because somebody said no."""
        return bool(self.decline) and self.status in (_S.FAILED, _S.CANCELED, _S.EXPIRED)

    @property
    def can_refund(self) -> bool:
        """Whether something is left to refund, and the method still takes refunds."""
        is_over = self.outlook is not None and self.outlook.is_refund_over
        return self.status == _S.CAPTURED and self.refundable.amount_minor > 0 and not is_over

    @property
    def can_capture(self) -> bool:
        """Whether money is held and nothing else is under way."""
        return self.status == _S.AUTHORIZED and not self.is_busy

    @property
    def can_cancel(self) -> bool:
        """Whether it may still end without money taken."""
        waiting = (_S.OPEN, _S.REQUIRES_ACTION, _S.AUTHORIZED, _S.FAILED)
        return self.status in waiting and not self.is_busy


def _key(row: PaymentRow) -> tuple[str | None, str | None]:
    """The route and the idempotency key that the payment was made under: `POST /path key`."""
    if row.client_key is None:
        return None, None
    method, path, key = row.client_key.split(" ", 2)
    return f"{method} {path}", key


def detail(merchant_id: str, payment_id: str, *, now: datetime) -> PaymentDetail:
    """The payment; raises NotFound for an id that is not this merchant's."""
    row = _row(merchant_id, payment_id)
    made = _refunds(merchant_id, payment_id)
    settled = settlement.of_payment(row, made)
    refunds = tuple(_refund(refund, settled) for refund in made)
    call = _in_flight(merchant_id, payment_id)
    is_busy = call is not None
    label = label_of(row)
    return PaymentDetail(
        id=row.id,
        status=row.status,
        label=label,
        description=row.description or "",
        email=row.customer_email or "",
        name=row.customer_name or "",
        metadata=row.metadata_,
        card=_card(row) if row.method == CARD else None,
        account=account_of(row),
        outlook=outlook_of(row, now.astimezone(UTC).date()),
        decline=timeline.decline_sentence(row.decline_reason, row.method),
        decline_code=row.decline_code or "",
        cancel_reason=(row.cancel_reason or "").replace("_", " "),
        processor=row.processor,
        processor_references=_references(row),
        session_id=row.session_id,
        session_status=_session_status(row),
        key_scope=_key(row)[0],
        key=_key(row)[1],
        capture_before=row.capture_before,
        available_on=row.available_on,
        created_at=row.created_at,
        captured_at=row.captured_at,
        is_busy=is_busy,
        received=call.kind if call is not None and call.error == RECEIVED else "",
        is_live=is_busy or label.is_live or any(refund.label.is_live for refund in refunds),
        is_uncertain=row.status == _S.UNKNOWN,
        expires_soon=_expires_soon(row, now),
        earlier_payments=_earlier(row),
        refunds=refunds,
        events=tuple(timeline.of_payment(merchant_id, payment_id)),
        journals=tuple(balances.journals_of_payment(merchant_id, payment_id)),
        settled=settled,
        escrow=escrow.of_payment(merchant_id, payment_id) if row.escrow is not None else None,
        transfer=bank_money.of_payment(row),
        sent_on=transfers.sent_on(merchant_id, payment_id) if goes_on(row.escrow) else None,
        **_sums(row),
    )


def is_final(status: str) -> bool:
    """Whether a payment's status never changes again."""
    return PAYMENT.is_final(PaymentStatus(status))


def _row(merchant_id: str, payment_id: str) -> PaymentRow:
    query = (
        select(PaymentRow)
        .where(PaymentRow.merchant_id == merchant_id, PaymentRow.id == payment_id)
        .execution_options(populate_existing=True)
    )
    row = db.session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound("payment", payment_id)
    return row


def _sums(row: PaymentRow) -> dict[str, Any]:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    gone = row.refunded_minor + row.refund_reserved_minor
    # A bank takes back all that it paid.
    back = row.captured_minor if row.status == _S.RETURNED else 0
    return {
        "amount": row.amount,
        "authorized": money(row.authorized_minor),
        "captured": row.captured,
        "refunded": money(row.refunded_minor),
        "reserved": money(row.refund_reserved_minor),
        "refundable": row.refundable,
        "fee": money(row.fee_minor),
        "fee_returned": money(row.fee_returned_minor),
        "taken_back": money(back),
        "net": money(row.captured_minor - row.fee_minor - gone + row.fee_returned_minor - back),
        "fee_lines": fees.lines_of(parts_of(row.fee_parts, row.fee_minor), row.currency),
        "fee_schedule": fees.schedule_name(row.merchant_id, row.fee_schedule),
    }


def _card(row: PaymentRow) -> Card | None:
    if row.card_last4 is None:
        return None
    checks = (("Security code", row.card_cvc_check), ("Postcode", row.card_postal_check))
    month, year = row.card_exp_month, row.card_exp_year
    return Card(
        brand=brand_name(row.card_brand),
        last4=row.card_last4,
        expires=f"{month:02d}/{year}" if month and year else "",
        funding=row.card_funding or "",
        country=row.card_country or "",
        fingerprint=row.card_fingerprint or "",
        checks=tuple((name, result) for name, result in checks if result),
        three_d_secure=(row.three_d_secure or "").replace("_", " "),
        wallet=wallet_of(row),
        device_last4=row.card_device_last4 or "",
    )


def _references(row: PaymentRow) -> tuple[tuple[str, str], ...]:
    """The processor's own ids, labelled with its name; its words stay in the labels' second half. Where a
    payment and its charge are one object, it is named once.
    """
    name = row.processor.capitalize()
    if row.processor_reference and row.processor_reference == row.processor_charge_reference:
        return ((f"{name} reference", row.processor_reference),)
    pairs = (
        (f"{name} payment intent", row.processor_reference),
        (f"{name} charge", row.processor_charge_reference),
    )
    return tuple((label, reference) for label, reference in pairs if reference)


def _session_status(row: PaymentRow) -> str:
    if row.session_id is None:
        return ""
    found = db.session.get(CheckoutSession, (row.merchant_id, row.session_id))
    return found.status if found else ""


def _refunds(merchant_id: str, payment_id: str) -> list[Refund]:
    query = (
        select(Refund)
        .where(Refund.merchant_id == merchant_id, Refund.payment_id == payment_id)
        .order_by(Refund.id.desc())
        .execution_options(populate_existing=True)
    )
    return list(db.session.execute(query).scalars())


def _refund(row: Refund, settled: settlement.Settled | None) -> RefundLine:
    return RefundLine(
        id=row.id,
        amount=row.amount,
        label=refund_label(row.status),
        reason=(row.reason or "").replace("_", " "),
        note=row.note or "",
        requested_by=timeline.actor_words(row.requested_by),
        failure_reason=(row.failure_reason or "").replace("_", " "),
        processor_reference=row.processor_reference or "",
        created_at=row.created_at,
        cost=settlement.of_refund(row, settled),
        fee_returned=row.fee_returned,
        is_failed=row.status == "failed",
    )


def _in_flight(merchant_id: str, payment_id: str) -> Operation | None:
    query = select(Operation).where(
        Operation.merchant_id == merchant_id,
        Operation.payment_id == payment_id,
        Operation.status.in_(_IN_FLIGHT),
    )
    return db.session.execute(query.execution_options(populate_existing=True)).scalar()


def _expires_soon(row: PaymentRow, now: datetime) -> bool:
    soon = now + timedelta(hours=48)
    return (
        row.status == _S.AUTHORIZED and row.capture_before is not None and row.capture_before < soon
    )


def _earlier(row: PaymentRow) -> int:
    """How often the same e-mail address paid this merchant before; counted to a hundred."""
    if not row.customer_email:
        return 0
    before = (
        select(PaymentRow.id)
        .where(
            PaymentRow.merchant_id == row.merchant_id,
            func.lower(PaymentRow.customer_email) == row.customer_email.lower(),
            PaymentRow.status == _S.CAPTURED,
            PaymentRow.id < row.id,
        )
        .limit(100)
        .subquery()
    )
    return db.session.execute(select(func.count()).select_from(before)).scalar_one()
