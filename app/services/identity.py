"""Who is there: people with passwords and revocable sessions.

Passwords are hashed slowly, tokens (256 random bits) with SHA-256. A wrong e-mail costs as much time
as a wrong password and says the same.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update

from app.domain.errors import NotAllowed, NotFound, NotSignedIn, TooManyAttempts
from app.services.deps import Deps
from app.store.db import db, end_read, transaction
from app.store.merchants import Membership, Merchant, SignInFailure, User, UserSession

MOST_FAILURES = 10
MOST_FAILURES_BY_ADDRESS = 100
FAILURE_WINDOW = timedelta(minutes=30)
WRONG = "The e-mail address or the password is wrong."
WRONG_AGAIN = "The password is wrong."


@dataclass(frozen=True)
class SignIn:
    """What a person typed, and where from."""

    email: str
    password: str
    ip: str
    user_agent: str


@dataclass(frozen=True)
class SignedIn:
    """A new session; `token` is shown to the browser once and never stored."""

    token: str
    user_id: str
    merchant_id: str


@dataclass(frozen=True)
class MerchantChoice:
    """A merchant that a person may work for."""

    id: str
    name: str
    mode: str
    role: str


@dataclass(frozen=True)
class Person:
    """Who is signed in, and for which merchant they work just now."""

    user_id: str
    email: str
    name: str
    role: str
    merchant_id: str
    merchant_name: str
    merchant_mode: str
    merchants: tuple[MerchantChoice, ...]
    token_hash: str
    timezone: str
    default_currency: str


def token_hash(token: str) -> str:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(deps: Deps, command: SignIn) -> SignedIn:
    """Open a session; raises NotSignedIn (always with the same words) or TooManyAttempts."""
    user = _proven(deps, command.email, command.password, command.ip)
    if user is None:
        raise NotSignedIn(WRONG)
    return _open_session(deps, user, command)


def confirm(deps: Deps, email: str, password: str, ip: str) -> None:
    """Have a person who is signed in say their password again before something weighty.

    Raises NotSignedIn or TooManyAttempts; wrong ones count as wrong sign-ins do.
    """
    if _proven(deps, email, password, ip) is None:
        raise NotSignedIn(WRONG_AGAIN)


def _proven(deps: Deps, email: str, password: str, ip: str) -> User | None:
    """The user whose password it is; a wrong one is counted."""
    now = deps.clock.now()
    email = email.strip().lower()[:254]
    with transaction() as session:
        since = now - FAILURE_WINDOW
        by_both = (SignInFailure.email == email) & (SignInFailure.ip == ip)
        failures, by_address = session.execute(
            select(func.count().filter(by_both), func.count().filter(SignInFailure.ip == ip)).where(
                SignInFailure.at > since,
                or_(SignInFailure.email == email, SignInFailure.ip == ip),
            )
        ).one()
        user = session.execute(select(User).where(User.email == email)).scalar_one_or_none()
    if failures >= MOST_FAILURES or by_address >= MOST_FAILURES_BY_ADDRESS:
        raise TooManyAttempts("Too many tries. Wait half an hour and try again.")
    hashed = user.password_hash if user is not None else _dummy_hash(deps)
    is_right = deps.hasher.verify(hashed, password[:1024])
    if user is None or not is_right or user.disabled_at is not None:
        with transaction() as session:
            session.add(SignInFailure(email=email, ip=ip, at=now))
        return None
    return user


def _open_session(deps: Deps, user: User, command: SignIn) -> SignedIn:
    now = deps.clock.now()
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        merchant_id = session.execute(
            select(Membership.merchant_id)
            .where(Membership.user_id == user.id)
            .order_by(Membership.created_at)
            .limit(1)
        ).scalar()
        if merchant_id is None:
            raise NotAllowed("You are not a member of any merchant yet.")
        session.add(
            UserSession(
                token_hash=token_hash(token),
                user_id=user.id,
                merchant_id=merchant_id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=deps.session_hours),
                revoked_at=None,
                ip=command.ip[:64],
                user_agent=command.user_agent[:300],
            )
        )
    return SignedIn(token, user.id, merchant_id)


_dummy: list[str] = []


def _dummy_hash(deps: Deps) -> str:
    if not _dummy:
        _dummy.append(deps.hasher.hash(secrets.token_hex(16)))
    return _dummy[0]


def resume(deps: Deps, token: str) -> Person | None:
    """The person of a live session; None if it ended, was revoked, or lay idle too long."""
    now = deps.clock.now()
    hashed = token_hash(token)
    found = db.session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == hashed,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - timedelta(minutes=deps.session_idle_minutes),
            User.disabled_at.is_(None),
        )
    ).first()
    if found is None:
        end_read()
        return None
    row, user = found
    memberships = db.session.execute(
        select(Membership.role, Merchant)
        .join(Merchant, Merchant.id == Membership.merchant_id)
        .where(Membership.user_id == user.id)
        .order_by(Membership.created_at)
    ).all()
    end_read()
    current = next((m for m in memberships if m[1].id == row.merchant_id), None)
    if current is None:
        return None
    if now - row.last_seen_at > timedelta(minutes=1):
        with transaction() as session:
            session.execute(
                update(UserSession).where(UserSession.token_hash == hashed).values(last_seen_at=now)
            )
    role, merchant = current
    return Person(
        user_id=user.id,
        email=user.email,
        name=user.name,
        role=role,
        merchant_id=merchant.id,
        merchant_name=merchant.name,
        merchant_mode=merchant.mode,
        merchants=tuple(MerchantChoice(m.id, m.name, m.mode, r) for r, m in memberships),
        token_hash=hashed,
        timezone=merchant.timezone,
        default_currency=merchant.default_currency,
    )


def sign_out(deps: Deps, token: str) -> None:
    """End the session at once, on the server."""
    revoke_session(deps, token_hash(token))


def revoke_session(deps: Deps, hashed: str, *, user_id: str | None = None) -> None:
    """End a session by its hash; with `user_id`, only if it is that person's own."""
    query = update(UserSession).where(
        UserSession.token_hash == hashed, UserSession.revoked_at.is_(None)
    )
    if user_id is not None:
        query = query.where(UserSession.user_id == user_id)
    with transaction() as session:
        session.execute(query.values(revoked_at=deps.clock.now()))


def switch_merchant(deps: Deps, token: str, merchant_id: str) -> None:
    """Work for another merchant; raises NotFound if the person is no member there."""
    with transaction() as session:
        row = session.get(UserSession, token_hash(token))
        if row is None or row.revoked_at is not None:
            raise NotSignedIn("Sign in again.")
        if session.get(Membership, (row.user_id, merchant_id)) is None:
            raise NotFound("merchant", merchant_id)
        row.merchant_id = merchant_id
        row.last_seen_at = deps.clock.now()
