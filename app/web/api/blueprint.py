"""The API's addresses: every route of ROUTES, and a clear word for every other."""

from flask import Blueprint, Response, request

from app.domain.errors import FarthingError
from app.web.api import dispatch
from app.web.api.requests import refuse_card_data
from app.web.api.routes import ROUTES

api = Blueprint("api", __name__)


class AddressUnknown(FarthingError):
    """There is no such call."""

    code, status = "url_unknown", 404


@api.route("/v1/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@api.route("/v1/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(rest: str) -> Response:  # noqa: ARG001 - the address is told whole
    """No route of ours; raises AddressUnknown in words like Stripe's."""
    dispatch.notice()
    refuse_card_data(request.path, "path")
    raise AddressUnknown(
        f"Unrecognized request URL ({request.method}: {request.path[:200]}). All calls are"
        " listed on /reference."
    )


dispatch.mount(api, ROUTES)
api.after_request(dispatch.finish)
