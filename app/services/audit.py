"""The account's own diary: who changed keys, endpoints and the like. Written with the change, never after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.ids import new_id
from app.store.merchants import AuditEntry


@dataclass(frozen=True, slots=True)
class By:
    """Who does something, and from which address: `user:ada@shop.example`, or `system`."""

    actor: str = "system"
    ip: str | None = None


SYSTEM = By()


def write(
    session: Session,
    by: By,
    action: str,
    *,
    merchant_id: str,
    subject_id: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the unit of work that makes the change; `data` never holds a secret."""
    session.add(
        AuditEntry(
            merchant_id=merchant_id,
            id=new_id("audit", at),
            action=action,
            subject_id=subject_id,
            actor=by.actor,
            ip=by.ip,
            data=dict(data or {}),
            at=at,
        )
    )
