"""Objects by their ids, many at once: what expansion fetches, and what lists are made of."""

from collections.abc import Mapping, Sequence

from app.domain.attempts import Attempt
from app.domain.onward import goes_on
from app.domain.payments import Payment
from app.reports.objects import balance, payments
from app.reports.objects import payouts as payout_reads
from app.reports.objects import transfers as transfer_reads
from app.reports.objects.payments import RefundFacts
from app.reports.objects.payouts import PayoutRow
from app.services import checkout, methods
from app.services import customers as customers_service
from app.web.api.call import Asker, Json
from app.web.api.objects import balance as balance_objects
from app.web.api.objects.charge import charge
from app.web.api.objects.checkout_session import line_items
from app.web.api.objects.customer import customer
from app.web.api.objects.ids import attempt_id, charge_id
from app.web.api.objects.payment_intent import payment_intent
from app.web.api.objects.payment_method import payment_method, used_method
from app.web.api.objects.payout import BACK, payout
from app.web.api.objects.refund import refund
from app.web.api.objects.transfer import booked_as, escrow_hold, transfer, transfer_reversal

Found = Mapping[str, Json]
REFUND_EVENTS = ("refund_requested", "refund_failed", "refund_returned")
MOST_INSIDE = 10


def payment_intents(call: Asker, ids: Sequence[str]) -> Found:
    """Payments by id."""
    rows = payments.payments_by_ids(call.merchant_id, ids)
    return {row.id: payment_intent(row, is_live=call.is_live) for row in rows}


def charges(call: Asker, ids: Sequence[str]) -> Found:
    """Charges by id."""
    rows = payments.attempts_by_ids(call.merchant_id, [attempt_id(one) for one in ids])
    return {one["id"]: one for one in charges_of(call, rows)}


def charges_of(call: Asker, rows: Sequence[Attempt]) -> list[Json]:
    """The objects of these tries, in order."""
    paid = [("payment_captured", row.payment.id) for row in rows if row.is_paid]
    known = balance.transaction_ids(call.merchant_id, paid)
    going_on = [row.payment.id for row in rows if row.is_paid and goes_on(row.payment.escrow)]
    sent = transfer_reads.sent_on(call.merchant_id, going_on)
    return [
        charge(
            row,
            is_live=call.is_live,
            transaction=known.get(("payment_captured", row.payment.id)),
            transfer=sent.get(row.payment.id),
        )
        for row in rows
    ]


def refunds(call: Asker, ids: Sequence[str]) -> Found:
    """Refunds by id."""
    rows = payments.refunds_by_ids(call.merchant_id, ids)
    return {one["id"]: one for one in refunds_of(call, rows)}


def refunds_of(call: Asker, rows: Sequence[RefundFacts]) -> list[Json]:
    """The objects of these refunds, in order."""
    wanted = [(event, row.id) for row in rows for event in REFUND_EVENTS]
    known = balance.transaction_ids(call.merchant_id, wanted)
    return [refund(row, transactions=known) for row in rows]


def refunds_of_charges(call: Asker, ids: Sequence[str]) -> Found:
    """The latest refunds of each charge, as a list inside it."""
    rows = payments.attempts_by_ids(call.merchant_id, [attempt_id(one) for one in ids])
    paid = {row.payment.id: charge_id(row.id) for row in rows if row.is_paid}
    found = payments.refunds_of_payments(call.merchant_id, list(paid))
    lists = {one: _inside(call, one, []) for one in ids}
    for payment_id, own in found.items():
        lists[paid[payment_id]] = _inside(call, paid[payment_id], own)
    return lists


def _inside(call: Asker, charge: str, rows: Sequence[RefundFacts]) -> Json:
    return {
        "object": "list",
        "data": refunds_of(call, rows[:MOST_INSIDE]),
        "has_more": len(rows) > MOST_INSIDE,
        "url": f"/v1/refunds?charge={charge}",
    }


def customers(call: Asker, ids: Sequence[str]) -> Found:
    """Customers by id, deleted ones too."""
    rows = customers_service.by_ids(call.merchant_id, ids)
    return {row.id: customer(row, is_live=call.is_live) for row in rows}


def payment_methods(call: Asker, ids: Sequence[str]) -> Found:
    """Payment methods by id: kept ones, and those of a single try."""
    rows = methods.by_ids(call.merchant_id, ids)
    found = {row.id: payment_method(row, is_live=call.is_live) for row in rows}
    for one in ids:
        if one not in found:
            body = used_once(call, one)
            if body is not None:
                found[one] = body
    return found


def used_once(call: Asker, method: str) -> Json | None:
    """The method of a single try, told from its payment; None if there was no such try."""
    payment = payments.payment_of_attempt(call.merchant_id, attempt_id(method))
    if payment is None:
        return None
    return used_method(payment, method, is_live=call.is_live)


def balance_transactions(call: Asker, ids: Sequence[str]) -> Found:
    """Balance transactions by id."""
    rows = balance.transactions(call.merchant_id, ids)
    return {key: balance_objects.balance_transaction(row) for key, row in rows.items()}


def payouts(call: Asker, ids: Sequence[str]) -> Found:
    """Payouts by id."""
    rows = payout_reads.by_ids(call.merchant_id, ids)
    return {one["id"]: one for one in payouts_of(call, rows)}


def payouts_of(call: Asker, rows: Sequence[PayoutRow]) -> list[Json]:
    """The objects of these payouts, in order."""
    wanted = [(event, row.id) for row in rows for event in ("payout_sent", *BACK)]
    known = balance.transaction_ids(call.merchant_id, wanted)
    return [payout(row, is_live=call.is_live, transactions=known) for row in rows]


def sources(call: Asker, ids: Sequence[str]) -> Found:
    """What balance transactions came from: charges, refunds and payouts."""
    found = dict(charges(call, [one for one in ids if one.startswith("ch_")]))
    found.update(refunds(call, [one for one in ids if one.startswith("re_")]))
    found.update(payouts(call, [one for one in ids if one.startswith("po_")]))
    return found


def transfers(call: Asker, ids: Sequence[str]) -> Found:
    """Transfers by id."""
    rows = transfer_reads.transfers_by_ids(call.merchant_id, ids)
    return {one["id"]: one for one in transfers_of(call, rows)}


def transfers_of(call: Asker, rows: Sequence[transfer_reads.Found]) -> list[Json]:
    """The objects of these transfers, in order, with their latest reversals."""
    back = transfer_reads.reversals_of(call.merchant_id, [row.id for row, _ in rows])
    wanted = [booked_as(row) for row, _ in rows]
    wanted += [("transfer_returned", one.id) for found in back.values() for one in found]
    known = balance.transaction_ids(call.merchant_id, wanted)
    real = balance.transactions(call.merchant_id, list(known.values()))
    known = {fact: one for fact, one in known.items() if one in real}
    made_for = transfer_reads.refunds_of(
        call.merchant_id, [one.id for found in back.values() for one in found]
    )
    return [
        transfer(
            row,
            paid_by,
            back.get(row.id, []),
            is_live=call.is_live,
            transactions=known,
            refunds=made_for,
        )
        for row, paid_by in rows
    ]


def reversals(call: Asker, ids: Sequence[str]) -> Found:
    """Reversals by id."""
    rows = transfer_reads.reversals_by_ids(call.merchant_id, ids)
    return {one["id"]: one for one in reversals_of(call, rows)}


def reversals_of(call: Asker, rows: Sequence[transfer_reads.TransferReversal]) -> list[Json]:
    """The objects of these reversals, in order."""
    wanted = [("transfer_returned", row.id) for row in rows]
    known = balance.transaction_ids(call.merchant_id, wanted)
    made_for = transfer_reads.refunds_of(call.merchant_id, [row.id for row in rows])
    return [
        transfer_reversal(row, transactions=known, refund_id=made_for.get(row.id)) for row in rows
    ]


def holds_of(call: Asker, rows: Sequence[transfer_reads.EscrowHold]) -> list[Json]:
    """The objects of these holds, in order."""
    done = transfer_reads.milestones_done(call.merchant_id, [row.id for row in rows])
    return [escrow_hold(row, done.get(row.id, {}), is_live=call.is_live) for row in rows]


def line_items_of_sessions(call: Asker, ids: Sequence[str]) -> Found:
    """What each checkout is for, as a list inside it."""
    return {
        one: line_items(checkout.session_of(call.merchant_id, one)[0], limit=MOST_INSIDE)
        for one in ids
    }


def intents_of(call: Asker, rows: Sequence[Payment]) -> list[Json]:
    """The objects of these payments, in order."""
    return [payment_intent(row, is_live=call.is_live) for row in rows]
