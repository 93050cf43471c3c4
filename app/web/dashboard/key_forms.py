"""Forms about API keys: what a person chose becomes a command, or a sentence at the field."""

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from app.domain.errors import FarthingError
from app.domain.permissions import PERMISSION_LEVELS, PERMISSION_RESOURCES
from app.reports.access import Key
from app.services.audit import By
from app.services.keys import LONGEST_NAME, OVERLAP_SECONDS, ChangeKey, CreateKey, RollKey

KINDS = ["secret", "restricted", "publishable"]
OVERLAPS: dict[str, str] = {
    "0": "Now",
    "3600": "In 1 hour",
    "86400": "In 24 hours",
    "259200": "In 3 days",
    "604800": "In 7 days",
}
RESOURCES = dict(
    zip(
        PERMISSION_RESOURCES,
        (
            "Payments", "Charges", "Refunds", "Customers", "Payment methods", "Checkouts",
            "Events", "Webhook endpoints", "Balance", "Payouts", "Disputes",
            "Transfers and escrow", "Files", "Account",
        ),
        strict=True,
    )
)  # fmt: skip
_READ_ALL = dict.fromkeys(PERMISSION_RESOURCES, "read")
_TAKE_PAYMENTS = {
    "payment_intents": "write",
    "charges": "read",
    "customers": "write",
    "payment_methods": "write",
    "checkout_sessions": "write",
}
_HELP_CUSTOMERS = {
    "payment_intents": "read",
    "charges": "read",
    "refunds": "write",
    "customers": "read",
}
_KEEP_BOOKS = dict.fromkeys(("charges", "refunds", "balance", "payouts", "disputes"), "read")
PRESETS = {
    "payments": ("Take payments", "Payments and checkouts, with their customers", _TAKE_PAYMENTS),
    "support": ("Help customers", "Refund; look up payments and customers", _HELP_CUSTOMERS),
    "books": ("Keep the books", "Look up charges, refunds, balance, payouts", _KEEP_BOOKS),
    "read": ("Read everything", "Change nothing", _READ_ALL),
}
CUSTOM = "custom"


def _same(*words: str) -> list[Any]:
    """Choices whose words the template says; WTForms takes plain ones, its type stubs do not."""
    return list(words)


class PowersForm(FlaskForm):
    """What a key is called, what it may do and from where, and who says so."""

    name = StringField("Name", [DataRequired("Give the key a name."), Length(max=LONGEST_NAME)])
    preset = RadioField("What may it do?", choices=_same(*PRESETS, CUSTOM), default="payments")
    allowed_networks = TextAreaField("Allowed IP addresses", [Length(max=4000)])
    password = PasswordField("Your password", [Length(max=200)])

    def __init__(self, key: Key | None = None, **more: Any) -> None:
        super().__init__(**more)
        if key is None or self.is_submitted():
            return
        self.name.data, self.allowed_networks.data = key.name, "\n".join(key.networks)
        fitting = [name for name, preset in PRESETS.items() if preset[2] == key.permissions]
        self.preset.data = fitting[0] if fitting else CUSTOM
        for resource, level in key.permissions.items():
            self[f"can_{resource}"].data = level

    def chosen(self) -> dict[str, str]:
        """The permissions of the preset, or of the table."""
        if self.preset.data != CUSTOM:
            return dict(PRESETS[str(self.preset.data)][2])
        return {one: str(self[f"can_{one}"].data) for one in RESOURCES}

    def networks(self) -> tuple[str, ...]:
        """What stands in the list of addresses, one by one."""
        return tuple(one for one in re.split(r"[\s,;]+", self.allowed_networks.data or "") if one)

    def level(self, resource: str) -> Field:
        """The row of the table for a resource."""
        row: Field = self[f"can_{resource}"]
        return row

    def blame(self, error: FarthingError) -> str:
        """Say the sentence at the field it is about; gives it back where there is none."""
        named = error.param if error.param != "permissions" else "preset"
        if named not in self._fields:
            return error.message
        field = self[str(named)]
        field.errors = [*field.errors, error.message]
        return ""


for _resource in PERMISSION_RESOURCES:
    setattr(
        PowersForm,
        f"can_{_resource}",
        RadioField(RESOURCES[_resource], choices=_same(*PERMISSION_LEVELS), default="none"),
    )


class CreateKeyForm(PowersForm):
    """A new key."""

    kind = RadioField("Kind of key", choices=_same(*KINDS), default="secret")

    def is_secret(self) -> bool:
        """Whether whoever has the key can move money or look things up."""
        return bool(self.kind.data != "publishable")

    def command(self, merchant_id: str, by: By) -> CreateKey:
        """What to ask the use-case for."""
        kind = str(self.kind.data)
        return CreateKey(
            merchant_id=merchant_id,
            kind=kind,
            name=str(self.name.data),
            permissions=self.chosen() if kind == "restricted" else {},
            allowed_networks=self.networks() if self.is_secret() else (),
            by=by,
        )


class ChangeKeyForm(PowersForm):
    """A key's name and powers."""

    def command(self, merchant_id: str, key: Key, by: By) -> ChangeKey:
        """What to ask the use-case for."""
        return ChangeKey(
            merchant_id=merchant_id,
            key_id=key.id,
            name=str(self.name.data),
            permissions=self.chosen() if key.kind == "restricted" else {},
            allowed_networks=self.networks() if key.kind != "publishable" else (),
            by=by,
        )

    def is_more_than_a_name(self, key: Key) -> bool:
        """Whether the key could do other things afterwards."""
        given = {one: level for one, level in self.chosen().items() if level != "none"}
        is_other = key.kind == "restricted" and given != dict(key.permissions)
        return is_other or (key.kind != "publishable" and self.networks() != key.networks)


class RollKeyForm(FlaskForm):
    """When the old key ends."""

    overlap = RadioField(
        "When does the old key stop working?",
        choices=_same(*map(str, OVERLAP_SECONDS)),
        default="86400",
    )
    password = PasswordField("Your password", [Length(max=200)])

    def command(self, merchant_id: str, key: Key, by: By) -> RollKey:
        """What to ask the use-case for."""
        return RollKey(merchant_id, key.id, int(str(self.overlap.data)), by)
