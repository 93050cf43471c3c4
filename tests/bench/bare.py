"""The web yardstick: a Flask application that takes the same request, keeps nothing and answers as much.

It reads the key, parses the body and writes a JSON answer of a payment's size. No database, no rules. What
the API answers to reads is in a file that BENCH_ANSWERS names, and is written as JSON at each request.
"""

import os
from pathlib import Path

import orjson
from flask import Flask, Response, request

ANSWER = {f"field_{number:02d}": None for number in range(24)} | {
    "id": "pi_0123456789abcdefghjkmnpqrs",
    "object": "payment_intent",
    "status": "succeeded",
    "livemode": False,
    "payment_method_types": ["card"],
    "created": 1_800_000_000,
}


def create() -> Flask:
    """What granian calls."""
    app = Flask(__name__)

    known = os.environ.get("BENCH_ANSWERS")
    answers = orjson.loads(Path(known).read_bytes()) if known else []

    @app.get("/answers/<int:number>")
    def told(number: int) -> Response:
        """Tell what was told elsewhere."""
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return Response(status=401)
        return Response(orjson.dumps(answers[number]), mimetype="application/json")

    @app.post("/v1/payment_intents")
    @app.post("/payments")
    def payments() -> Response:
        """Take it, and forget it."""
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return Response(status=401)
        found = orjson.loads(request.get_data())
        answer = ANSWER | {
            "amount": found["amount"],
            "currency": found["currency"],
            "description": found["description"],
            "receipt_email": found["receipt_email"],
            "metadata": found["metadata"],
        }
        return Response(orjson.dumps(answer), mimetype="application/json")

    @app.get("/healthz")
    def healthz() -> str:
        """Tell that it runs."""
        return "ok"

    return app
