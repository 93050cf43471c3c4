"""Adyen's SDK on connections that are kept, and what its errors mean.

The SDK opens a connection a call, follows redirects and rewrites the address that the operator gave; here it
does none of that. It does not repeat either: repeating is the resolver's decision, with the same key.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

import requests
from Adyen import AdyenClient, HTTPClient, exceptions, settings
from Adyen.services.checkout import AdyenCheckoutApi

from app.domain.declines import DeclineReason
from app.domain.processor import Declined, Unknown

log = logging.getLogger(__name__)

VERSION = "v71"

# The call with this key is being made, or was made with other words: what became of it will be told.
IN_PROGRESS = "704"
# What went to the bank was lost on the way back.
LOST = "IOEXCEPTION_RECEIVED"
NOT_SENT = "NO_CONNECTION_AVAILABLE"

# What a refused request means for the customer; the others are ours to mend.
REQUEST_REFUSED: dict[str, DeclineReason] = {
    "101": DeclineReason.NUMBER,
    "103": DeclineReason.CVC,
    "129": DeclineReason.EXPIRED,
    "137": DeclineReason.UNSUPPORTED,
    "138": DeclineReason.UNSUPPORTED,
    "172": DeclineReason.ABSENT,
    "174": DeclineReason.ABSENT,
    "180": DeclineReason.ABSENT,
    "803": DeclineReason.ABSENT,
    "905": DeclineReason.UNSUPPORTED,
}


class _Kept(HTTPClient):  # type: ignore[misc]
    """One session a thread, so that a call does not begin with a handshake."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        super().__init__(f"{settings.LIB_NAME}/", settings.LIB_VERSION, timeout=timeout)
        self._here = threading.local()
        self.request = self._send

    def _send(  # noqa: PLR0913, PLR0917 - the SDK's words
        self,
        method: str,
        url: str,
        json: Any = None,
        data: Any = None,
        username: str = "",
        password: str = "",
        xapikey: str = "",
        headers: dict[str, str] | None = None,
    ) -> tuple[str, Any, int, Any]:
        if data or username or password:
            raise AssertionError("only JSON is spoken, and only with a key")
        if not hasattr(self._here, "session"):
            self._here.session = requests.Session()
        reply = self._here.session.request(
            method,
            url,
            json=json,
            headers={**(headers or {}), "x-api-key": xapikey},
            timeout=self.timeout,
            allow_redirects=False,
        )
        return reply.text, None, reply.status_code, reply.headers


class _Client(AdyenClient):  # type: ignore[misc]
    """The SDK's client, which leaves the operator's address as it is."""

    def _determine_api_url(self, _platform: str, endpoint: str) -> str:
        return endpoint


def checkout_api(api_url: str, api_key: str, timeout: tuple[float, float]) -> Any:
    """The SDK's Checkout API of one account."""
    client = _Client(xapikey=api_key, platform="test")
    client.http_client, client.http_init = _Kept(timeout), True
    api = AdyenCheckoutApi(client=client)
    for part in (api.payments_api, api.modifications_api, api.recurring_api):
        part.baseUrl = f"{api_url.rstrip('/')}/{VERSION}"
    return api


def asked(call: Callable[[], Any]) -> dict[str, Any] | Declined | Unknown:
    """Run one call; total: every error of the SDK and of the network becomes a refusal or an unknown."""
    try:
        message = call().message
    except (exceptions.AdyenAPIAuthenticationError, exceptions.AdyenAPIInvalidPermission) as error:
        # Refused at the door: nothing was executed. A human has to mend the key.
        log.error("processor.credentials_refused", extra={"detail": _detail(error)})  # noqa: TRY400 - the traceback tells nothing
        return Declined(DeclineReason.TECHNICAL, "processor_credentials", is_unheard=True)
    except exceptions.AdyenAPIResponseError as error:
        return _refused(error)
    except (requests.RequestException, exceptions.AdyenError, AttributeError) as error:
        # No answer, or one that is no object of theirs: the money may have moved.
        return Unknown(type(error).__name__)
    return message if isinstance(message, dict) else Unknown("the answer is no object")


def _refused(error: Any) -> Declined | Unknown:
    """An answer that is an error: only where nothing can have been done is it a refusal, and only in Adyen's
    own words. A cut body and a page of somebody's between us (the SDK makes nothing of them) say nothing.
    """
    code, words = str(error.error_code or ""), _words(error)
    if code == IN_PROGRESS or LOST in words:
        return Unknown(_detail(error))
    if NOT_SENT in words:
        return Declined(DeclineReason.TECHNICAL, f"not_sent {code}".strip(), is_unheard=True)
    if error.status_code not in (400, 422) or not code or _is_transient(error):
        return Unknown(_detail(error))
    reason = REQUEST_REFUSED.get(code, DeclineReason.TECHNICAL)
    log.warning("processor.request_refused", extra={"detail": _detail(error)})
    return Declined(reason, f"invalid_request {code}".strip())


def _is_transient(error: Any) -> bool:
    """Whether Adyen says that the same key may be sent again. It does not say that nothing was done."""
    headers = {str(name).lower(): value for name, value in dict(error.headers or {}).items()}
    return str(headers.get("transient-error")).lower() == "true"


def _words(error: Any) -> str:
    message = error.message
    return str(message.get("message") or "") if isinstance(message, dict) else ""


def _detail(error: Any) -> str:
    """The error in few words; nothing of the request is in it."""
    return f"{type(error).__name__} {error.status_code or ''} {error.error_code or ''}".strip()
