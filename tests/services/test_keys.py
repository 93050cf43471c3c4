"""What a key opens, for whom, from where and until when."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.errors import (
    Conflict,
    InvalidRequest,
    KeyExpired,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from app.services import keys
from app.services.audit import By
from app.services.deps import Deps
from app.services.keys import Caller, ChangeKey, CreateKey, NewKey, RollKey
from app.store.db import transaction
from tests.factories import Shop, TestClock, open_shop
from tests.services.bank import at_once, rows

HERE = "203.0.113.7"
ADA = By("user:ada@shop.example", "198.51.100.4")


def who(deps: Deps, key: str, ip: str = HERE, *, later: bool = False) -> Caller:
    return keys.authenticate_key(deps, key, ip, is_checked_later=later)


def made(deps: Deps, shop: Shop, kind: str = "secret", **more: object) -> NewKey:
    return keys.create_key(deps, CreateKey(shop.merchant_id, kind=kind, by=ADA, **more))  # type: ignore[arg-type]


def diary() -> list[tuple[str, str]]:
    return [(e["action"], e["actor"]) for e in rows("SELECT * FROM audit_entries ORDER BY id")]


def test_a_key_is_its_merchants_software_whatever_its_kind(deps: Deps, shop: Shop) -> None:
    caller = who(deps, shop.secret_key)
    assert (caller.merchant_id, caller.kind, caller.is_live) == (shop.merchant_id, "secret", False)

    for kind, prefix in (("publishable", "pk_test_"), ("restricted", "rk_test_")):
        given = {"charges": "read"} if kind == "restricted" else {}
        key = made(deps, shop, kind, permissions=given)
        assert key.text.startswith(prefix)
        found = who(deps, key.text)
        assert (found.key_id, found.kind, found.permissions) == (key.id, kind, given)


def test_what_is_no_key_is_refused_with_the_same_words(deps: Deps, shop: Shop) -> None:
    for wrong in (shop.secret_key[:-1], "", "sk_test_", "x" * 5000, "sk_test_\u00e9\udc80"):
        for later in (False, True):
            with pytest.raises(NotSignedIn) as refused:
                who(deps, wrong, later=later)
            assert refused.value.message == keys.UNKNOWN


def test_the_text_of_a_key_is_kept_nowhere_unless_it_is_publishable(deps: Deps, shop: Shop) -> None:
    secret, open_one = made(deps, shop), made(deps, shop, "publishable")
    restricted = made(deps, shop, "restricted", permissions={"charges": "read"})

    kept = str(rows("SELECT * FROM api_keys")) + str(rows("SELECT * FROM audit_entries"))
    assert secret.text not in kept
    assert restricted.text not in kept
    assert open_one.text in kept
    assert secret.text not in repr(secret)


def test_a_revoked_key_is_refused_at_once_and_only_by_its_own_merchant(
    deps: Deps, shop: Shop
) -> None:
    caller = who(deps, shop.secret_key)
    with pytest.raises(NotFound):
        keys.revoke_key(deps, open_shop(deps).merchant_id, caller.key_id, ADA)
    assert who(deps, shop.secret_key) == caller

    for _ in range(2):
        keys.revoke_key(deps, shop.merchant_id, caller.key_id, ADA)
    for later in (False, True):
        with pytest.raises(NotSignedIn, match="revoked"):
            who(deps, shop.secret_key, later=later)
    assert diary().count(("key.revoked", ADA.actor)) == 1


def test_a_key_works_only_from_the_addresses_it_is_allowed(deps: Deps, shop: Shop) -> None:
    key = made(deps, shop, allowed_networks=("203.0.113.7", "2001:db8::5/32"))

    for ip in (HERE, "::ffff:203.0.113.7", "2001:db8:1::9"):
        assert who(deps, key.text, ip).key_id == key.id
        assert who(deps, key.text, ip, later=True).key_id == key.id
    # A caller who is remembered from a good address is judged by its own each time.
    for ip in ("203.0.113.8", "::1", "", "somewhere"):
        for later in (False, True):
            with pytest.raises(NotAllowed):
                who(deps, key.text, ip, later=later)


def test_the_use_of_a_key_is_noted_but_not_every_single_one(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    key = made(deps, shop, allowed_networks=(HERE,))
    used = "SELECT last_used_at, last_used_ip FROM api_keys WHERE id = :id"

    with pytest.raises(NotAllowed):
        who(deps, key.text, "192.0.2.1")
    [row] = rows(used, id=key.id)
    assert (row["last_used_at"], row["last_used_ip"]) == (None, None)

    who(deps, key.text)
    [first] = rows(used, id=key.id)
    assert first["last_used_ip"] == HERE
    clock.advance(timedelta(minutes=4))
    who(deps, key.text)
    assert rows(used, id=key.id) == [first]
    clock.advance(timedelta(minutes=2))
    who(deps, key.text)
    assert rows(used, id=key.id)[0]["last_used_at"] > first["last_used_at"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "golden"},
        {"name": "  "},
        {"name": "x" * 81},
        {"name": "a\x00b"},
        {"kind": "restricted"},
        {"kind": "restricted", "permissions": {"charges": "none"}},
        {"kind": "restricted", "permissions": {"charges": "all"}},
        {"kind": "restricted", "permissions": {"everything": "read"}},
        {"kind": "secret", "permissions": {"charges": "read"}},
        {"allowed_networks": ("203.0.113.300",)},
        {"allowed_networks": ("0.0.0.0/0",)},
        {"allowed_networks": tuple(f"10.0.0.{n}" for n in range(51))},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    deps: Deps, shop: Shop, wrong: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest):
        made(deps, shop, **wrong)  # type: ignore[arg-type]
    assert len(rows("SELECT id FROM api_keys")) == 1


@pytest.mark.parametrize("overlap", [one for one in keys.OVERLAP_SECONDS if one])
def test_both_keys_work_until_the_overlap_is_over(
    deps: Deps, shop: Shop, clock: TestClock, overlap: int
) -> None:
    old = made(
        deps, shop, "restricted", name="Books", permissions={"refunds": "write"},
        allowed_networks=(HERE,),
    )  # fmt: skip
    new = keys.roll_key(deps, RollKey(shop.merchant_id, old.id, overlap, ADA))

    clock.advance(timedelta(seconds=overlap - 1))
    before, after = who(deps, old.text, later=True), who(deps, new.text, later=True)
    assert (after.kind, after.permissions) == ("restricted", {"refunds": "write"})
    assert after.allowed_networks == before.allowed_networks
    clock.advance(timedelta(seconds=1))
    # Remembered or not: the hour is looked at each time.
    for later in (True, False):
        with pytest.raises(KeyExpired):
            who(deps, old.text, later=later)
    assert who(deps, new.text).key_id == new.id


def test_rolling_at_once_ends_the_old_key_at_once(deps: Deps, shop: Shop) -> None:
    old = who(deps, shop.secret_key)
    new = keys.roll_key(deps, RollKey(shop.merchant_id, old.key_id, 0, ADA))

    with pytest.raises(NotSignedIn):
        who(deps, shop.secret_key, later=True)
    assert who(deps, new.text).kind == "secret"
    [row] = rows("SELECT replaced_by, revoked_at FROM api_keys WHERE id = :id", id=old.key_id)
    assert row["replaced_by"] == new.id
    assert row["revoked_at"] is not None


def test_a_key_is_replaced_by_one_key_only(deps: Deps, shop: Shop) -> None:
    old = who(deps, shop.secret_key)

    def roll() -> str:
        try:
            return keys.roll_key(deps, RollKey(shop.merchant_id, old.key_id, 3600, ADA)).id
        except Conflict:
            return ""

    answers = at_once([roll] * 4)
    assert len([one for one in answers if one != ""]) == 1
    assert len(rows("SELECT id FROM api_keys")) == 2
    with pytest.raises(InvalidRequest):
        keys.roll_key(deps, RollKey(shop.merchant_id, old.key_id, 5, ADA))


def test_a_key_that_ended_is_neither_rolled_nor_changed(deps: Deps, shop: Shop) -> None:
    key = made(deps, shop)
    keys.revoke_key(deps, shop.merchant_id, key.id, ADA)

    with pytest.raises(Conflict):
        keys.roll_key(deps, RollKey(shop.merchant_id, key.id, 0, ADA))
    with pytest.raises(Conflict):
        keys.change_key(deps, ChangeKey(shop.merchant_id, key.id, "New", {}, (), ADA))


def test_a_keys_powers_are_changed_and_the_diary_says_how(deps: Deps, shop: Shop) -> None:
    key = made(deps, shop, "restricted", name="Books", permissions={"charges": "read"})
    change = ChangeKey(shop.merchant_id, key.id, "Books", {"charges": "write"}, (HERE,), ADA)
    keys.change_key(deps, change)
    keys.change_key(deps, change)

    assert who(deps, key.text, later=True).permissions == {"charges": "write"}
    with pytest.raises(NotAllowed):
        who(deps, key.text, "192.0.2.1")
    [entry] = rows("SELECT * FROM audit_entries WHERE action = 'key.changed'")
    assert entry["subject_id"] == key.id
    assert (entry["actor"], entry["ip"]) == (ADA.actor, ADA.ip)
    assert entry["data"]["permissions"] == [{"charges": "read"}, {"charges": "write"}]
    assert entry["data"]["allowed_networks"] == [[], [f"{HERE}/32"]]


def test_the_diary_names_every_change_and_cannot_be_rewritten(deps: Deps, shop: Shop) -> None:
    key = made(deps, shop)
    new = keys.roll_key(deps, RollKey(shop.merchant_id, key.id, 0, ADA))
    keys.revoke_key(deps, shop.merchant_id, new.id, ADA)

    assert diary() == [
        ("key.created", "system"),
        ("key.created", ADA.actor),
        ("key.rolled", ADA.actor),
        ("key.revoked", ADA.actor),
    ]
    for statement in ("UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction() as session:
            session.execute(text(statement))
