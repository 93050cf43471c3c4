"""What we call things at Adyen: `<payment>.<what is asked>`, so that whatever comes back says whose it is.

At most 80 characters. Of a try the second part is its operation, of a modification its operation or refund.
"""

import re

_OURS = re.compile(r"(pi_[A-Za-z0-9_]{1,36})\.((?:op|re)_[A-Za-z0-9_]{1,36})", re.ASCII)


def reference_of(payment_id: str, part_id: str) -> str:
    """Our name for a try or a modification."""
    return f"{payment_id}.{part_id}"


def payment_in(reference: object) -> str | None:
    """The payment that a reference of ours names; None for anybody else's."""
    found = _OURS.fullmatch(reference) if isinstance(reference, str) else None
    return found[1] if found else None


def part_in(reference: object) -> str | None:
    """The operation or refund that a reference of ours names."""
    found = _OURS.fullmatch(reference) if isinstance(reference, str) else None
    return found[2] if found else None
