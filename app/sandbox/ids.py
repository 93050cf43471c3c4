"""Identifiers that look like Stripe's: a prefix and unguessable letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def token(length: int = 24) -> str:
    """Letters and digits nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_id(prefix: str) -> str:
    """`pi_` and 24 letters and digits."""
    return f"{prefix}_{token()}"


def new_client_secret(object_id: str) -> str:
    """What a browser shows to act on one object with a publishable key."""
    return f"{object_id}_secret_{token(25)}"
