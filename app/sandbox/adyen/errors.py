"""Adyen's error object and its HTTP statuses.

`keeps_effect` says whether what happened before the error stays. `is_transient` puts the header
`Transient-Error: true` on the answer, which is then not stored under the idempotency key: the same
key may be sent again.
"""

from app.sandbox.errors import Json


class AdyenError(Exception):
    """Any answer that is not 2xx."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str = "validation",
        is_transient: bool = False,
        keeps_effect: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.kind = kind
        self.is_transient = is_transient
        self.keeps_effect = keeps_effect
        self.headers = {**({"Transient-Error": "true"} if is_transient else {}), **(headers or {})}

    def body(self, psp_reference: str) -> Json:
        """The JSON of the answer."""
        return {
            "status": self.status,
            "errorCode": self.code,
            "message": self.message,
            "errorType": self.kind,
            "pspReference": psp_reference,
        }


def invalid(code: str, message: str) -> AdyenError:
    """A request that was understood and is refused."""
    return AdyenError(422, code, message)


def unauthorized() -> AdyenError:
    """No key, or none that opens anything."""
    return AdyenError(401, "000", "HTTP Status Response - Unauthorized", kind="security")


def not_allowed(message: str = "Not allowed") -> AdyenError:
    """The key is good, but not for this."""
    return AdyenError(403, "010", message, kind="security")


def in_progress() -> AdyenError:
    """The same key is being worked on now.

    Transient means that the key may be sent again, and no more: the first call may yet move money.
    """
    return AdyenError(422, "704", "request already processed or in progress", is_transient=True)


def key_was_used() -> AdyenError:
    """The key belongs to another request, which was answered."""
    return AdyenError(422, "704", "request already processed or in progress")


def no_connection() -> AdyenError:
    """Nothing was sent to any bank; the key may be sent again."""
    return AdyenError(
        500,
        "703",
        "Required resource temporarily unavailable: NO_CONNECTION_AVAILABLE",
        kind="internal",
        is_transient=True,
    )


def unavailable_for_now() -> AdyenError:
    """Nothing was done; the key may be sent again."""
    return AdyenError(
        500, "703", "Required resource temporarily unavailable", kind="internal", is_transient=True
    )


def lost_on_the_way() -> AdyenError:
    """Something was sent to the bank, and nobody here knows what became of it."""
    return AdyenError(
        500, "904", "Unable to process: IOEXCEPTION_RECEIVED", kind="internal", keeps_effect=True
    )


def internal() -> AdyenError:
    """A plain failure of the platform."""
    return AdyenError(500, "903", "Internal error", kind="internal")
