"""Forms of the payouts' pages."""

from dataclasses import replace
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, SelectField, StringField
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation

from app.domain.errors import FarthingError
from app.domain.money import Money
from app.domain.payouts import Terms
from app.services.audit import By
from app.services.payout_terms import LONGEST_DELAY_DAYS, LONGEST_DESCRIPTOR, SCHEDULES, SetTerms
from app.services.payouts import CreatePayout
from app.web.dashboard.forms import MoneyForm
from app.web.render import plain_amount, typed_amount

SCHEDULE_CHOICES: list[Any] = list(SCHEDULES)
NO_DAYS = f"Enter a whole number of days, from 0 to {LONGEST_DELAY_DAYS}."
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAY_CHOICES: list[Any] = list(WEEKDAYS)
MONTHDAY_CHOICES: list[Any] = [str(day) for day in range(1, 32)]


class PayoutForm(MoneyForm):
    """All that is available, or a part."""

    statement_descriptor = StringField(
        "What your bank statement shows", [Optional(), Length(max=LONGEST_DESCRIPTOR)]
    )
    token = HiddenField()

    def command(self, merchant_id: str, actor: str) -> CreatePayout:
        """What to ask the use-case for."""
        return CreatePayout(
            merchant_id=merchant_id,
            currency=self.most.currency,
            actor=actor,
            amount=self.chosen,
            client_key=self.client_key(),
            statement_descriptor=(self.statement_descriptor.data or "").strip() or None,
        )

    def client_key(self) -> str | None:
        """The dialog's own key: a double click sends it twice and pays once."""
        token = str(self.token.data or "")
        return f"dashboard:{token}"[:200] if token else None


class Days(IntegerField):
    """A number of days; what is none is said in a person's words, once."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read it; raises ValueError."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(NO_DAYS) from None

    def pre_validate(self, form: BaseForm) -> None:  # noqa: ARG002 - as WTForms calls it
        """What is no number is not also too large a one."""
        if self.process_errors:
            raise StopValidation


class TermsForm(FlaskForm):
    """When and how one currency is paid out."""

    schedule = SelectField("How often", choices=SCHEDULE_CHOICES)
    weekday = SelectField("On", choices=WEEKDAY_CHOICES)
    monthday = SelectField("On day", choices=MONTHDAY_CHOICES)
    delay_days = Days(
        "Days to wait",
        [InputRequired(NO_DAYS), NumberRange(0, LONGEST_DELAY_DAYS, message=NO_DAYS)],
    )
    minimum = StringField("Smallest payout", [Optional(), Length(max=24)])
    retained = StringField("Keep in the balance", [Optional(), Length(max=24)])
    statement_descriptor = StringField(
        "What your bank statement shows", [Optional(), Length(max=LONGEST_DESCRIPTOR)]
    )

    def __init__(self, money: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.money = money
        self.amounts: dict[str, Money | None] = {}

    @classmethod
    def of(cls, terms: Terms, money: str) -> "TermsForm":
        """The form as it is opened."""
        form = cls(money, formdata=None)
        form.schedule.data = terms.schedule
        form.weekday.data = WEEKDAYS[terms.weekday - 1]
        form.monthday.data = str(terms.monthday)
        form.delay_days.data = terms.delay_days
        form.statement_descriptor.data = terms.statement_descriptor or ""
        for field, minor in (
            (form.minimum, terms.minimum_minor),
            (form.retained, terms.retained_minor),
        ):
            field.data = plain_amount(Money(minor, money)) if minor else ""
        return form

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether terms can be made of it; says at the field why not."""
        is_valid: bool = super().validate(extra_validators)
        for field in (self.minimum, self.retained):
            typed = (field.data or "").strip()
            try:
                self.amounts[field.name] = typed_amount(typed, self.money) if typed else None
            except FarthingError as error:
                field.errors = [error.message]
                is_valid = False
        return is_valid

    def command(self, merchant_id: str, by: By, known: Terms) -> SetTerms:
        """What to ask the use-case for; the days that do not apply stay as they were."""
        schedule = str(self.schedule.data)
        terms = replace(known, schedule=schedule)
        if schedule == "weekly":
            terms = replace(terms, weekday=WEEKDAYS.index(str(self.weekday.data)) + 1)
        if schedule == "monthly":
            terms = replace(terms, monthday=int(str(self.monthday.data)))
        return SetTerms(
            merchant_id=merchant_id,
            currency=self.money,
            schedule=schedule,
            by=by,
            weekday=terms.weekday,
            monthday=terms.monthday,
            delay_days=self.delay_days.data or 0,
            minimum=self.amounts.get("minimum"),
            retained=self.amounts.get("retained"),
            statement_descriptor=(self.statement_descriptor.data or "").strip() or None,
        )
