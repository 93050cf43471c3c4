"""Who may do what: one table, role by permission."""

ROLES: dict[str, frozenset[str]] = {
    "owner": frozenset({"view", "refund", "capture", "cancel", "links", "keys", "team"}),
    "admin": frozenset({"view", "refund", "capture", "cancel", "links", "keys", "team"}),
    "developer": frozenset({"view", "links", "keys"}),
    "support": frozenset({"view", "refund", "capture", "cancel"}),
    "analyst": frozenset({"view"}),
}


def allows(role: str, permission: str) -> bool:
    """Whether the role has the permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())
