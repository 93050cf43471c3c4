"""Who calls: `sk_test_…` and `pk_test_…` keys. Any tail is an account of its own.

Nothing is registered beforehand: `sk_test_wren` and `pk_test_wren` are the keys of `acct_sbx_wren`,
and no key reaches another account's objects. Live keys do not exist here.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from app.sandbox.errors import StripeError

_KEY = re.compile(r"(sk|pk|rk)_test_([A-Za-z0-9_]{1,100})", re.ASCII)
ACCOUNT = "acct_sbx_"


@dataclass(frozen=True, slots=True)
class Caller:
    """The account a key belongs to, and whether it is only a browser's key."""

    account: str
    is_publishable: bool


def _unauthorized(message: str, code: str | None = None) -> StripeError:
    return StripeError(
        message,
        status=401,
        code=code,
        is_validation=True,
        headers={"WWW-Authenticate": 'Basic realm="Stripe"'},
    )


def _key(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("ascii").partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def mask(key: str) -> str:
    """A key as an error message may show it."""
    return f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * len(key)


def identify(header: str | None, *, on_behalf_of: str | None = None) -> Caller:
    """The caller of an `Authorization` header; raises Stripe's 401 or 403."""
    key = _key(header or "")
    if not key:
        raise _unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization "
            "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    match = _KEY.fullmatch(key)
    if match is None:
        raise _unauthorized(f"Invalid API Key provided: {mask(key)}")
    kind, tail = match.groups()
    if tail.startswith("expired"):
        raise _unauthorized(f"Expired API Key provided: {mask(key)}", "api_key_expired")
    if kind == "rk":
        raise StripeError(
            f"The provided key '{mask(key)}' does not have the required permissions for this "
            "endpoint.",
            status=403,
            code="more_permissions_required",
            is_validation=True,
        )
    account = ACCOUNT + tail
    if on_behalf_of not in (None, "", account):
        raise StripeError(
            f"The provided key '{mask(key)}' does not have access to account '{on_behalf_of}' "
            "(or that account does not exist). Application access may have been revoked.",
            status=403,
            code="account_invalid",
            is_validation=True,
        )
    return Caller(account, kind == "pk")


def refuse_publishable() -> StripeError:
    """A browser's key was used where only a server's may be."""
    return _unauthorized(
        "This API call cannot be made with a publishable API key. Please use a secret API key.",
        "secret_key_required",
    )
