"""The page of API keys: a key is shown once, and what it may do is nothing to change in passing."""

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from app.domain.errors import NotSignedIn
from app.domain.permissions import ROLES, allows
from app.services import keys
from app.services.deps import Deps
from app.services.identity import MOST_FAILURES
from app.services.keys import Caller, CreateKey, NewKey
from tests.factories import PASSWORD, Shop, TestClock, open_shop
from tests.services.bank import rows
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor, toast_of

PAGE = "/dashboard/keys/"
NEW = "/dashboard/keys/new"
SECRET = {"kind": "secret", "name": "Shop server", "password": PASSWORD}
RESTRICTED = SECRET | {"kind": "restricted", "name": "Books"}


def text_in(answer: TestResponse) -> str:
    """The key that the answer shows."""
    [found] = re.findall(r'id="made-key"[^>]*value="([^"]+)"', " ".join(answer.text.split()))
    return str(found)


def who(deps: Deps, key: str, ip: str = "127.0.0.1") -> Caller:
    return keys.authenticate_key(deps, key, ip)


def a_key(deps: Deps, shop: Shop, kind: str = "restricted", name: str = "Books") -> NewKey:
    given = {"charges": "read"} if kind == "restricted" else {}
    return keys.create_key(deps, CreateKey(shop.merchant_id, kind, name, given))


def address(key: NewKey | str, action: str) -> str:
    return f"{PAGE}{key if isinstance(key, str) else key.id}/{action}"


def test_a_new_key_is_shown_once_and_works(owner: Visitor, deps: Deps, shop: Shop) -> None:
    answer = owner.post(NEW, SECRET, htmx=True)

    text = text_in(answer)
    assert answer.headers["HX-Trigger"] == "keysChanged"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "never shown again" in answer.text
    assert who(deps, text).merchant_id == shop.merchant_id
    again = owner.get(PAGE)
    assert "Shop server" in again.text
    assert text not in again.text + owner.cookie("farthing") + str(again.headers)
    [entry] = rows("SELECT * FROM audit_entries WHERE actor <> 'system'")
    assert (entry["action"], entry["actor"]) == ("key.created", f"user:{shop.email}")


def test_without_scripts_a_key_is_shown_on_a_page_of_its_own(owner: Visitor, deps: Deps) -> None:
    answer = owner.post(NEW, SECRET)

    assert "<html" in answer.text
    assert who(deps, text_in(answer)).kind == "secret"


def test_a_publishable_key_asks_for_no_password_and_can_be_copied_again(
    owner: Visitor, deps: Deps
) -> None:
    answer = owner.post(NEW, {"kind": "publishable", "name": "Page"}, htmx=True)

    assert text_in(answer).startswith("pk_test_")
    assert text_in(answer) in owner.get(PAGE).text


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_no_key_is_made_rolled_or_given_more(
    owner: Visitor, deps: Deps, shop: Shop, password: str
) -> None:
    key = a_key(deps, shop)
    for path, form in (
        (NEW, SECRET),
        (address(key, "roll"), {"overlap": "0"}),
        (address(key, "change"), {"name": "Books", "preset": "read"}),
        (address(key, "change"), {"name": "Books", "preset": "custom", "can_charges": "write"}),
    ):
        answer = owner.post(path, form | {"password": password}, htmx=True)
        assert answer.status_code == 422, path
        assert "password" in answer.text
    assert len(rows("SELECT id FROM api_keys")) == 2
    assert who(deps, key.text).permissions == {"charges": "read"}


def test_guessing_the_password_is_slowed_down(owner: Visitor) -> None:
    for _ in range(MOST_FAILURES):
        owner.post(NEW, SECRET | {"password": "wrong"}, htmx=True)

    assert owner.post(NEW, SECRET, htmx=True).status_code == 429


@pytest.mark.parametrize("preset", ["payments", "support", "books", "read"])
def test_a_preset_is_a_set_of_permissions(owner: Visitor, deps: Deps, preset: str) -> None:
    answer = owner.post(NEW, RESTRICTED | {"preset": preset}, htmx=True)

    permissions = who(deps, text_in(answer)).permissions
    assert permissions["charges"] == "read"
    assert ("write" in permissions.values()) == (preset in ("payments", "support"))


def test_permissions_are_chosen_one_by_one(owner: Visitor, deps: Deps) -> None:
    chosen = {"preset": "custom", "can_refunds": "write", "can_events": "read"}
    answer = owner.post(NEW, RESTRICTED | chosen, htmx=True)

    assert who(deps, text_in(answer)).permissions == {"refunds": "write", "events": "read"}


def test_a_key_is_limited_to_addresses(owner: Visitor, deps: Deps) -> None:
    limited = SECRET | {"allowed_networks": "203.0.113.0/24, 198.51.100.9\n2001:db8::1"}
    key = who(deps, text_in(owner.post(NEW, limited, htmx=True)), "203.0.113.77")

    assert len(key.allowed_networks) == 3
    assert "198.51.100.9" in owner.get(PAGE).text


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"name": " "}, "Give the key a name"),
        ({"name": "x" * 81}, "longer than 80"),
        ({"kind": "golden"}, "Not a valid choice"),
        ({"allowed_networks": "here"}, "“here” is not an IP address"),
        ({"kind": "restricted", "preset": "custom"}, "at least one permission"),
        ({"kind": "restricted", "preset": "all"}, "Not a valid choice"),
        ({"can_charges": "all"}, "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    owner: Visitor, wrong: dict[str, str], words: str
) -> None:
    answer = owner.post(NEW, SECRET | wrong, htmx=True)

    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert len(rows("SELECT id FROM api_keys")) == 1


def test_a_rolled_key_goes_on_as_long_as_was_chosen(
    owner: Visitor, deps: Deps, shop: Shop, clock: TestClock
) -> None:
    old = a_key(deps, shop)
    form = {"overlap": "3600", "password": PASSWORD}
    answer = owner.post(address(old, "roll"), form, htmx=True)

    new = who(deps, text_in(answer))
    assert new.permissions == who(deps, old.text).permissions
    assert "works until" in answer.text
    assert "Stops working" in owner.get(PAGE).text
    assert owner.post(address(old, "roll"), form, htmx=True).status_code == 409
    clock.advance(timedelta(hours=1))
    assert "Revoked and expired" in owner.get(PAGE).text


def test_a_key_is_renamed_without_a_password_and_limited_with_it(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    key = a_key(deps, shop)
    path = address(key, "change")
    same = {"preset": "custom", "can_charges": "read"}
    answer = owner.post(path, same | {"name": "Accounts"}, htmx=True)

    assert toast_of(answer) == "Key changed"
    assert answer.headers["HX-Retarget"] == "#keys"
    assert "Accounts" in answer.text
    form = {"name": "Accounts", "preset": "support", "password": PASSWORD}
    assert owner.post(path, form, htmx=True).status_code == 200
    assert who(deps, key.text).permissions["refunds"] == "write"
    assert 'value="support" checked' in " ".join(owner.htmx(path).text.split())


def test_a_revoked_key_is_refused_and_moves_to_the_end(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    key = a_key(deps, shop)
    who(deps, key.text, "203.0.113.5")
    dialog = owner.htmx(address(key, "revoke"))

    assert "from 203.0.113.5" in dialog.text
    assert "This is the last key" not in dialog.text
    answer = owner.post(address(key, "revoke"), htmx=True)
    assert toast_of(answer) == "Key revoked"
    assert answer.text.index("Revoked and expired") < answer.text.index("Books")
    with pytest.raises(NotSignedIn):
        who(deps, key.text)


def test_the_last_key_may_be_revoked_after_a_warning(
    owner: Visitor, deps: Deps, shop: Shop
) -> None:
    only = who(deps, shop.secret_key).key_id

    assert "This is the last key" in owner.htmx(address(only, "revoke")).text
    assert owner.post(address(only, "revoke")).status_code == 303
    assert "No keys yet" in owner.get(PAGE).text


def test_another_merchants_key_does_not_exist(owner: Visitor, deps: Deps, shop: Shop) -> None:
    theirs = a_key(deps, open_shop(deps, name="Foreign"), name="Foreign")
    token = {"csrf_token": owner.hidden_fields(NEW)["csrf_token"]}

    for action in ("change", "roll", "revoke"):
        assert owner.get(address(theirs, action)).status_code == 404
        form = token | {"name": "Mine", "overlap": "0", "password": PASSWORD}
        assert owner.post_raw(address(theirs, action), form).status_code == 404
    assert who(deps, theirs.text).key_id == theirs.id


@pytest.mark.parametrize("role", ROLES)
def test_only_who_may_have_keys_touches_them(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    person, key = colleague(role), a_key(deps, shop)
    token = {"csrf_token": person.hidden_fields("/dashboard/settings/")["csrf_token"]}

    statuses = {person.get(path).status_code for path in (PAGE, NEW, address(key, "roll"))}
    statuses.add(person.post_raw(address(key, "revoke"), token).status_code)
    assert (403 in statuses) is not allows(role, "keys")
    assert (rows("SELECT 1 FROM api_keys WHERE revoked_at IS NOT NULL") != []) is allows(
        role, "keys"
    )


@pytest.mark.parametrize("action", ["new", "key/change", "key/roll", "key/revoke"])
def test_nothing_is_done_without_the_pages_token(owner: Visitor, action: str) -> None:
    assert owner.post_raw(f"{PAGE}{action}", SECRET).status_code == 400
