"""Where processors tell us what happened: verify, store, answer. The work is the worker's."""

from flask import Blueprint, Response, make_response, request

from app.domain.errors import NotFound, SignatureInvalid
from app.services import inbound
from app.web.context import deps

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")

LARGEST_BODY = 1024 * 1024


@hooks.post("/<processor>/<account_id>")
def receive(processor: str, account_id: str) -> Response:
    """One webhook of one account. 200 only once it is stored; 400 stores nothing."""
    if "\x00" in account_id:
        return make_response({"error": "resource_missing"}, 404)
    request.max_content_length = LARGEST_BODY
    body = request.get_data(cache=False, parse_form_data=False)
    command = inbound.ReceiveNews(account_id, body, dict(request.headers))
    try:
        is_new = inbound.receive(deps(), command)
    except SignatureInvalid as error:
        return make_response({"error": error.code}, 400)
    except NotFound:
        return make_response({"error": "resource_missing"}, 404)
    answer = inbound.answer_to(deps(), account_id)
    if answer is not None:
        return make_response((answer, {"Content-Type": "text/plain"}))
    return make_response({"received": True, "processor": processor, "new": is_new}, 200)
