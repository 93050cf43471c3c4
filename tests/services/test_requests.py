import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import DataError

from app.services import requests
from app.services.deps import Deps
from app.services.request_log import LoggedRequest, RequestLog
from app.store.db import db
from app.store.requests import ApiRequest
from tests.factories import Shop
from tests.web.developers import log_request


class Tape:
    """A database of lists."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.is_away = False
        self.refused = ""

    def __call__(self, rows: Sequence[dict[str, Any]]) -> None:
        if self.is_away:
            raise psycopg.OperationalError("away")
        if self.refused in [row["id"] for row in rows]:
            raise DataError("no such text")
        self.batches.append([row["id"] for row in rows])

    @property
    def ids(self) -> list[str]:
        return [one for batch in self.batches for one in batch]


def line(deps: Deps, name: str) -> LoggedRequest:
    return LoggedRequest(
        "mch_1", name, "GET", "/v1", "/v1", 200, "key_1", "::1", "", 1, deps.clock.now()
    )


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
def log(tape: Tape) -> RequestLog:
    # A pause that no test outlasts: what is written is written by `flush`.
    return RequestLog(lambda: tape, most=5, pause_seconds=60)


def test_what_was_logged_can_be_read(deps: Deps, shop: Shop) -> None:
    sent = log_request(deps, shop, request_body={"a": [1, "ü"]}, response_body=None, status=402)

    row = db.session.get_one(ApiRequest, (shop.merchant_id, sent.id))

    assert (row.request_body, row.status, row.at) == ({"a": [1, "ü"]}, 402, sent.at)
    assert row.response_body is None


def test_lines_are_written_behind_the_requests_backs(deps: Deps, tape: Tape) -> None:
    log = RequestLog(lambda: tape, pause_seconds=0.05)
    log.add(line(deps, "a"))

    _wait_until(lambda: tape.ids == ["a"])
    for name in "bcd":
        log.add(line(deps, name))

    _wait_until(lambda: tape.ids == ["a", "b", "c", "d"])


def test_no_line_is_lost_between_threads(deps: Deps, tape: Tape) -> None:
    log = RequestLog(lambda: tape, pause_seconds=0.01)

    def add(name: int) -> None:
        for number in range(200):
            log.add(line(deps, f"{name}-{number}"))

    threads = [threading.Thread(target=add, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()

    assert len(tape.ids) == len(set(tape.ids)) == 1600


def test_the_oldest_lines_go_when_the_database_is_away_for_long(
    deps: Deps, tape: Tape, log: RequestLog
) -> None:
    tape.is_away = True
    for name in "abcdefg":
        log.add(line(deps, name))
    log.flush()
    tape.is_away = False

    log.flush()

    assert tape.ids == list("cdefg")
    assert log.dropped == 2


def test_a_line_that_cannot_be_stored_takes_no_other_along(
    deps: Deps, tape: Tape, log: RequestLog
) -> None:
    tape.refused = "b"
    for name in "abc":
        log.add(line(deps, name))
    log.flush()

    assert tape.ids == ["a", "c"]
    assert log.dropped == 1


def test_the_real_table_refuses_a_nul_and_takes_its_neighbours(deps: Deps, shop: Shop) -> None:
    log = RequestLog(pause_seconds=60)
    good = line(deps, "req_good")
    for one in (line(deps, "req_\x00bad"), good):
        log.add(one)
    log.flush()

    assert db.session.query(ApiRequest.id).scalar() == good.id


def test_lines_are_kept_for_thirty_days(deps: Deps, shop: Shop, monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "REAPED_AT_ONCE", 2)
    now = deps.clock.now()
    for age in (29, 30.5, 31, 40, 90, 91):
        log_request(deps, shop, at=now - timedelta(days=age))

    assert requests.reap(deps) == 5
    assert db.session.query(ApiRequest).count() == 1
    assert requests.reap(deps) == 0


def _wait_until(holds: Any, seconds: float = 10) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not happen in time")
