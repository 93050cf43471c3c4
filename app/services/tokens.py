"""What stands for a card in the row of a call. A token that holds what may not be kept stands there sealed,
and is erased when the call has an outcome, at the latest after a day.

A sealed one begins with a mark of what it was, so that the same press of Pay is known again; the mark stays.
"""

import re
from datetime import timedelta

from sqlalchemy import text

from app.domain.errors import InvalidRequest
from app.domain.payments import OperationInFlight
from app.services.deps import Deps
from app.store.db import transaction
from app.store.webhooks import changed

SEALED, ERASED = "sealed:", "erased:"
KEPT_FOR = timedelta(hours=24)

# A text among the fields that is a number as long as a card's, and nothing else.
_CLEAR = re.compile(r'"[\s.-]*(?:[0-9][\s.-]*){12,19}"', re.ASCII)

_ERASE = text("""
    UPDATE operations
    SET payment_method_token = 'erased:' || split_part(payment_method_token, ':', 2)
    WHERE payment_method_token LIKE 'sealed:%' AND created_at < :before
""")


def kept(deps: Deps, processor: str, token: str) -> str:
    """The token as it may stand in a row; raises InvalidRequest for what would be taken for a sealed one, and
    for a card's number in clear.
    """
    if token.startswith((SEALED, ERASED)):
        raise InvalidRequest("This is no token of a payment method.", param="payment_method")
    if deps.processors[processor].holds_secret(token) and _CLEAR.search(token):
        raise InvalidRequest("A card's number is not taken in clear.", param="payment_method")
    return sealed(deps, token) if deps.processors[processor].holds_secret(token) else token


def shown(deps: Deps, processor: str, text: str | None) -> str | None:
    """How the caller named what is paid with, as far as it may be told again: never what may not be kept."""
    return None if text is None or deps.processors[processor].holds_secret(text) else text


def sealed(deps: Deps, token: str) -> str:
    """The token sealed, behind the mark that it is known by."""
    return f"{SEALED}{_mark(deps, token)}:{deps.sealer.seal(token).decode()}"


def opened(deps: Deps, operation: OperationInFlight) -> str:
    """What is said to the processor for the text in a call's row."""
    token = operation.payment_method_token
    if token is None or is_erased(token):
        raise AssertionError("what this call said is forgotten")
    if not token.startswith(SEALED):
        return token
    return deps.sealer.open(token.split(":", 2)[2].encode())


def is_erased(text: str | None) -> bool:
    """Whether the call can not be made again: what it said is forgotten."""
    return text is not None and text.startswith(ERASED)


def is_of(deps: Deps, text: str | None, token: str) -> bool:
    """Whether this is what a row's text was made from."""
    if text is None or not text.startswith((SEALED, ERASED)):
        return text == token
    return text.split(":")[1] == _mark(deps, token)


def erase_old(deps: Deps) -> int:
    """Erase what no outcome has erased in a day; gives how many. Safe to repeat."""
    with transaction() as session:
        return changed(session, _ERASE, {"before": deps.clock.now() - KEPT_FOR})


def _mark(deps: Deps, token: str) -> str:
    # Made with a key: it outlives what it marks, and must not let anybody try cards against it.
    return deps.sealer.fingerprint(token)[:32]
