"""The forms of escrow: what is released to whom, why it is frozen, and when it goes by itself."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional

from app.domain.errors import FarthingError
from app.domain.money import Money
from app.reports.escrow import HoldDetail, Seller
from app.services.escrow import Part, ReleaseEscrow
from app.services.sellers import LONGEST_DAYS
from app.web.render import typed_amount

ALL, PART, STEP = "all", "part", "step:"


class ReleaseForm(FlaskForm):
    """A release of all that is held, of a milestone, or of a part to one seller."""

    what = RadioField("What is released?", validate_choice=False)
    seller = SelectField("Seller", validate_choice=False)
    amount = StringField("Amount", [Optional(), Length(max=24)])
    commission = StringField("Your commission", [Optional(), Length(max=24)])
    expected_held = HiddenField()
    token = HiddenField()

    def __init__(self, hold: HoldDetail, sellers: list[Seller], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.hold = hold
        self.seller.choices = [(one.id, one.name) for one in sellers]
        self.steps = [one for one in hold.steps if not one.is_done]
        first = f"{STEP}{self.steps[0].name}" if self.steps else ALL if hold.planned else PART
        self.what.data = self.what.data or first
        self.parts: tuple[Part, ...] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether a release can be made of it; says at the field why not."""
        is_valid: bool = super().validate(extra_validators)
        return self.read() and is_valid

    def read(self) -> bool:
        """Read the part that was typed; says at the field what cannot be read."""
        if str(self.what.data) != PART:
            return True
        amount = self._money(self.amount)
        commission = self._money(self.commission) if (self.commission.data or "").strip() else None
        if amount is not None and not amount:
            self.amount.errors = ["Enter an amount greater than zero."]
        if self.amount.errors or self.commission.errors or amount is None:
            return False
        self.parts = (Part(str(self.seller.data), amount, commission),)
        return True

    def _money(self, field: StringField) -> Money | None:
        try:
            return typed_amount(field.data or "", self.hold.left.currency)
        except FarthingError as error:
            field.errors = [error.message]
            return None

    def command(self, merchant_id: str, actor: str) -> ReleaseEscrow:
        """What to ask the use-case for."""
        what, seen = str(self.what.data), str(self.expected_held.data or "")
        is_number = seen.isascii() and seen.isdigit()
        return ReleaseEscrow(
            merchant_id=merchant_id,
            hold_id=self.hold.id,
            actor=actor,
            key=f"dashboard:{str(self.token.data or '')[:64]}",
            parts=self.parts,
            milestone=what.removeprefix(STEP) if what.startswith(STEP) else None,
            expected_held=Money(int(seen), self.hold.left.currency) if is_number else None,
        )


class FreezeForm(FlaskForm):
    """Why nothing is to be released."""

    reason = StringField("Why?", [Length(max=300)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether a reason was given."""
        is_valid: bool = super().validate(extra_validators)
        if not (self.reason.data or "").strip():
            self.reason.errors = ["Say why, so that your team knows what to wait for."]
            return False
        return is_valid


class AutomaticForm(FlaskForm):
    """After how many days held money goes to its seller by itself."""

    days = StringField("Days", [Length(max=3)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it is a number of days, or nothing."""
        is_valid: bool = super().validate(extra_validators)
        if self.read() is None and (self.days.data or "").strip():
            self.days.errors = [f"Enter 1 to {LONGEST_DAYS} days, or leave it empty."]
            return False
        return is_valid

    def read(self) -> int | None:
        """The number; None for never."""
        text = (self.days.data or "").strip()
        if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= LONGEST_DAYS:
            return None
        return int(text)
