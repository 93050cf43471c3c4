"""Payments: the list, one payment, and what can be done with it."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import FarthingError, NotFound, RateUnavailable, StaleAmount
from app.domain.methods import METHODS, WALLETS
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.states import PaymentStatus
from app.reports import balances, payment, search
from app.reports.labels import BRANDS
from app.reports.payment import PaymentDetail
from app.reports.payment_states import STATES
from app.services import fee_returns, refunds, settlement
from app.services import payments as commands
from app.web.auth import merchant_required
from app.web.context import actor, current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.dashboard.forms import CancelForm, CaptureForm, RefundForm
from app.web.render import amount as written
from app.web.render import is_fragment, page, plain_amount, toast

blueprint = Blueprint("payments", __name__)


@blueprint.get("/")
def index() -> Response:
    """The list, as the address filters it."""
    merchant_id, now = current_merchant(), deps().clock.now()
    wanted = filters.payment_filter()
    zone = current_person().timezone
    return page(
        "dashboard/payments.html",
        "results",
        wanted=wanted,
        found=search.payments(merchant_id, wanted, filters.cursor(), timezone=zone, now=now),
        counts=search.counts(merchant_id, wanted, timezone=zone, now=now),
        currencies=balances.book_currencies(merchant_id),
        brands=BRANDS,
        wallets={name: METHODS[name].title for name in WALLETS},
        statuses={name: state.text for name, state in STATES.items()},
        here=filters.here,
    )


@blueprint.get("/<payment_id>")
def show(payment_id: str) -> Response:
    """One payment; htmx asks again for its live part until nothing more will change."""
    return page("dashboard/payment.html", "detail", payment=_detail(payment_id))


@blueprint.get("/<payment_id>/refund")
@merchant_required("refund")
def refund_form(payment_id: str) -> Response:
    """The refund dialog, prefilled with what is left."""
    found = _detail(payment_id)
    form = _refund_form(found, formdata=None)
    return _refund_dialog(found, form)


@blueprint.post("/<payment_id>/refund")
@merchant_required("refund")
def refund(payment_id: str) -> AnyResponse:
    """Refund once, however often the button is pressed."""
    found = _detail(payment_id)
    form = _refund_form(found)
    if not form.validate_on_submit():
        return _refund_dialog(found, form, status=422)
    command = form.command(current_merchant(), payment_id, actor())
    try:
        refunds.request_refund(deps(), command)
    except NotFound:
        raise
    except StaleAmount as error:
        found = _detail(payment_id)
        fresh = _refund_form(found, formdata=None)
        fresh.reason.data, fresh.note.data = form.reason.data, form.note.data
        return _refund_dialog(found, fresh, problem=error.message, status=error.status)
    except FarthingError as error:
        return _refund_dialog(_detail(payment_id), form, problem=error.message, status=error.status)
    return _done(payment_id, f"Refund of {written(command.amount)} requested")


@blueprint.get("/<payment_id>/refund/cost")
@merchant_required("refund")
def refund_cost(payment_id: str) -> Response:
    """What the refund that is being typed would take from the balance now."""
    found = _detail(payment_id)
    form = _refund_form(found, formdata=request.args)
    form.read_extent()
    return page("dashboard/refund.html", "cost", payment=found, form=form, **_cost(found, form))


def _refund_form(found: PaymentDetail, **given: Any) -> RefundForm:
    form = RefundForm(found.refundable, **given)
    form.is_sent_on = found.sent_on is not None and not found.sent_on.is_dropped
    form.has_fee = found.sent_on is not None and bool(found.sent_on.fee)
    return form


def _cost(found: PaymentDetail, form: RefundForm) -> dict[str, Any]:
    """What the fee gives back, and the quote of a refund from another currency's balance, or why there is
    none now.
    """
    merchant_id = current_merchant()
    fee_back = fee_returns.quote(merchant_id, found.id, form.chosen)
    net = form.chosen - (fee_back or Money.zero(found.currency))
    told = {"fee_back": fee_back, "net": net, "quote": None, "no_quote": ""}
    try:
        return told | {"quote": settlement.quote_refund(deps(), merchant_id, found.id, net)}
    except RateUnavailable as error:
        return told | {"no_quote": error.message}


def _refund_dialog(
    found: PaymentDetail, form: RefundForm, *, problem: str = "", status: int = 200
) -> Response:
    form.token.data = form.token.data or secrets.token_hex(12)
    form.expected_refundable.data = str(found.refundable.amount_minor)
    if found.escrow is not None:
        form.expected_held.data = str(found.escrow.left.amount_minor)
    form.amount.data = form.amount.data or plain_amount(found.refundable)
    return page(
        "dashboard/refund.html",
        "dialog",
        payment=found,
        form=form,
        problem=problem,
        status=status,
        **_cost(found, form),
    )


@blueprint.get("/<payment_id>/capture")
@merchant_required("capture")
def capture_form(payment_id: str) -> Response:
    """The capture dialog."""
    found = _detail(payment_id)
    return _capture_dialog(found, CaptureForm(found.authorized, formdata=None))


@blueprint.post("/<payment_id>/capture")
@merchant_required("capture")
def capture(payment_id: str) -> AnyResponse:
    """Take what is held, or a part of it."""
    found = _detail(payment_id)
    form = CaptureForm(found.authorized)
    if not form.validate_on_submit():
        return _capture_dialog(found, form, status=422)
    command = form.command(current_merchant(), payment_id, actor())
    return _try(
        lambda: commands.capture_payment(deps(), command),
        refused=lambda error: _capture_dialog(
            _detail(payment_id), form, problem=error.message, status=error.status
        ),
        done=lambda after: _done(payment_id, _captured_words(after)),
    )


def _capture_dialog(
    found: PaymentDetail, form: CaptureForm, *, problem: str = "", status: int = 200
) -> Response:
    form.amount.data = form.amount.data or plain_amount(found.authorized)
    return page(
        "dashboard/capture.html", "dialog", payment=found, form=form, problem=problem, status=status
    )


@blueprint.get("/<payment_id>/cancel")
@merchant_required("cancel")
def cancel_form(payment_id: str) -> Response:
    """The cancel dialog."""
    return _cancel_dialog(_detail(payment_id), CancelForm(formdata=None))


@blueprint.post("/<payment_id>/cancel")
@merchant_required("cancel")
def cancel(payment_id: str) -> AnyResponse:
    """Let go of what is held."""
    form = CancelForm()
    found = _detail(payment_id)
    if not form.validate_on_submit():
        return _cancel_dialog(found, form, status=422)
    command = form.command(current_merchant(), payment_id, actor())
    return _try(
        lambda: commands.cancel_payment(deps(), command),
        refused=lambda error: _cancel_dialog(
            _detail(payment_id), form, problem=error.message, status=error.status
        ),
        done=lambda after: _done(payment_id, _canceled_words(after)),
    )


def _cancel_dialog(
    found: PaymentDetail, form: CancelForm, *, problem: str = "", status: int = 200
) -> Response:
    return page(
        "dashboard/cancel.html", "dialog", payment=found, form=form, problem=problem, status=status
    )


def _try(
    action: Callable[[], Payment],
    *,
    refused: Callable[[FarthingError], AnyResponse],
    done: Callable[[Payment], AnyResponse],
) -> AnyResponse:
    """Run a command; a refusal is told in the dialog, where something can be done about it."""
    try:
        after = action()
    except NotFound:
        raise
    except FarthingError as error:
        if error.status >= 500:
            raise
        return refused(error)
    return done(after)


def _captured_words(after: Payment) -> str:
    """What is known after a capture: taken, refused, or not known yet."""
    if after.status is PaymentStatus.CAPTURED:
        return f"{written(Money(after.captured_minor, after.currency))} captured"
    if after.operation is not None and after.operation.is_received:
        return "The processor has received the capture. It is taken once the processor says so."
    if after.operation is not None:
        return "The processor has not answered yet. We are asking what became of the capture."
    return f"The processor refused the capture. The payment is {after.status}; nothing was taken."


def _canceled_words(after: Payment) -> str:
    """What is known after a cancellation."""
    if after.status in (PaymentStatus.CANCELED, PaymentStatus.EXPIRED):
        return "Payment canceled"
    if after.status is PaymentStatus.CAPTURED:
        return "It had been captured already. Refund it instead."
    if after.operation is not None and after.operation.is_received:
        return "The processor has received the cancellation. It ends once the processor says so."
    if after.operation is not None:
        return "The processor has not answered yet. We are asking what became of the cancellation."
    return f"The processor refused. The payment is still {after.status}."


def _done(payment_id: str, message: str) -> AnyResponse:
    """Back to the payment: its fresh live part under the closed dialog, or the page by GET."""
    if not is_fragment():
        flash(message)
        return redirect(url_for("dashboard.payments.show", payment_id=payment_id), 303)
    response = page("dashboard/payment.html", "detail", payment=_detail(payment_id))
    response.headers["HX-Retarget"] = "#payment"
    response.headers["HX-Reswap"] = "outerHTML"
    return toast(response, message, closeDialog=True)


def _detail(payment_id: str) -> PaymentDetail:
    return payment.detail(current_merchant(), payment_id, now=deps().clock.now())
