"""Bank accounts of merchants: why money cannot go to one now, in the merchant's words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Unpayable(StrEnum):
    """Why a merchant cannot be paid out in a currency now."""

    NO_ACCOUNT = "no_account"
    NOT_VERIFIED = "not_verified"
    ERRORED = "errored"
    COOLING_OFF = "cooling_off"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no payout goes out: `words` for the merchant, `until` where waiting is enough."""

    code: Unpayable
    words: str
    until: datetime | None = None
