"""Fields of one value: text, ids, numbers, words, moments."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from app.domain.errors import AmountInvalid, InvalidRequest
from app.web.api.fields.base import Schema, wrong

_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_\-:.]{1,255}", re.ASCII)
LARGEST = 999_999_999_999


@dataclass(frozen=True)
class Text:
    """A string; an empty one unsets."""

    most: int = 500
    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """The string, or None for an empty one."""
        if not isinstance(value, str):
            raise wrong(param, "string")
        if len(value) > self.most:
            raise InvalidRequest(f"{param} has at most {self.most} characters.", param=param)
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise InvalidRequest(f"{param} is text without control characters.", param=param)
        return value or None

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "maxLength": self.most}


@dataclass(frozen=True)
class Id:
    """The id of one of our objects (or what may stand for one)."""

    noun: str = ""
    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """The id; whether there is such an object is the handler's question."""
        if value == "":
            return None
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise wrong(param, "id")
        return value

    def schema(self) -> Schema:
        """A short string."""
        return {"type": "string", "maxLength": 255}


@dataclass(frozen=True)
class Email:
    """An e-mail address that could exist."""

    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """The address in its usual form."""
        if not isinstance(value, str):
            raise wrong(param, "string")
        if value == "":
            return None
        try:
            return _usual(value[:300])
        except EmailNotValidError as error:
            raise EmailInvalid(f"Invalid email address: {value[:100]}", param=param) from error

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "format": "email", "maxLength": 254}


@lru_cache(4096)
def _usual(address: str) -> str:
    """The address in its usual form; raises EmailNotValidError. A customer's comes again and again."""
    return validate_email(address, check_deliverability=False).normalized


class EmailInvalid(InvalidRequest):
    """Not an e-mail address."""

    code = "email_invalid"


@dataclass(frozen=True)
class Web:
    """A full web address, without credentials in it."""

    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """The address as it was sent."""
        if not isinstance(value, str):
            raise wrong(param, "string")
        if value == "":
            return None
        try:
            parts = urlsplit(value)
            is_plain = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_plain = is_plain and parts.username is None and parts.password is None
        except ValueError:
            is_plain = False
        odd = any(char in value for char in "\\\r\n\t\x00 ") or not value.isascii()
        if not is_plain or odd or len(value) > 2000:
            raise UrlInvalid(f"{param} must be a full http or https address.", param=param)
        return value

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string", "maxLength": 2000}


class UrlInvalid(InvalidRequest):
    """Not an address of the web."""

    code = "url_invalid"


@dataclass(frozen=True)
class Whole:
    """A whole number; digits as text will do."""

    least: int = 0
    most: int = LARGEST
    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> int | None:
        """The number."""
        if value == "":
            return None
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if type(value) is not int:
            raise AmountInvalid(f"Invalid integer: {param}.", param=param)
        if not self.least <= value <= self.most:
            limits = f"between {self.least} and {self.most}"
            raise AmountInvalid(f"{param} must be {limits}.", param=param)
        return value

    def schema(self) -> Schema:
        """An integer."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Amount:
    """Minor units; judged together with the currency, by the handler."""

    doc: str = "Whole number of the currency's ISO 4217 minor units."
    is_required: bool = False

    def read(self, value: Any, param: str) -> Any:
        """As it came: `parse_amount` says what is wrong with it."""
        if value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise AmountInvalid(f"Invalid integer: {param}.", param=param)
        return value

    def schema(self) -> Schema:
        """An integer."""
        return {"type": "integer", "minimum": 1, "maximum": LARGEST}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> bool:
        """The truth."""
        if value is True or value == "true":
            return True
        if value is False or value == "false":
            return False
        raise wrong(param, "boolean")

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    doc: str = ""
    is_required: bool = False
    can_unset: bool = False

    def read(self, value: Any, param: str) -> str | None:
        """The word."""
        if value == "" and self.can_unset:
            return None
        if not isinstance(value, str) or value not in self.words:
            raise InvalidRequest(
                f"Invalid {param}: must be one of {', '.join(self.words)}.", param=param
            )
        return value

    def schema(self) -> Schema:
        """An enumeration."""
        words = [*self.words, ""] if self.can_unset else [*self.words]
        return {"type": "string", "enum": words}


@dataclass(frozen=True)
class Moment:
    """Seconds since 1970."""

    doc: str = ""
    is_required: bool = False

    def read(self, value: Any, param: str) -> datetime | None:
        """An aware moment."""
        seconds = Whole(0, 99_999_999_999).read(value, param)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def schema(self) -> Schema:
        """An integer."""
        return {"type": "integer", "minimum": 0, "maximum": 99_999_999_999}
