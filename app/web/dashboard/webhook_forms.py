"""Forms about webhook endpoints: an endpoint, a range of time, a signature to be explained."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms import TextAreaField as AreaField
from wtforms.validators import Length, Optional

from app.services.endpoint_secrets import CheckSignature
from app.services.endpoints import CreateEndpoint, UpdateEndpoint
from app.services.redelivery import RedeliverRange
from app.web.api.event_types import EVENT_TYPES, SENT

ALL = "*"
# How long an old secret goes on signing, in hours.
OVERLAPS: dict[str, timedelta] = {
    "24": timedelta(hours=24),
    "1": timedelta(hours=1),
    "0": timedelta(),
}
LONGEST_BODY = 512 * 1024


def groups() -> dict[str, list[tuple[str, str]]]:
    """Event types by what they are about: `payment_intent` → its types and what each means."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in EVENT_TYPES:
        found.setdefault(name.rpartition(".")[0], []).append((name, SENT.get(name, "")))
    # What is sent today comes first; the rest may be chosen for later.
    return dict(sorted(found.items(), key=lambda pair: (not any(doc for _, doc in pair[1]), pair)))


class EndpointForm(FlaskForm):
    """Where to tell, and of what."""

    url = StringField("Endpoint address", [Length(max=2000)])
    description = StringField("Description", [Optional(), Length(max=500)])
    extent = RadioField("Events", choices=list[Any](["full", "part"]), default="full")
    events = SelectMultipleField("Events", choices=list[Any](EVENT_TYPES))

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether it says where and of what."""
        is_valid: bool = super().validate(extra_validators)
        if not (self.url.data or "").strip():
            self.url.errors = ["Enter the address of your receiver."]
            is_valid = False
        if self.extent.data == "part" and not self.events.data:
            self.events.errors = ["Choose at least one event."]
            is_valid = False
        return is_valid

    def wanted(self) -> tuple[str, ...]:
        """The types, or the star for all."""
        return (ALL,) if self.extent.data != "part" else tuple(self.events.data or ())

    def creation(self, merchant_id: str, endpoint_id: str) -> CreateEndpoint:
        """What to ask the use-case for."""
        return CreateEndpoint(
            merchant_id,
            endpoint_id,
            (self.url.data or "").strip(),
            self.wanted(),
            (self.description.data or "").strip() or None,
        )

    def change(self, merchant_id: str, endpoint_id: str) -> UpdateEndpoint:
        """What to ask the use-case for."""
        return UpdateEndpoint(
            merchant_id,
            endpoint_id,
            (self.url.data or "").strip(),
            self.wanted(),
            (self.description.data or "").strip(),
        )


class ActForm(FlaskForm):
    """A decision about an endpoint; each dialog shows the fields that it has a use for."""

    overlap = SelectField("The old secret stays valid for", choices=list[Any](OVERLAPS))
    backfill = BooleanField("Send what it missed", default=True)


class RangeForm(FlaskForm):
    """From when until when events are to be sent again."""

    since = StringField("From", [Length(max=30)])
    until = StringField("To", [Length(max=30)])
    extent = RadioField("What", choices=list[Any](["failed", "all"]), default="failed")

    def command(self, merchant_id: str, endpoint_id: str, zone: str) -> RedeliverRange | None:
        """What to ask the use-case for; None where a moment cannot be read, said at its field."""
        since, until = (_moment(field.data, zone) for field in (self.since, self.until))
        for field, found in ((self.since, since), (self.until, until)):
            if found is None:
                field.errors = ["Enter a date and a time."]
        if since is None or until is None:
            return None
        return RedeliverRange(
            merchant_id, endpoint_id, since, until, only_failed=self.extent.data != "all"
        )


class DebuggerForm(FlaskForm):
    """The parts of a delivery as a receiver has them."""

    endpoint = SelectField("Endpoint", validate_choice=False)
    secret = StringField("Signing secret", [Length(max=200)])
    header = AreaField("Stripe-Signature header", [Length(max=4000)])
    body = AreaField("Request body", [Length(max=LONGEST_BODY)])

    def command(self, merchant_id: str) -> CheckSignature:
        """What to ask the use-case for. A browser sends line breaks as CRLF, whatever was pasted."""
        return CheckSignature(
            merchant_id,
            body=(self.body.data or "").replace("\r\n", "\n"),
            header=self.header.data or "",
            secret=self.secret.data or "",
            endpoint_id=self.endpoint.data or None,
        )


def _moment(text: str | None, zone: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
