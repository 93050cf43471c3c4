"""Who is there: people and software, and who is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.adapters.sealing import FernetSealer
from app.domain.errors import NotAllowed, NotFound, NotSignedIn, TooManyAttempts
from app.services import accounts, identity, merchants
from app.services.deps import Deps
from app.services.identity import SignIn
from tests.factories import PASSWORD, Shop, TestClock, open_shop
from tests.services.bank import rows


def sign_in(deps: Deps, email: str, password: str = PASSWORD, ip: str = "10.0.0.1") -> str:
    return identity.sign_in(deps, SignIn(email, password, ip, "Browser/1.0")).token


def test_a_person_signs_in_and_is_known_again(deps: Deps, shop: Shop) -> None:
    token = sign_in(deps, f"  {shop.email.upper()} ")

    person = identity.resume(deps, token)
    assert person is not None
    assert (person.email, person.role, person.merchant_id) == (
        shop.email,
        "owner",
        shop.merchant_id,
    )
    assert identity.resume(deps, token[:-1]) is None


def test_neither_password_nor_token_is_stored(deps: Deps, shop: Shop) -> None:
    token = sign_in(deps, shop.email)

    [user] = rows("SELECT password_hash FROM users")
    assert user["password_hash"].startswith("$argon2id$")
    [kept] = rows("SELECT * FROM user_sessions")
    assert token not in map(str, kept.values())
    [key] = rows("SELECT * FROM api_keys")
    assert shop.secret_key not in map(str, key.values())


def test_every_wrong_sign_in_says_the_same(deps: Deps, shop: Shop) -> None:
    for email, password in (
        (shop.email, "wrong"),
        ("nobody@shop.example", PASSWORD),
        (shop.email, ""),
        (shop.email, PASSWORD + " "),
        ("", ""),
    ):
        with pytest.raises(NotSignedIn) as refused:
            sign_in(deps, email, password)
        assert refused.value.message == identity.WRONG


def test_guessing_is_slowed_down_for_the_guesser_alone(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    for _ in range(identity.MOST_FAILURES):
        with pytest.raises(NotSignedIn):
            sign_in(deps, shop.email, "wrong")

    with pytest.raises(TooManyAttempts):
        sign_in(deps, shop.email)
    assert sign_in(deps, shop.email, ip="10.0.0.2")
    clock.advance(identity.FAILURE_WINDOW + timedelta(seconds=1))
    assert sign_in(deps, shop.email)


def test_a_session_ends_when_it_is_told_to(deps: Deps, shop: Shop) -> None:
    here, there = sign_in(deps, shop.email), sign_in(deps, shop.email)

    identity.sign_out(deps, here)
    assert identity.resume(deps, here) is None
    assert identity.resume(deps, there) is not None
    with pytest.raises(NotSignedIn):
        identity.switch_merchant(deps, here, shop.merchant_id)


def test_a_person_revokes_only_their_own_sessions(deps: Deps, shop: Shop) -> None:
    token = sign_in(deps, shop.email)
    person = identity.resume(deps, token)
    assert person is not None

    identity.revoke_session(deps, person.token_hash, user_id="user_somebody_else")
    assert identity.resume(deps, token) is not None
    identity.revoke_session(deps, person.token_hash, user_id=person.user_id)
    assert identity.resume(deps, token) is None


def test_an_idle_session_ends(deps: Deps, shop: Shop, clock: TestClock) -> None:
    token = sign_in(deps, shop.email)
    for _ in range(3):
        clock.advance(timedelta(minutes=deps.session_idle_minutes - 1))
        assert identity.resume(deps, token) is not None
    clock.advance(timedelta(minutes=deps.session_idle_minutes))
    assert identity.resume(deps, token) is None


def test_no_session_lasts_longer_than_a_working_day(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    token = sign_in(deps, shop.email)
    for _ in range(deps.session_hours):
        clock.advance(timedelta(hours=1))
        alive = identity.resume(deps, token)
    assert alive is None


def test_a_person_switches_between_their_merchants_only(deps: Deps, shop: Shop) -> None:
    second, strange = open_shop(deps, name="Second"), open_shop(deps, name="Strange")
    token = sign_in(deps, shop.email)
    person = identity.resume(deps, token)
    assert person is not None
    merchants.add_member(
        deps, user_id=person.user_id, merchant_id=second.merchant_id, role="analyst"
    )

    identity.switch_merchant(deps, token, second.merchant_id)
    now = identity.resume(deps, token)
    assert now is not None
    assert (now.merchant_id, now.role) == (second.merchant_id, "analyst")
    assert {choice.id for choice in now.merchants} == {shop.merchant_id, second.merchant_id}
    with pytest.raises(NotFound):
        identity.switch_merchant(deps, token, strange.merchant_id)


def test_a_person_without_a_merchant_cannot_work(deps: Deps, shop: Shop) -> None:
    merchants.add_user(deps, email="New@shop.example", name="New", password=PASSWORD)

    with pytest.raises(NotAllowed):
        sign_in(deps, "new@shop.example")


def test_a_password_said_again_is_checked_and_counted_like_a_sign_in(
    deps: Deps, shop: Shop
) -> None:
    identity.confirm(deps, shop.email, PASSWORD, "10.0.0.1")
    for _ in range(identity.MOST_FAILURES):
        with pytest.raises(NotSignedIn) as refused:
            identity.confirm(deps, shop.email, "wrong", "10.0.0.1")
        assert refused.value.message == identity.WRONG_AGAIN

    with pytest.raises(TooManyAttempts):
        identity.confirm(deps, shop.email, PASSWORD, "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        sign_in(deps, shop.email)


def test_a_processors_secret_is_sealed_and_opened_only_with_the_key(deps: Deps, shop: Shop) -> None:
    [row] = rows("SELECT secret_key_sealed, webhook_secrets_sealed FROM processor_accounts")
    for sealed in row.values():
        assert shop.sandbox_key.encode() not in bytes(sealed)
        assert b"whsec" not in bytes(sealed)
    assert accounts.account_by_id(deps, shop.account_id).secret_key == shop.sandbox_key

    stranger = FernetSealer("c29tZWJvZHktZWxzZXMta2V5LW9mLTMyLWJ5dGVzISE=")
    deps.accounts.forget()
    with pytest.raises(ValueError, match="SEAL_KEY"):
        accounts.account_by_id(replace(deps, sealer=stranger), shop.account_id)


def test_an_account_shows_no_secret_when_it_is_printed(deps: Deps, shop: Shop) -> None:
    shown = repr(accounts.account_by_id(deps, shop.account_id))

    assert shop.sandbox_key not in shown
    assert "whsec" not in shown
