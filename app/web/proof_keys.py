"""The public keys of proofs, for whoever verifies one: an address that never changes, open to everybody."""

import orjson
from flask import Blueprint, Response

from app.services.proof_keys import published_keys

blueprint = Blueprint("proof_keys", __name__)

KEPT_SECONDS = 300


@blueprint.get("/.well-known/farthing-proof-keys.json")
def published() -> Response:
    """Every key there ever was, the newest first."""
    keys = [
        {
            "id": key.id,
            "algorithm": "Ed25519",
            "public": key.public.hex(),
            "created_at": key.created_at.isoformat(timespec="seconds"),
        }
        for key in published_keys()
    ]
    body = orjson.dumps({"keys": keys}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
