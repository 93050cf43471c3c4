"""What processors told us: one row per webhook, unique, kept until its effects are committed."""

from datetime import datetime

from psycopg.rows import tuple_row
from sqlalchemy import Text, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.domain.asked import Query
from app.store.db import Base, path


class InboxRow(Base):
    """One webhook as it came; `status` says what became of it. `is_told`: its body is a fact about a payment,
    and not only a hint.
    """

    __tablename__ = "inbox"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    processor_account_id: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    payment_reference: Mapped[str | None]
    refund_reference: Mapped[str | None]
    payer_reference: Mapped[str | None]
    told_payment_id: Mapped[str | None]
    is_told: Mapped[bool]
    body: Mapped[bytes]
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    error: Mapped[str | None]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """One API request by its route and key: who runs it now, and what it was answered.

    The reply is forgotten after a while; what the request made (`subject_id`) is not.
    """

    __tablename__ = "idempotency_keys"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str | None]
    request_hash: Mapped[bytes]
    state: Mapped[str]
    lease_token: Mapped[str]
    leased_until: Mapped[datetime]
    subject_id: Mapped[str | None]
    response_status: Mapped[int | None]
    response_body: Mapped[bytes | None]
    is_forgotten: Mapped[bool]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


# Two arms rather than an OR: each is one look into one index.
_HEARD = """
    SELECT body FROM (
        SELECT id, received_at, body FROM inbox
        WHERE merchant_id = %(merchant)s AND told_payment_id = %(payment)s
          AND processor_account_id = %(account)s AND is_told
        UNION
        SELECT id, received_at, body FROM inbox
        WHERE merchant_id = %(merchant)s AND payment_reference = %(reference)s
          AND processor_account_id = %(account)s AND is_told
    ) told
    ORDER BY received_at, id
"""


def count_heard(session: Session, account_id: str, query: Query) -> int:
    """How many facts that question would be shown now."""
    statement = select(func.count()).where(
        InboxRow.merchant_id == query.merchant_id,
        InboxRow.processor_account_id == account_id,
        InboxRow.is_told,
        or_(
            InboxRow.told_payment_id == query.payment_id,
            InboxRow.payment_reference == query.reference,
        ),
    )
    return session.execute(statement).scalar_one()


def heard(
    merchant_id: str, account_id: str, payment_id: str | None, reference: str | None
) -> tuple[bytes, ...]:
    """All that the processor told of a payment, by our name for it or by theirs, the oldest first."""
    values = {
        "merchant": merchant_id,
        "account": account_id,
        "payment": payment_id,
        "reference": reference,
    }
    with path() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        return tuple(bytes(body) for (body,) in cursor.execute(_HEARD, values).fetchall())
