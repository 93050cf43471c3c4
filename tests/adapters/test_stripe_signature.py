"""Stripe's signatures: what the official SDK signs is accepted, nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.processors.stripe_signature import verify
from app.domain.errors import SignatureInvalid

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SECRET = "whsec_test"
BODY = '{"id": "evt_1", "name": "Žofie"}'.encode()


def signed(body: bytes = BODY, at: datetime = NOW, secret: str = SECRET) -> str:
    """The header as the SDK itself computes it."""
    stamp = int(at.timestamp())
    mac = stripe.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", secret)  # noqa: SLF001
    return f"t={stamp},v1={mac}"


def test_the_sdks_own_signature_is_accepted() -> None:
    verify(BODY, signed(), (SECRET,), NOW)
    verify(BODY, f"{signed()},v0=00", (SECRET,), NOW)
    verify(BODY, signed(), ("whsec_old", SECRET), NOW)
    stripe.WebhookSignature.verify_header(BODY.decode(), signed(), SECRET)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_tolerated(seconds: int) -> None:
    verify(BODY, signed(at=NOW + timedelta(seconds=seconds)), (SECRET,), NOW)


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_more_than_five_minutes_are_not(seconds: int) -> None:
    with pytest.raises(SignatureInvalid, match="tolerance"):
        verify(BODY, signed(at=NOW + timedelta(seconds=seconds)), (SECRET,), NOW)


@pytest.mark.parametrize("count, is_read", [(10, True), (11, False), (1000, False)])
def test_at_most_ten_signatures_are_read(count: int, is_read: bool) -> None:
    stamp, good = signed().split(",")
    header = ",".join([stamp, *["v1=00"] * (count - 1), good])
    if is_read:
        verify(BODY, header, (SECRET,), NOW)
    else:
        with pytest.raises(SignatureInvalid, match="too many"):
            verify(BODY, header, (SECRET,), NOW)


def test_an_account_without_a_secret_accepts_nothing() -> None:
    with pytest.raises(SignatureInvalid, match="No webhook secret"):
        verify(BODY, signed(secret=""), (), NOW)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed(position: int, change: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= change

    with pytest.raises(SignatureInvalid):
        verify(bytes(altered), signed(), (SECRET,), NOW)


@given(st.text(max_size=80), st.binary(max_size=20))
def test_no_header_does_anything_but_be_refused(header: str, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify(body, header, (SECRET,), NOW)
