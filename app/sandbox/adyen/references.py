"""Identifiers as Adyen makes them: sixteen capital letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_uppercase + string.digits


def psp_reference() -> str:
    """`NC6HT9CRT65ZGN82`, and nobody can guess the next."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))
