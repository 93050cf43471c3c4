"""Who may do what: one table, role by permission."""

from collections.abc import Mapping

_ALL = frozenset(
    {
        "view",
        "refund",
        "capture",
        "cancel",
        "release",
        "links",
        "keys",
        "team",
        "payouts",
        "bank_accounts",
        "settlement",
        "ledger",
    }
)
ROLES: dict[str, frozenset[str]] = {
    "owner": _ALL,
    "admin": _ALL,
    "developer": frozenset({"view", "links", "keys"}),
    "support": frozenset({"view", "refund", "capture", "cancel"}),
    "analyst": frozenset({"view", "ledger"}),
}


def allows(role: str, permission: str) -> bool:
    """Whether the role has the permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())


# What a restricted key may be given, resource by resource; each level includes the one before.
PERMISSION_RESOURCES = (
    "payment_intents",
    "charges",
    "refunds",
    "customers",
    "payment_methods",
    "checkout_sessions",
    "events",
    "webhook_endpoints",
    "balance",
    "payouts",
    "disputes",
    "transfers",
    "files",
    "account",
)
PERMISSION_LEVELS = ("none", "read", "write")


def key_allows(permissions: Mapping[str, str], resource: str, level: str) -> bool:
    """Whether a restricted key with these permissions may do that; what is not listed is none."""
    given = PERMISSION_LEVELS.index(permissions.get(resource, "none"))
    return given >= PERMISSION_LEVELS.index(level)
