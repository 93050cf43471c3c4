"""Ids: a prefix that says what it is, and a body that sorts by time.

The body is 48 bits of milliseconds, a 14-bit count and 68 random bits in Crockford's base 32 without
look-alikes, so ids sort by creation (within one process even in one millisecond), index pages stay
warm, and no one can guess a neighbour's.
"""

import secrets
from datetime import UTC, datetime
from itertools import count

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_SHIFTS = tuple(range(120, -1, -10))
_made = count()


def new_id(prefix: str, now: datetime) -> str:
    """`pi` and a moment to `pi_01jd8m…`: 26 characters after the prefix."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 82) | ((next(_made) & 0x3FFF) << 68) | secrets.randbits(68)
    body = "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])
    return f"{prefix}_{body}"


def lowest_id(prefix: str, at: datetime) -> str:
    """What sorts before every id that is made at that moment or later, and after all earlier ones."""
    value = int(at.timestamp() * 1000) << 82
    return f"{prefix}_" + "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])


def made_at(object_id: str) -> datetime | None:
    """The moment of which an id tells, to the millisecond; None for what is no id of ours."""
    body = object_id.rpartition("_")[2]
    places = [_ALPHABET.find(sign) for sign in body[:10]]
    if len(body) != 26 or min(places) < 0:
        return None
    value = 0
    for place in places:
        value = value * 32 + place
    # Ten characters are fifty bits, two more than the milliseconds have.
    seconds, milliseconds = divmod(value >> 2, 1000)
    if seconds >= 253_402_300_800:
        return None  # Beyond the year 9999.
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)


def new_secret(prefix: str) -> str:
    """An unguessable name of 192 random bits, for what opens by knowing it."""
    return f"{prefix}_{secrets.token_hex(24)}"
