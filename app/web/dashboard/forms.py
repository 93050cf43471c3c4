"""Forms of the dashboard: what a person typed becomes a command, or a sentence at the field."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional

from app.domain.errors import FarthingError
from app.domain.escrow import Plan
from app.domain.money import Money
from app.services.onward import NOTHING, TakeBack
from app.services.payments import CancelPayment, CapturePayment
from app.services.refunds import RequestRefund
from app.web.render import NOT_NOTHING, amount, typed_amount, typed_price

# Plain values: the template writes them as words. (The stubs of WTForms still know pairs only.)
EXTENTS: list[Any] = ["full", "part"]
REASONS: list[Any] = ["requested_by_customer", "duplicate", "fraudulent", "other"]
SETTLE_MODES: list[Any] = ["all", "some"]
CANCEL_REASONS: list[Any] = ["requested_by_customer", "duplicate", "fraudulent", "abandoned"]
LONGEST_NOTE = 500


class MoneyForm(FlaskForm):
    """A form about an amount between nothing and `most`; `is_chosen`: what was typed can be taken."""

    is_chosen = True

    extent = RadioField("How much", choices=EXTENTS, default="full")
    amount = StringField("Amount", [Optional(), Length(max=40)])

    def __init__(self, most: Money, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        self.chosen = most

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the amount can be taken; says at the field why not."""
        is_valid: bool = super().validate(extra_validators)
        if self.extent.data != "part":
            return is_valid
        problem = self._read_amount()
        if problem:
            self.amount.errors = [*self.amount.errors, problem]
        return is_valid and not problem

    def read_extent(self) -> None:
        """Take what was typed so far as chosen, if it can be; for previews."""
        if self.extent.data == "part":
            self._read_amount()

    def _read_amount(self) -> str:
        problem = self._choose()
        self.is_chosen = not problem
        return problem

    def _choose(self) -> str:
        try:
            chosen = typed_amount(self.amount.data or "", self.most.currency)
        except FarthingError as error:
            return error.message
        if chosen.amount_minor == 0:
            return NOT_NOTHING
        if self.most < chosen:
            return f"At most {amount(self.most)} can be chosen."
        self.chosen = chosen
        return ""


class RefundForm(MoneyForm):
    """A refund, with the amount that was left when the dialog was opened. `is_sent_on`: of a payment that
    went on to a seller; `has_fee`: less an application fee.
    """

    is_sent_on = has_fee = False

    reason = SelectField("Reason", choices=REASONS)
    note = TextAreaField("Note for your team", [Optional(), Length(max=LONGEST_NOTE)])
    takes_back = BooleanField("Take the seller's part back", default=True)
    gives_fee = BooleanField("Give your application fee back to the seller", default=True)
    expected_refundable = HiddenField()
    rate = HiddenField()
    expected_held = HiddenField()
    token = HiddenField()

    def command(self, merchant_id: str, payment_id: str, actor: str) -> RequestRefund:
        """What to ask the use-case for."""
        reason = str(self.reason.data)
        return RequestRefund(
            merchant_id=merchant_id,
            payment_id=payment_id,
            amount=self.chosen,
            actor=actor,
            reason=None if reason == "other" else reason,
            note=(self.note.data or "").strip() or None,
            expected_refundable=self.expected(self.expected_refundable),
            expected_held=self.expected(self.expected_held),
            expected_rate_id=str(self.rate.data or "")[:60] or None,
            client_key=self.client_key(payment_id),
            take_back=self.take_back,
        )

    @property
    def take_back(self) -> TakeBack:
        """What comes from the seller, as far as the dialog asked."""
        if not self.is_sent_on:
            return NOTHING
        return TakeBack(bool(self.takes_back.data), bool(self.gives_fee.data) and self.has_fee)

    def expected(self, field: HiddenField) -> Money | None:
        """What the person saw as refundable, or as held."""
        text = str(field.data or "")
        return Money(int(text), self.most.currency) if text.isascii() and text.isdigit() else None

    def client_key(self, payment_id: str) -> str | None:
        """The dialog's own key: a double click sends it twice and refunds once."""
        token = str(self.token.data or "")
        return f"dashboard:{payment_id}:{token}"[:200] if token else None


class CaptureForm(MoneyForm):
    """A capture of all that is held, or of a part; the rest is let go."""

    def command(self, merchant_id: str, payment_id: str, actor: str) -> CapturePayment:
        """What to ask the use-case for."""
        return CapturePayment(merchant_id, payment_id, actor, self.chosen)


class CancelForm(FlaskForm):
    """The end of a payment that was not captured."""

    reason = SelectField("Reason", choices=CANCEL_REASONS)

    def command(self, merchant_id: str, payment_id: str, actor: str) -> CancelPayment:
        """What to ask the use-case for."""
        return CancelPayment(merchant_id, payment_id, actor, str(self.reason.data))


class LinkForm(FlaskForm):
    """A payment link."""

    title = StringField("What is it for?", [Length(max=120)])
    amount = StringField("Amount", [Length(max=40)])
    currency = SelectField("Currency")
    is_held = BooleanField("Hold the money until I release it")
    seller = SelectField("For which seller?", validate_choice=False)

    def __init__(
        self, currencies: list[Any], sellers: list[tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = currencies
        self.seller.choices = [("", "Decide at the release"), *sellers]
        self.price: Money | None = None

    @property
    def plan(self) -> Plan | None:
        """For whom what is paid is held, if it is."""
        return Plan(str(self.seller.data or "") or None) if self.is_held.data else None

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether a link can be made of it."""
        is_valid: bool = super().validate(extra_validators)
        if not (self.title.data or "").strip():
            self.title.errors = ["Enter what the customer pays for."]
            is_valid = False
        try:
            self.price = typed_price(self.amount.data or "", str(self.currency.data))
        except FarthingError as error:
            self.amount.errors = [error.message]
            is_valid = False
        return is_valid


class SettlementForm(FlaskForm):
    """The currencies that are kept as they are paid."""

    mode = RadioField("Settle in", choices=SETTLE_MODES, default="all")
    kept = StringField("Currencies that you keep besides", [Length(max=800)])

    def chosen(self) -> tuple[str, ...] | None:
        """The codes that were typed, by commas or spaces; None keeps every currency."""
        if self.mode.data == "all":
            return None
        return tuple(str(self.kept.data or "").replace(",", " ").upper().split())
