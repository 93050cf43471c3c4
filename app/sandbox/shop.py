"""Wren & Co., a small merchant's site: what a developer would build on Farthing's API.

It knows Farthing by address and secret key only (`POST /control/api/shop`), opens a checkout
session for what is bought, sends the customer to its `url`, and afterwards believes the API, never
its own address bar.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from babel.numbers import format_currency
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.domain.currencies import CURRENCIES
from app.domain.money import Money
from app.sandbox.control import BadControlError, answer, given
from app.sandbox.world import World, current_world

blueprint = Blueprint("shop", __name__)

TIMEOUT_SECONDS = 15
MAXIMUM_QUANTITY = 9
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
    " frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Product:
    """Something on the shelf."""

    id: str
    name: str
    text: str
    price: Money
    note: str


SHELF = (
    Product("mug", "Speckled mug", "Stoneware, thrown by hand. Holds a generous tea.",
            Money(2400, "USD"), "Fired in Vermont"),
    Product("towel", "Linen tea towel", "Washed linen, woven in a narrow stripe. Gets softer.",
            Money(1850, "EUR"), "Woven in Lithuania"),
    Product("incense", "Hinoki incense", "Forty sticks of cypress, rolled thin and slow to burn.",
            Money(1800, "JPY"), "Made in Kyoto"),
    Product("print", "Wren, in two inks", "A small block print on cotton paper, signed.",
            Money(4999, "USD"), "Edition of 120"),
)  # fmt: skip
BY_ID = {product.id: product for product in SHELF}


class ShopError(Exception):
    """The shop cannot sell now; the message is for its customer."""


def _settings(world: World) -> tuple[str, str] | None:
    with world.store.transaction() as unit:
        stored = unit.setting("shop")
    return (stored["farthing_url"], stored["secret_key"]) if stored else None


def _call(world: World, method: str, path: str, data: dict[str, str] | None = None) -> Any:
    settings = _settings(world)
    if settings is None:
        raise ShopError("The shop is not connected to Farthing yet.")
    base, key = settings
    try:
        reply = requests.request(
            method,
            base + path,
            data=data,
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        body = reply.json()
    except (requests.RequestException, ValueError) as error:
        raise ShopError("Our payment partner does not answer. Nothing was charged.") from error
    if reply.status_code != 200:
        told = body.get("error") if isinstance(body, dict) else None
        message = told.get("message") if isinstance(told, dict) else None
        raise ShopError(f"Our payment partner refused: {message or reply.status_code}")
    return body


def open_session(world: World, product: Product, quantity: int, email: str) -> str:
    """Open a checkout session and answer where to send the customer."""
    home = request.host_url.rstrip("/")
    data = {
        "mode": "payment",
        "line_items[0][price_data][currency]": product.price.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(product.price.amount_minor),
        "line_items[0][price_data][product_data][name]": product.name,
        "line_items[0][quantity]": str(quantity),
        "success_url": f"{home}/shop/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{home}/shop/cancelled",
    }
    if email:
        data["customer_email"] = email
    url = _call(world, "POST", "/v1/checkout/sessions", data).get("url")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise ShopError("Our payment partner sent no page to pay on.")
    return url


def shown(amount: Any, currency: Any) -> str:
    """An amount of the API for the customer."""
    code = str(currency).upper()
    if type(amount) is not int or code not in CURRENCIES:
        return ""
    return printed(Money(amount, code))


def printed(amount: Money) -> str:
    """An amount as a shop prints it: $24.00, ¥1,800."""
    return format_currency(amount.decimal, amount.currency, locale="en_US")


def _page(name: str, status: int = 200, **context: Any) -> Response:
    response = Response(
        render_template(f"shop/{name}.html", **context), status, mimetype="text/html"
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/control/api/shop")
def connect() -> Response:
    body = given()
    url, key = body.get("farthing_url"), body.get("secret_key")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise BadControlError("farthing_url is the address of Farthing, like http://127.0.0.1:8000")
    if not isinstance(key, str) or not key:
        raise BadControlError("secret_key is a secret key of a merchant in Farthing")
    with current_world().store.transaction() as unit:
        unit.set_setting("shop", {"farthing_url": url.rstrip("/"), "secret_key": key})
    return answer({"connected": True})


@blueprint.get("/shop")
def shop() -> Response:
    return _page(
        "shelf",
        products=SHELF,
        printed=printed,
        quantities=range(1, MAXIMUM_QUANTITY + 1),
        is_connected=_settings(current_world()) is not None,
    )


@blueprint.post("/shop/buy")
def buy() -> AnyResponse:
    product = BY_ID.get(request.form.get("product", ""))
    quantity = request.form.get("quantity", "1")
    if product is None or quantity not in [str(n) for n in range(1, MAXIMUM_QUANTITY + 1)]:
        return _page("sorry", 400, message="That is not on our shelf.")
    try:
        email = request.form.get("email", "").strip()[:200]
        return redirect(open_session(current_world(), product, int(quantity), email), 303)
    except ShopError as error:
        return _page("sorry", 502, message=str(error))


@blueprint.get("/shop/thanks")
def thanks() -> Response:
    session_id = request.args.get("session_id", "")
    if not session_id.replace("_", "").isalnum():
        return _page("sorry", 400, message="We do not know this order.")
    try:
        session = _call(current_world(), "GET", f"/v1/checkout/sessions/{session_id}")
    except ShopError as error:
        return _page("sorry", 502, message=str(error))
    total = shown(session.get("amount_total"), session.get("currency"))
    return _page("thanks", session=session, total=total)


@blueprint.get("/shop/cancelled")
def cancelled() -> Response:
    return _page("cancelled")
