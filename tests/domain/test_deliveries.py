"""When a delivery is tried again, and how it is signed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import deliveries as rules

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "tries, seconds",
    [
        (1, 5),
        (2, 30),
        (3, 120),
        (4, 600),
        (5, 1_800),
        (6, 3_600),
        (7, 7_200),
        (8, 14_400),
        (9, 28_800),
        (10, 28_800),
        (40, 28_800),
    ],
)
def test_each_try_waits_longer_and_not_all_wait_the_same(tries: int, seconds: int) -> None:
    waits = {rules.pause(tries, 500, None) for _ in range(200)}

    assert len(waits) > 50
    assert min(waits) >= timedelta(seconds=seconds * 0.8)
    assert max(waits) <= timedelta(seconds=seconds * 1.2)


@pytest.mark.parametrize(
    "code, retry_after, least, most",
    [
        (429, 120, 120, 120),
        (503, 120, 120, 120),
        (429, 1, 4, 6),  # Sooner than we would come anyway.
        (429, 86_400, 3_600, 3_600),
        (500, 120, 4, 6),
        (None, 120, 4, 6),
        (429, None, 4, 6),
    ],
)
def test_a_receiver_may_ask_to_be_left_alone_for_an_hour_at_most(
    code: int | None, retry_after: int | None, least: int, most: int
) -> None:
    wait = rules.pause(1, code, retry_after)

    assert timedelta(seconds=least) <= wait <= timedelta(seconds=most)


def test_a_delivery_is_tried_for_three_days() -> None:
    at, tries = NOW, 0
    while not rules.is_given_up(NOW, at):
        tries += 1
        at += rules.pause(tries, 500, None)

    # Eight in the first eight hours, then one every eight hours.
    assert 15 <= tries <= 19


def test_an_endpoint_is_disabled_only_after_long_and_many_failures() -> None:
    long, short = NOW - timedelta(days=3), NOW - timedelta(days=2, hours=23)

    assert rules.is_to_be_disabled(10, long, NOW)
    assert not rules.is_to_be_disabled(9, long, NOW)
    assert not rules.is_to_be_disabled(1_000, short, NOW)


def test_a_secret_has_256_random_bits_that_both_schemes_can_use() -> None:
    secrets = {rules.new_webhook_secret() for _ in range(10)}

    assert len(secrets) == 10
    for secret in secrets:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32


def test_both_signatures_are_made_with_every_valid_secret() -> None:
    keys = [rules.new_webhook_secret(), rules.new_webhook_secret()]
    body = b'{"id": "evt_1"}'

    headers = rules.signed_headers("evt_1", body, keys, NOW)

    timestamp = headers["webhook-timestamp"]
    assert timestamp == str(int(NOW.timestamp()))
    older = [
        hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        for key in keys
    ]
    assert headers["Stripe-Signature"] == f"t={timestamp},v1={older[0]},v1={older[1]}"
    standard = [
        base64.b64encode(
            hmac.digest(
                base64.b64decode(key.removeprefix("whsec_")),
                f"evt_1.{timestamp}.".encode() + body,
                "sha256",
            )
        ).decode()
        for key in keys
    ]
    assert headers["webhook-signature"] == f"v1,{standard[0]} v1,{standard[1]}"
    assert headers["webhook-id"] == "evt_1"
    assert headers["User-Agent"] == "Farthing/1.0"
