"""Saying one's password again before something weighty."""

from wtforms import PasswordField

from app.domain.errors import NotSignedIn, TooManyAttempts
from app.services import identity
from app.web.context import client_address, current_person, deps


def unproven(password: PasswordField) -> tuple[str, int] | None:
    """What to say, and with which status, unless the field holds the person's password.

    What is wrong with the password is said at its field.
    """
    typed = str(password.data or "")
    if not typed:
        password.errors = ["Enter your password."]
        return "", 422
    try:
        identity.confirm(deps(), current_person().email, typed, client_address())
    except NotSignedIn as error:
        password.errors = [error.message]
        return "", 422
    except TooManyAttempts as error:
        return error.message, error.status
    return None
