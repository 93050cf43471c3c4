"""Test accounts at the simulated bank, and what becomes of money that is sent to them.

Any other well-formed account is paid on the next business day. Less than a hundred minor units
arrives everywhere at once, except where it cannot: such amounts prove who an account belongs to, and
an account has to be proven before a payout to it can fail.
"""

from dataclasses import dataclass

MICRO_MINOR = 100
TEST_ROUTING = "110000000"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`ends` is refused, returned, paid, paid_then_returned or paid_at_once."""

    ends: str
    code: str | None
    words: str
    takes_micro: bool = True


_PAID = Behaviour("paid", None, "is paid on the next business day")
_AT_ONCE = Behaviour("paid_at_once", None, "is paid at once")
_NO_ACCOUNT = Behaviour("refused", "no_account", "is refused: no such account")
_CLOSED = Behaviour("returned", "account_closed", "comes back instead of arriving: account closed")
_SHORT = Behaviour("refused", "insufficient_funds", "is refused: insufficient funds")
_DEBIT = Behaviour("refused", "debit_not_authorized", "is refused: debits not authorised")
_CURRENCY = Behaviour("refused", "invalid_currency", "is refused: not in this currency")
_COMES_BACK = Behaviour(
    "paid_then_returned", "account_closed", "is paid, and comes back two business days later"
)
_FROZEN = Behaviour("returned", "account_frozen", "comes back instead of arriving: account frozen")
_NAME = Behaviour(
    "returned", "incorrect_account_holder_name", "comes back instead of arriving: another holder"
)
_UNPROVABLE = Behaviour(
    "refused", "no_account", "is refused, micro-deposits too: no such account", takes_micro=False
)

AMERICAN: dict[str, Behaviour] = {
    "000123456789": _PAID,
    "000999999991": _AT_ONCE,
    "000111111116": _NO_ACCOUNT,
    "000111111113": _CLOSED,
    "000222222227": _SHORT,
    "000333333335": _DEBIT,
    "000444444440": _CURRENCY,
    "000555555559": _COMES_BACK,
    "000666666661": _UNPROVABLE,
}
IBANS: dict[str, Behaviour] = {
    "DE89370400440532013000": _PAID,
    "DE62370400440532013001": _NO_ACCOUNT,
    "DE35370400440532013002": _CLOSED,
    "DE08370400440532013003": _SHORT,
    "DE78370400440532013004": _DEBIT,
    "DE51370400440532013005": _CURRENCY,
    "DE24370400440532013006": _COMES_BACK,
    "DE94370400440532013007": _AT_ONCE,
    "DE67370400440532013008": _FROZEN,
    "DE40370400440532013009": _NAME,
    "DE13370400440532013010": _UNPROVABLE,
}


def behaviour(kind: str, routing: str, number: str) -> Behaviour:
    """What happens to money sent there."""
    if kind == "us_account":
        return AMERICAN.get(number, _PAID) if routing == TEST_ROUTING else _PAID
    return IBANS.get(number, _PAID)


def shown() -> list[tuple[str, str]]:
    """Every test account with what a transfer to it does, for the control page."""
    american = [(f"{TEST_ROUTING} · {number}", one.words) for number, one in AMERICAN.items()]
    ibans = [
        (" ".join(iban[at : at + 4] for at in range(0, len(iban), 4)), one.words)
        for iban, one in IBANS.items()
    ]
    return american + ibans
