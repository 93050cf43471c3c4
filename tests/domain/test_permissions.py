"""Who may do what."""

import pytest

from app.domain.permissions import ROLES, allows

TABLE = {
    #            owner  admin  developer support analyst
    "view":     (True,  True,  True,     True,   True),
    "refund":   (True,  True,  False,    True,   False),
    "capture":  (True,  True,  False,    True,   False),
    "cancel":   (True,  True,  False,    True,   False),
    "release":  (True,  True,  False,    False,  False),
    "links":    (True,  True,  True,     False,  False),
    "keys":     (True,  True,  True,     False,  False),
    "team":     (True,  True,  False,    False,  False),
    "payouts":  (True,  True,  False,    False,  False),
    "bank_accounts": (True, True, False, False,  False),
    "settlement": (True, True, False,    False,  False),
    "ledger":   (True,  True,  False,    False,  True),
}  # fmt: skip
CELLS = [
    (role, permission, allowed)
    for permission, row in TABLE.items()
    for role, allowed in zip(ROLES, row, strict=True)
]


@pytest.mark.parametrize("role, permission, allowed", CELLS)
def test_a_role_may_do_exactly_what_the_table_says(
    role: str, permission: str, allowed: bool
) -> None:
    assert allows(role, permission) is allowed


def test_the_table_names_every_role_and_permission() -> None:
    assert list(ROLES) == ["owner", "admin", "developer", "support", "analyst"]
    assert {permission for granted in ROLES.values() for permission in granted} == set(TABLE)


@pytest.mark.parametrize(
    "role, permission", [("nobody", "view"), ("", "view"), ("owner", "fly"), ("OWNER", "view")]
)
def test_what_is_not_in_the_table_is_not_allowed(role: str, permission: str) -> None:
    assert not allows(role, permission)
