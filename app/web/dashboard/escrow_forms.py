"""The forms of escrow: what is released to whom, why it is frozen, and when it goes by itself."""

from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Form, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional

from app.domain.errors import FarthingError
from app.domain.escrow import MOST_PARTS
from app.domain.money import Money
from app.reports.escrow import HoldDetail, Seller
from app.services.escrow import Part, ReleaseEscrow
from app.services.sellers import LONGEST_DAYS
from app.web.render import typed_amount

ALL, PART, STEP, MORE = "all", "part", "step:", "more"


class PartForm(Form):
    """What one seller gets of a release chosen by hand."""

    seller = SelectField("Seller", validate_choice=False)
    amount = StringField("Amount", [Optional(), Length(max=24)])
    commission = StringField("Your commission", [Optional(), Length(max=24)])

    @property
    def is_empty(self) -> bool:
        """Whether no amount was typed."""
        return not (self.amount.data or "").strip()

    def read(self, currency: str) -> Part | None:
        """The part that was typed; says at the field what cannot be read."""
        amount = self._money(self.amount, currency)
        has_commission = (self.commission.data or "").strip()
        commission = self._money(self.commission, currency) if has_commission else None
        if amount is not None and not amount:
            self.amount.errors = ["Enter an amount greater than zero."]
        if self.amount.errors or self.commission.errors or amount is None:
            return None
        return Part(str(self.seller.data), amount, commission)

    def _money(self, field: StringField, currency: str) -> Money | None:
        try:
            return typed_amount(field.data or "", currency)
        except FarthingError as error:
            field.errors = [error.message]
            return None


class ReleaseForm(FlaskForm):
    """A release of all that is held, of a milestone, or of amounts to sellers chosen by hand.

    `rows` are those sellers, one at first; who asks for another gets one more row, and nothing is
    released. A further row that was left empty counts for nothing.
    """

    what = RadioField("What is released?", validate_choice=False)
    count = HiddenField()
    expected_held = HiddenField()
    token = HiddenField()

    def __init__(
        self, hold: HoldDetail, sellers: list[Seller], typed: MultiDict[str, str] | None
    ) -> None:
        super().__init__(formdata=typed)
        self.hold = hold
        self.steps = [one for one in hold.steps if not one.is_done]
        first = f"{STEP}{self.steps[0].name}" if self.steps else ALL if hold.planned else PART
        self.what.data = self.what.data or first
        self.wants_more = typed is not None and MORE in typed
        self.most = len(sellers)
        self.rows = self._rows(sellers, typed)
        self.parts: tuple[Part, ...] = ()

    def _rows(
        self, sellers: list[Seller], typed: MultiDict[str, str] | None
    ) -> tuple[PartForm, ...]:
        told = str(self.count.data or "")
        count = int(told) if told.isascii() and told.isdigit() and len(told) < 3 else 1
        count = min(max(count, 1) + self.wants_more, MOST_PARTS)
        rows: list[PartForm] = []
        for number in range(1, count + 1):
            row = PartForm(typed, prefix="" if number == 1 else f"part{number}")
            row.seller.choices = [(one.id, one.name) for one in sellers]
            taken = {one.seller.data for one in rows}
            free = [one.id for one in sellers if one.id not in taken]
            row.seller.data = row.seller.data or next(iter(free), None)
            rows.append(row)
        return tuple(rows)

    @property
    def can_add(self) -> bool:
        """Whether another seller can be added."""
        return len(self.rows) < min(MOST_PARTS, self.most)

    @property
    def problem(self) -> str:
        """What is wrong with the sellers' rows, the first of it; empty if nothing."""
        for number, row in enumerate(self.rows, 1):
            for field in (row.amount, row.commission):
                if field.errors:
                    return f"{field.label.text} {number}: {field.errors[0]}"
        return ""

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether a release can be made of it; says at the field why not."""
        is_valid: bool = super().validate(extra_validators)
        return self.read() and is_valid

    def read(self) -> bool:
        """Read the parts that were typed; says at the field what cannot be read."""
        if str(self.what.data) != PART:
            return True
        filled = [row for row in self.rows[1:] if not row.is_empty]
        first = [] if filled and self.rows[0].is_empty else [self.rows[0]]
        found = [row.read(self.hold.left.currency) for row in (*first, *filled)]
        self.parts = tuple(part for part in found if part is not None)
        return len(self.parts) == len(found)

    def forgive(self) -> None:
        """Say nothing of what cannot be read: it is still being typed."""
        for row in self.rows:
            row.amount.errors = row.commission.errors = ()

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
