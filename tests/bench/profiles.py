"""Profiles of both sides of the payment path, for when a goal is missed: docs/profiles/*.txt."""

import cProfile
import io
import pstats
import re
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import psycopg
from flask import Flask

from app.store import db as store
from app.store import path_parameters, payment_path
from app.store.path_parameters import Prepared
from tests.bench import product
from tests.bench.report import DOCS
from tests.bench.stage import BenchMerchant, Stage
from tests.bench.workers import Client

REQUESTS = 1_500
WARM_UP = 200
LINES = 45


def write(stage: Stage) -> list[Path]:
    """Profile the web by function and the two statements by plan node."""
    folder = DOCS / "profiles"
    folder.mkdir(exist_ok=True)
    made = {
        "web-first-request.txt": _web(stage, is_replay=False),
        "web-replay.txt": _web(stage, is_replay=True),
        "statements.txt": _statements(stage),
    }
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in made]


def _web(stage: Stage, *, is_replay: bool) -> str:
    app = product.build(stage.settings)
    keys = [secrets.token_hex(16) for _ in range(REQUESTS)]
    _send(app, stage.merchants, (secrets.token_hex(16) for _ in range(WARM_UP)))
    if is_replay:
        _send(app, stage.merchants, keys)
    # CPU time, not the clock's: waiting for the disk is nobody's fault here.
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    _send(app, stage.merchants, keys)
    profile.disable()
    app.extensions["farthing_request_log"].flush()
    store.close(app)
    text = io.StringIO()
    stats = pstats.Stats(profile, stream=text)
    stats.sort_stats("cumulative").print_stats(LINES)
    stats.sort_stats("tottime").print_stats(LINES)
    kind = "replays of POST /payments" if is_replay else "first POST /payments"
    head = f"{REQUESTS} {kind} in one process and thread, by CPU time under cProfile.\n"
    return head + _tidy(text.getvalue())


def _tidy(text: str) -> str:
    """Paths from the package on, and no trailing blanks."""
    text = re.sub(r"(/\S*/site-packages/|/\S*/lib/python3\.\d+/)", "", text)
    text = text.replace(f"{DOCS.parent}/", "")
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def _send(app: Flask, merchants: tuple[BenchMerchant, ...], keys: Iterable[str]) -> None:
    for number, key in enumerate(keys):
        body = orjson.dumps(
            {
                "amount": 1_000 + number % 9_000,
                "currency": "usd",
                "payment_method": "pm_card_visa",
                "description": "Order of a walnut tray",
                "receipt_email": "ada@example.com",
                "metadata": {"order": f"A-{number}"},
            }
        )
        answer = app.wsgi_app(_environ(merchants[number % len(merchants)], key, body), _started)
        for _ in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()


def _environ(merchant: BenchMerchant, key: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/payments",
        "QUERY_STRING": "",
        "SERVER_NAME": "bench.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "bench.example",
        "HTTP_AUTHORIZATION": f"Bearer {merchant.key}",
        "HTTP_IDEMPOTENCY_KEY": key,
    }


def _started(status: str, headers: object, problem: object = None) -> Any:
    if not status.startswith("200"):
        raise RuntimeError(f"answered {status}")


def _statements(stage: Stage) -> str:
    client = Client(stage, 0)
    client.record(WARM_UP)()
    fresh, begun = client.samples(1)[0], client.begin(1)[0]
    intent = path_parameters.prepare_intents([fresh.intent], fresh.outcome.at)
    outcome = path_parameters.prepare_outcomes([begun.outcome])
    client.begin(1_000)
    many = client.begin(1_000)
    batch = path_parameters.prepare_outcomes([one.outcome for one in many])
    texts = []
    for title, ready in (
        ("Intent of one payment", intent),
        ("Outcome of one payment", outcome),
        ("Outcomes of 1,000 payments", batch),
    ):
        texts.append(f"# {title}\n\n{_explain(client.owner, ready)}\n")
    with client.app.app_context():
        payment_path.begin_new([one.intent for one in client.samples(1)], fresh.outcome.at)
    store.close(client.app)
    return "\n".join(texts)


def _explain(connection: psycopg.Connection[Any], ready: Prepared) -> str:
    """The plan that a long-lived connection uses, executed."""
    connection.execute("ANALYZE")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    cursor = psycopg.RawCursor(connection)
    statement = b"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY ON) " + ready.statement
    lines = [row[0] for row in cursor.execute(statement, ready.parameters, prepare=True)]
    return "\n".join(lines)
