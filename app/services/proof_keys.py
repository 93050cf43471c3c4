"""The keys that sign proofs: made once, sealed in the database, replaced at will, published for ever.

The newest key signs. Older ones are never deleted, so what they signed stays verifiable; an installation
that lost its SEAL_KEY makes a new key and goes on.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.errors import Conflict
from app.services.deps import Deps
from app.store.db import transaction
from app.store.proofs import ProofKey

_NEWEST_FIRST = select(ProofKey).order_by(ProofKey.created_at.desc(), ProofKey.id)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What everybody may know of a key: 32 bytes of Ed25519, and their fingerprint as its id."""

    id: str
    public: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    id: str
    private: str


def signing_key(deps: Deps) -> SigningKey:
    """The newest key, made if there is none; raises Conflict if SEAL_KEY does not open it."""
    with transaction() as session:
        _take_turns(session)
        row = session.execute(_NEWEST_FIRST.limit(1)).scalar_one_or_none() or _make(session, deps)
    try:
        return SigningKey(row.id, deps.sealer.open(row.sealed_private_key))
    except ValueError as error:
        raise Conflict(
            "The key that signs proofs cannot be opened with this SEAL_KEY. Make a new one with"
            " `flask proof rotate-key`; what was signed before stays verifiable."
        ) from error


def rotate_key(deps: Deps) -> PublicKey:
    """Make a new key, which signs from now on."""
    with transaction() as session:
        _take_turns(session)
        return _shown(_make(session, deps))


def published_keys() -> list[PublicKey]:
    """Every key there ever was, the newest first."""
    with transaction() as session:
        return [_shown(row) for row in session.execute(_NEWEST_FIRST).scalars()]


def _make(session: Session, deps: Deps) -> ProofKey:
    public, private = deps.signer.new_key()
    row = ProofKey(
        id=sha256(public).hexdigest()[:16],
        public_key=public,
        sealed_private_key=deps.sealer.seal(private),
        created_at=deps.clock.now(),
    )
    session.add(row)
    return row


def _take_turns(session: Session) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('proof_keys', 0))"))


def _shown(row: ProofKey) -> PublicKey:
    return PublicKey(row.id, bytes(row.public_key), row.created_at)
