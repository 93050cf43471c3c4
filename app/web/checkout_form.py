"""What the customer sends, checked before anything of it is kept.

A card number or a security code typed into our own fields is refused here and goes nowhere: not
into a row, not into a log, not back into the page.
"""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import ValidationError

from app.domain.errors import InvalidRequest, ParameterUnknown
from app.domain.methods import CARD, METHODS, Flow, method_of
from app.domain.methods.facts import token_of
from app.web.checkout_sealed import is_sealed_card, proof_of

_MANY_DIGITS = 12
_LONGEST_NAME = 150
_SECURITY_CODE = re.compile(r"\d{3,4}")
_TOKEN = re.compile(r"[A-Za-z]+_[A-Za-z0-9_]{3,250}", re.ASCII)
_CARD_NUMBER = re.compile(r"\d{13,}")


def _has_card_number(text: str) -> bool:
    """Whether it holds so many digits, of any script, that it may be a card number."""
    return sum(unicodedata.category(character) == "Nd" for character in text) >= _MANY_DIGITS


def _check_email(_form: FlaskForm, field: StringField) -> None:
    text = (field.data or "").strip()
    if not text:
        raise ValidationError("Enter your e-mail address")
    if _has_card_number(text):
        field.data = ""
        raise ValidationError("Enter an e-mail address, not a card number")
    try:
        field.data = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValidationError("Enter a valid e-mail address") from error


def _check_name(form: FlaskForm, field: StringField) -> None:
    is_card = form["method"].data in (None, "", CARD)
    text = " ".join((field.data or "").split())
    field.data = text
    if not text:
        if method_of(str(form["method"].data)).flow is Flow.EXPRESS:
            return  # A wallet tells what its owner lets it tell.
        raise ValidationError("Enter the name on the card" if is_card else "Enter your name")
    if _has_card_number(text) or _SECURITY_CODE.fullmatch(text):
        field.data = ""
        raise ValidationError("Enter the name as it appears on the card")
    if len(text) > _LONGEST_NAME or any(unicodedata.category(c).startswith("C") for c in text):
        raise ValidationError("Enter a shorter name, in letters")


def _check_token(form: FlaskForm, field: StringField) -> None:
    text = field.data or ""
    method = METHODS.get(str(form["method"].data))
    if method is not None and method.is_by_name:
        # Nothing secret is typed for it: the provider asks on its own page, or the customer sends the money.
        field.data = token_of(method.name)
        return
    if is_sealed_card(text):
        return
    if not _TOKEN.fullmatch(text) or _CARD_NUMBER.search(text):
        field.data = ""
        raise ValidationError("Enter your payment details again")


def _check_method(_form: FlaskForm, field: StringField) -> None:
    # A page that was opened before there were several says none: it shows a card's fields.
    field.data = field.data or CARD
    if field.data not in METHODS:
        field.data = CARD
        raise ValidationError("Choose how to pay")


def _check_country(form: FlaskForm, field: StringField) -> None:
    # Asked for where it decides whether the way to pay works at all.
    method = METHODS.get(str(form["method"].data))
    if method is not None and method.markets and field.data not in method.markets:
        field.data = ""
        raise ValidationError("Choose the country in which you live")


class PayForm(FlaskForm):
    """A way to pay, a token from the processor's fields where it has some, and who pays."""

    class Meta:
        """A form left open over lunch still works: the checkout session is what expires."""

        csrf_time_limit = None

    method = StringField(validators=[_check_method])
    email = StringField(validators=[_check_email])
    name = StringField(validators=[_check_name])
    payment_method = StringField(validators=[_check_token])
    country = StringField(validators=[_check_country])

    @property
    def is_stale(self) -> bool:
        """Whether the browser lost the cookie that belongs to the form's token."""
        return "csrf_token" in self.errors

    def messages(self) -> dict[str, str]:
        """One sentence for each field at fault, in the order of the page."""
        secure = {"sepa_debit": "iban", "ach_debit": "bank"}.get(
            str(self.method.data), "card-number"
        )
        anchors = {
            "email": "email",
            "payment_method": secure,
            "name": "name",
            "method": "method",
            "country": "country",
        }
        return {anchors[name]: self.errors[name][0] for name in anchors if name in self.errors}


class AuthenticationForm(FlaskForm):
    """The customer is back from the bank's page, and the processor's script may have brought a proof."""

    class Meta:
        """As above."""

        csrf_time_limit = None

    details = StringField()

    @property
    def proof(self) -> str | None:
        """What was brought, if it has the form of it."""
        return proof_of(self.details.data)


def refuse_surplus(form: FlaskForm) -> None:
    """Amount, currency and merchant are the session's: a field that says otherwise is refused."""
    for name, values in request.form.lists():
        if name not in form:
            raise ParameterUnknown(name[:40])
        if len(values) > 1:
            raise InvalidRequest(f"{name} was sent more than once.", param=name)
