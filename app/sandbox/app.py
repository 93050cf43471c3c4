"""The sandbox as a Flask application: both processors' APIs, their scripts and secure fields, 3-D Secure,
the providers' pages, the control page and the demo shop.
"""

from pathlib import Path

from flask import Flask, Response, request

from app.sandbox import (
    api,
    bank_api,
    control,
    control_page,
    mail,
    provider_page,
    receiver,
    shop,
    stripejs,
    transfers_api,
)
from app.sandbox.adyen import api as adyen_api
from app.sandbox.adyen import control as adyen_control
from app.sandbox.adyen import pages as adyen_pages
from app.sandbox.adyen.chores import CHORES
from app.sandbox.adyen.couriers import AdyenCouriers
from app.sandbox.clock import WallClock
from app.sandbox.server import MAXIMUM_BODY
from app.sandbox.webhooks import Couriers
from app.sandbox.world import World


def create_sandbox(data_dir: Path | str, clock: WallClock | None = None) -> Flask:
    """An application over the state in `data_dir`, its background threads running.

    `clock` answers seconds since the epoch. Call `app.extensions["sandbox"].stop()` when done.
    """
    world = World(Path(data_dir), clock, CHORES)
    couriers = (Couriers(world), AdyenCouriers(world))
    app = Flask("app.sandbox", root_path=str(Path(__file__).parent))
    app.config["MAX_CONTENT_LENGTH"] = MAXIMUM_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["sandbox"] = Running(world, couriers)
    api.register(app, world)
    adyen_api.register(app, world)
    for module in (
        control, control_page, bank_api, transfers_api, mail, stripejs, shop, receiver,
        provider_page, adyen_control, adyen_pages,
    ):  # fmt: skip
        app.register_blueprint(module.blueprint)
    app.after_request(_headers)
    app.add_url_rule("/healthz", view_func=_health)
    world.start()
    for courier in couriers:
        courier.start()
    return app


class Running:
    """What has to be stopped."""

    def __init__(self, world: World, couriers: tuple[Couriers, ...]) -> None:
        self.world = world
        self.couriers = couriers
        self.mail_url = ""

    def stop(self) -> None:
        """Stop the background threads and let go of the file."""
        for courier in self.couriers:
            courier.stop()
        self.world.stop()


def _health() -> Response:
    return Response('{"status": "ok"}', mimetype="application/json")


def _headers(response: Response) -> Response:
    """Any page may call the API with a browser's key, as at Stripe; nothing here uses cookies."""
    if request.path.startswith(("/v1/", "/v3", "/3ds/")):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = (
            "Authorization, Content-Type, Idempotency-Key, Stripe-Version, Stripe-Account"
        )
        response.headers["Access-Control-Expose-Headers"] = "Request-Id"
        response.headers["Access-Control-Max-Age"] = "600"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
