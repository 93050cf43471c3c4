"""Forms about bank accounts: what a person typed becomes a command, or a sentence at the field."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from app.domain.bank_accounts import LONGEST_NAME
from app.domain.errors import FarthingError
from app.services.audit import By
from app.services.bank_account_entry import AddAccount
from app.services.bank_accounts import VerifyAccount
from app.web.render import typed_amount

KINDS: list[Any] = ["iban", "us_account"]
HOLDER_TYPES: list[Any] = ["company", "individual"]
ACCOUNT_TYPES: list[Any] = ["checking", "savings"]

MISSING = {
    "iban": "Enter the IBAN.",
    "routing": "Enter the routing number.",
    "number": "Enter the account number.",
    "password": "Enter your password.",
}


class BankForm(FlaskForm):
    """What every form about a bank account can do: say what is wrong where it is."""

    def blame(self, error: FarthingError) -> str:
        """Say the sentence at the field it is about; gives it back where there is none."""
        if error.param not in self._fields:
            return error.message
        field = self[str(error.param)]
        field.errors = [*field.errors, error.message]
        return ""


class AddAccountForm(BankForm):
    """A new bank account."""

    kind = RadioField("Where is the account?", choices=KINDS, default="iban")
    holder_name = StringField(
        "Account holder",
        [DataRequired("Give the holder's name as the bank has it."), Length(max=LONGEST_NAME)],
    )
    currency = SelectField("Currency")
    iban = StringField("IBAN", [Length(max=60)])
    routing = StringField("Routing number", [Length(max=20)])
    number = StringField("Account number", [Length(max=30)])
    holder_type = SelectField("Held by", choices=HOLDER_TYPES, default="company")
    account_type = SelectField("Kind of account", choices=ACCOUNT_TYPES, default="checking")
    password = PasswordField("Your password", [Length(max=200)])

    def __init__(self, currencies: list[str], first: str, **more: Any) -> None:
        super().__init__(**more)
        self.currency.choices = list[Any](currencies)  # The template writes the codes.
        if not self.is_submitted():
            self.currency.data = first
            self.kind.data = "us_account" if first == "USD" else "iban"

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether nothing is missing that this kind of account needs; says so at every field at once."""
        is_valid: bool = super().validate(extra_validators)
        needed = (self.iban,) if self.kind.data == "iban" else (self.routing, self.number)
        for field in (*needed, self.password):
            if not str(field.data or "").strip():
                field.errors = [*field.errors, MISSING[field.name]]
                is_valid = False
        return is_valid

    def command(self, merchant_id: str, by: By) -> AddAccount:
        """What to ask the use-case for."""
        is_iban = self.kind.data == "iban"
        return AddAccount(
            merchant_id=merchant_id,
            holder_name=str(self.holder_name.data),
            currency=str(self.currency.data),
            kind=str(self.kind.data),
            iban=str(self.iban.data or "") if is_iban else "",
            routing="" if is_iban else str(self.routing.data or ""),
            number="" if is_iban else str(self.number.data or ""),
            by=by,
            holder_type=str(self.holder_type.data),
            account_type=str(self.account_type.data),
        )


class VerifyAccountForm(BankForm):
    """The two amounts that came."""

    first = StringField("First amount", [DataRequired("Enter the first amount."), Length(max=12)])
    second = StringField(
        "Second amount", [DataRequired("Enter the second amount."), Length(max=12)]
    )

    def command(
        self, merchant_id: str, account_id: str, currency: str, by: By
    ) -> VerifyAccount | None:
        """What to ask the use-case for, unless an amount cannot be read."""
        amounts = []
        for field in (self.first, self.second):
            try:
                amounts.append(typed_amount(str(field.data), currency))
            except FarthingError as error:
                field.errors = [*field.errors, error.message]
        if len(amounts) != 2:
            return None
        return VerifyAccount(merchant_id, account_id, (amounts[0], amounts[1]), by)


class ConfirmAccountForm(BankForm):
    """A weighty change, and who says so."""

    password = PasswordField("Your password", [Length(max=200)])
