"""Who may do what: one table, role by permission."""

from collections.abc import Mapping

ROLES: dict[str, frozenset[str]] = {
    "owner": frozenset({"view", "refund", "capture", "cancel", "links", "keys", "team", "ledger"}),
    "admin": frozenset({"view", "refund", "capture", "cancel", "links", "keys", "team", "ledger"}),
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
    "files",
    "account",
)
PERMISSION_LEVELS = ("none", "read", "write")


def key_allows(permissions: Mapping[str, str], resource: str, level: str) -> bool:
    """Whether a restricted key with these permissions may do that; what is not listed is none."""
    given = PERMISSION_LEVELS.index(permissions.get(resource, "none"))
    return given >= PERMISSION_LEVELS.index(level)
