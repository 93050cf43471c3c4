"""The control API of Adyen's side: where notifications go, and what they may say without its being so.

JSON under /control/api/adyen. A merchant account needs no registration; its endpoints do, because
whoever verifies a notification must know the endpoint's HMAC key.
"""

import re
import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from app.sandbox.adyen import keys
from app.sandbox.adyen.errors import AdyenError
from app.sandbox.adyen.notifications import ENDPOINT, Notice, envelope, item_of, send
from app.sandbox.adyen.references import psp_reference
from app.sandbox.call import Call
from app.sandbox.control import BadControlError, answer, given
from app.sandbox.errors import Json
from app.sandbox.ids import new_id
from app.sandbox.world import current_world

blueprint = Blueprint("adyen_control", __name__)
_HEX = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)


def _account(body: Json) -> str:
    try:
        return keys.check_account(body.get("merchant_account"), "")
    except AdyenError as error:
        raise BadControlError(error.message) from None


def _url(body: Json) -> str:
    url = str(body.get("url"))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadControlError("url is where notifications are posted to")
    return url


def _shown(endpoint: Json) -> Json:
    names = ("id", "merchant_account", "url", "hmac_key")
    return {name: endpoint[name] for name in names}


@blueprint.post("/control/api/adyen/webhooks")
def register_endpoint() -> Response:
    """One more endpoint of a merchant account; without a key it is given one."""
    body = given()
    account, url = _account(body), _url(body)
    key = str(body.get("hmac_key") or secrets.token_hex(32).upper())
    if not _HEX.fullmatch(key):
        raise BadControlError("hmac_key is 64 hexadecimal digits")
    world = current_world()
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        endpoint = call.insert(
            {
                "id": new_id("ntf"),
                "object": ENDPOINT,
                "created": call.now,
                "merchant_account": account,
                "url": url,
                "hmac_key": key,
            }
        )
    return answer(_shown(endpoint), 201)


@blueprint.get("/control/api/adyen/webhooks")
def list_endpoints() -> Response:
    account = request.args.get("merchant_account", "")
    with current_world().store.transaction() as unit:
        return answer({"webhooks": [_shown(row) for row in unit.every(account, ENDPOINT)]})


@blueprint.delete("/control/api/adyen/webhooks/<endpoint_id>")
def delete_endpoint(endpoint_id: str) -> Response:
    """What was still to be delivered to it is dropped."""
    with current_world().store.transaction() as unit:
        unit.run("DELETE FROM objects WHERE kind = ? AND id = ?", (ENDPOINT, endpoint_id))
        unit.run("DELETE FROM deliveries WHERE endpoint = ?", (endpoint_id,))
    return answer({"deleted": True})


@blueprint.get("/control/api/adyen/notifications")
def told_so_far() -> Response:
    """All that was told of a merchant account, oldest first, each as a delivery signed with `hmac_key`."""
    account, key = request.args.get("merchant_account", ""), request.args.get("hmac_key", "")
    if not _HEX.fullmatch(key):
        raise BadControlError("hmac_key is 64 hexadecimal digits")
    with current_world().store.transaction() as unit:
        events = unit.every(account, "event")
    return answer({"deliveries": [envelope([event["item"]], key) for event in events]})


@blueprint.post("/control/api/adyen/notifications")
def send_any() -> Response:
    """A signed notification that need not be true: about a payment of the account, or about nothing."""
    body = given()
    account, world = _account(body), current_world()
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        payment = unit.find(account, "adyen_payment", str(body.get("psp_reference"))) or {}
        code = str(body.get("event_code", "AUTHORISATION"))
        is_modification = code != "AUTHORISATION"
        notice = Notice(
            code,
            psp_reference() if is_modification else payment.get("id", psp_reference()),
            payment.get("reference", ""),
            payment.get("amount", {"currency": "EUR", "value": 0}),
            original=payment.get("id", "") if is_modification else "",
            method=payment.get("card", {}).get("brand", ""),
        )
        event = send(call, item_of(call, notice) | body.get("changes", {}))
    world.stir()
    return answer(event, 201)
