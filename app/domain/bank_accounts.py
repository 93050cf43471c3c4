"""Bank accounts of merchants: their numbers checked, and why money cannot go to one now.

A number is checked as far as arithmetic can: country, length, check digits. Whether the account
exists and is the merchant's, only money sent there can tell.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import schwifty
from schwifty.exceptions import (
    InvalidChecksumDigits,
    InvalidCountryCode,
    InvalidLength,
    SchwiftyException,
)
from stdnum.us import rtn

from app.domain.errors import InvalidRequest
from app.domain.rails import AccountKind

LONGEST_NAME = 70
MOST_TRIES = 3
# What is left of these currencies' small units is on paper only: banks carry whole units.
WHOLE_UNITS = frozenset({"HUF", "ISK", "TWD", "UGX"})
NO_COUNTRY = "An IBAN begins with the two letters of its country, as in DE89 3704 …"
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{4,17}", re.ASCII)
_GAPS = re.compile(r"[\s\-\u2013]+")


class Unpayable(StrEnum):
    """Why a merchant cannot be paid out in a currency now."""

    NO_ACCOUNT = "no_account"
    NOT_VERIFIED = "not_verified"
    ERRORED = "errored"
    COOLING_OFF = "cooling_off"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no payout goes out: `message` for the merchant, `until` where waiting is enough."""

    code: Unpayable
    message: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckedNumber:
    """An account number whose arithmetic is right. `routing` is a BIC where an IBAN has a known one."""

    kind: AccountKind
    number: str = field(repr=False)
    routing: str
    country: str
    bank_name: str

    @property
    def last4(self) -> str:
        """All of it that is ever shown."""
        return self.number[-4:]


def check_iban(text: str) -> CheckedNumber:
    """An IBAN as a person typed it; raises InvalidRequest saying what is wrong with it."""
    written = _GAPS.sub("", text).upper()
    if not _COUNTRY.match(written):
        raise _wrong(NO_COUNTRY)
    try:
        iban = schwifty.IBAN(written)
    except InvalidCountryCode:
        raise _wrong(NO_COUNTRY) from None
    except InvalidLength:
        raise _wrong("This IBAN is too short or too long for its country.") from None
    except InvalidChecksumDigits:
        raise _wrong("This IBAN has a typing error: its check digits do not fit.") from None
    except SchwiftyException:
        raise _wrong("This is not an IBAN of its country: compare it with a statement.") from None
    return CheckedNumber("iban", str(iban), _bic(iban), iban.country_code, iban.bank_name or "")


def check_american(routing: str, number: str) -> CheckedNumber:
    """An American account as a person typed it; raises InvalidRequest naming the field."""
    routing, number = _GAPS.sub("", routing), _GAPS.sub("", number)
    if not rtn.is_valid(routing):
        raise InvalidRequest(
            "A routing number has nine digits, and these do not fit together: check them.",
            param="routing",
        )
    if not _ACCOUNT.fullmatch(number):
        raise InvalidRequest("An account number has 4 to 17 digits.", param="number")
    return CheckedNumber("us_account", number, routing, "US", "")


def check_holder(text: str) -> str:
    """The holder's name on one line; raises InvalidRequest."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(
            f"Give the holder's name as the bank has it, in 1 to {LONGEST_NAME} characters.",
            param="holder_name",
        )
    return name


def _wrong(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="iban")


def _bic(iban: schwifty.IBAN) -> str:
    """The bank's BIC, where the table of banks has it."""
    try:
        return str(iban.bic) if iban.bic else ""
    except SchwiftyException:
        return ""
