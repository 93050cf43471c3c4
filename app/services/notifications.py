"""Mails to a merchant's people: written with the change they tell of, sent afterwards.

A mail is a row of the unit that has something to tell, so none is lost and none tells of what did not
happen. Sending is leased first and recorded after: a crash between the two sends a mail again, under
the same Message-ID. What cannot be sent within three days is given up: old news helps nobody.
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import CursorResult, literal, or_, select, text, update
from sqlalchemy.orm import Session

from app.domain.errors import MailRefused, MailUnavailable
from app.domain.ids import new_id
from app.domain.ports import OutgoingMail
from app.services.deps import Deps
from app.store.db import transaction
from app.store.mails import Mail
from app.store.merchants import Membership, User

log = logging.getLogger(__name__)

# Seconds until the next try, after the first, the second, …: about three days in all.
BACKOFF = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
GIVEN_UP_AFTER = timedelta(days=3)
MOST_UNAVAILABLE = 3
NO_SERVER = "No mail server was set up."


def recipients(session: Session, merchant_id: str, roles: Collection[str]) -> list[str]:
    """The addresses of the merchant's people who have one of the roles, in a fixed order."""
    return list(
        session.scalars(
            select(User.email)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.merchant_id == merchant_id,
                Membership.role.in_(roles),
                User.disabled_at.is_(None),
            )
            .order_by(User.email)
        )
    )


def queue_mail(
    session: Session,
    deps: Deps,
    merchant_id: str,
    *,
    kind: str,
    recipient: str,
    subject: str,
    body: str,
) -> str:
    """Write a mail in the caller's unit; gives its id. Wake "mails" when the unit has ended."""
    now = deps.clock.now()
    mail_id = new_id("mail", now)
    session.add(
        Mail(
            merchant_id=merchant_id,
            id=mail_id,
            kind=kind,
            recipient=recipient,
            subject=" ".join(subject.split()),
            body=body,
            status="pending",
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
    )
    return mail_id


def send_due(deps: Deps, limit: int = 50) -> int:
    """Send the mails whose time has come; gives how many were sent.

    A server that is away would make each of them wait: after some in vain the rest waits for the next run.
    """
    sent = unavailable = 0
    if deps.mailer.is_set_up:
        for _ in range(limit):
            if unavailable == MOST_UNAVAILABLE or (mail := _lease(deps)) is None:
                break
            outcome = _send(deps, mail)
            sent += outcome == "sent"
            unavailable += outcome == "pending"
    _give_up(deps)
    return sent


def _lease(deps: Deps) -> Mail | None:
    """Take the mail that is due longest; until its next try nobody else does."""
    now = deps.clock.now()
    with transaction() as session:
        key = session.execute(
            text("""
                WITH due AS MATERIALIZED (
                    SELECT merchant_id, id FROM mails
                    WHERE status = 'pending' AND next_attempt_at <= :now
                    ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
                )
                UPDATE mails m
                SET attempts = m.attempts + 1,
                    next_attempt_at = :now + make_interval(secs => (:steps)[least(m.attempts + 1, :most)])
                FROM due
                WHERE m.merchant_id = due.merchant_id AND m.id = due.id
                RETURNING m.merchant_id, m.id
            """),
            {"now": now, "steps": list(BACKOFF), "most": len(BACKOFF)},
        ).one_or_none()
        return session.get(Mail, tuple(key)) if key is not None else None


def _send(deps: Deps, mail: Mail) -> str:
    """One try; gives the status of the mail after it."""
    status, error = "sent", None
    try:
        deps.mailer.send(OutgoingMail(mail.recipient, mail.subject, mail.body, mail.id))
    except MailRefused as refusal:
        status, error = "failed", refusal.message
    except MailUnavailable as problem:
        status, error = "pending", problem.message
    except Exception:
        # One mail that breaks the mailer must not hold up the others; it is tried again later.
        log.exception("mails.crashed", extra={"mail": mail.id})
        status, error = "pending", "The mail could not be handed over."
    _record(deps, mail, status, error)
    return status


def _record(deps: Deps, mail: Mail, status: str, error: str | None) -> None:
    if status != "sent":
        log.warning("mails.not_sent", extra={"mail": mail.id, "status": status, "error": error})
    # A mail that stays pending keeps the time of its next try from its lease.
    ended = {} if status == "pending" else {"status": status, "next_attempt_at": None}
    with transaction() as session:
        session.execute(
            update(Mail)
            .where(Mail.merchant_id == mail.merchant_id, Mail.id == mail.id)
            .values(error=error, sent_at=deps.clock.now() if status == "sent" else None, **ended)
        )


def _give_up(deps: Deps) -> None:
    """End what is too old to be news; a mail is tried at least once where there is a server."""
    with transaction() as session:
        ended: CursorResult[tuple[()]] = session.execute(  # type: ignore[assignment]
            update(Mail)
            .where(
                Mail.status == "pending",
                Mail.created_at < deps.clock.now() - GIVEN_UP_AFTER,
                or_(Mail.attempts > 0, literal(not deps.mailer.is_set_up)),
            )
            .values(
                status="failed",
                next_attempt_at=None,
                error=text("coalesce(error, :why)").bindparams(why=NO_SERVER),
            )
        )
    if ended.rowcount:
        log.warning("mails.given_up", extra={"count": ended.rowcount})
