"""The couriers of notifications: batches, a signature per item, Adyen's retry schedule.

What is due for one endpoint at the same time goes out in one call, at most six items of it. It counts
as delivered when the endpoint answers 202, or another 2xx with `[accepted]`, within ten seconds;
otherwise every item of the batch is tried again.
"""

import orjson
import requests

from app.sandbox.adyen.notifications import ENDPOINT, envelope
from app.sandbox.errors import Json
from app.sandbox.webhooks import TIMEOUT_SECONDS, Couriers

ACCEPTED = b"[accepted]"
_EIGHT_HOURS = 8 * 3600
_DAYS = 30
FIRST = (9, 18, 27, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800)
RETRY_SECONDS = (*FIRST, *([_EIGHT_HOURS] * ((_DAYS * 24 * 3600 - sum(FIRST)) // _EIGHT_HOURS)))


class AdyenCouriers(Couriers):
    """Background delivery of notifications for one world."""

    endpoint_kind = ENDPOINT
    endpoint_ids = "ntf_*"
    retry_seconds = RETRY_SECONDS
    batch = 6

    def _send(self, parcel: list[Json], endpoint: Json) -> str:
        body = orjson.dumps(envelope([event["item"] for event in parcel], endpoint["hmac_key"]))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Adyen HttpClient 1.0",
        }
        try:
            with requests.post(
                endpoint["url"],
                data=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as reply:
                return _judged(reply)
        except requests.RequestException as error:
            return type(error).__name__


def _judged(reply: requests.Response) -> str:
    status = str(reply.status_code)
    if reply.status_code == 202 or not status.startswith("2"):
        return status
    said = next(reply.iter_content(64), b"")
    return status if ACCEPTED in said else f"not accepted ({status})"
