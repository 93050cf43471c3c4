"""Stripe's error object and its HTTP statuses.

`keeps_effect` says whether what happened before the error stays: a declined card leaves a failed
charge, a refused parameter leaves nothing. `is_validation` says that execution had not begun, so
that Stripe does not store the answer under the idempotency key.
"""

from typing import Any

Json = dict[str, Any]

DOCS = "https://docs.stripe.com/error-codes"


class StripeError(Exception):
    """Any answer that is not 2xx."""

    def __init__(  # noqa: PLR0913 - The fields of Stripe's error object, by keyword only.
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps_effect: bool = False,
        is_validation: bool = False,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.keeps_effect = keeps_effect
        self.is_validation = is_validation
        self.headers = headers or {}
        self.extra = extra

    def body(self, request_id: str) -> Json:
        """The JSON of the answer. Fields that do not apply are left out, as Stripe does."""
        error: Json = {"type": self.kind, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"{DOCS}/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error.update({key: value for key, value in self.extra.items() if value is not None})
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that was refused before anything was done."""
    return StripeError(message, param=param, code=code, is_validation=True)


def missing(param: str) -> StripeError:
    """A required parameter was not sent."""
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def unknown(param: str) -> StripeError:
    """A parameter that the route does not take."""
    return invalid(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")


def no_such(noun: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    """Nothing of that id in this account."""
    return StripeError(
        f"No such {noun}: '{object_id[:100]}'", status=status, code="resource_missing", param=param
    )


def server_error() -> StripeError:
    """Stripe's own fault; its idempotency framework would replay it, so a retry is useless."""
    return StripeError(
        "An unknown error occurred",
        status=500,
        kind="api_error",
        headers={"Stripe-Should-Retry": "false"},
    )
