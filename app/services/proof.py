"""Proving a book: each seal against its journals as they are now, and every sum against its postings.

A check goes in steps of about a second, and between two steps everything that it counted stands in its
row: it holds up neither payments nor the worker's other jobs, goes on after a crash, and needs the memory
of one seal. What is sealed never changes, so its steps need no common snapshot; the end is one, since
there balances that move are compared.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain import proof as rules
from app.domain.chain import GENESIS
from app.domain.errors import NotFound
from app.domain.ids import lowest_id, new_id
from app.domain.proof import Edge, Offence, OffenceKind, Tally
from app.services.deps import Deps
from app.services.notifications import queue_mail
from app.store import proofs as store
from app.store.books import journals_between
from app.store.db import transaction
from app.store.proofs import BookProof

log = logging.getLogger(__name__)

STEP_SECONDS = 1.0
LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 5
# So many seals, made while the check ran, are checked in its last unit of work.
MOST_AT_THE_END = 20
UNSEALED_AT_ONCE = 1_000
NIGHT_HOUR_UTC = 2
BOOKS_A_RUN = 200
NO_END = 2**63 - 1


@dataclass(frozen=True)
class RequestProof:
    """Check a merchant's book now; `by` is `user:ada@shop.example`, `cli` or `schedule`."""

    merchant_id: str
    by: str


@dataclass(frozen=True)
class _End:
    """How a check ended: its sums through the last seal, and what was found first."""

    edge: Edge
    offence: Offence | None
    totals: dict[str, Any] | None = None
    unsealed: int = 0


def request_proof(deps: Deps, command: RequestProof) -> str:
    """Begin a check, or give the id of the one that runs already; raises NotFound."""
    now = deps.clock.now()
    with transaction() as session:
        found = store.begin(
            session,
            command.merchant_id,
            id=new_id("prf", now),
            requested_by=command.by,
            genesis=GENESIS,
            now=now,
        )
    if found is None:
        raise NotFound("merchant", command.merchant_id)
    deps.queue.wake("proofs")
    return found


def run_due(deps: Deps) -> bool:
    """Begin the nightly checks that are due and go one step with one check; whether there was one.

    Safe to repeat and to run at once: a check is leased, and a step counts only where the last one ended.
    """
    _begin_nightly(deps)
    stepped = step(deps)
    if stepped:
        deps.queue.wake("proofs")
    return stepped


def step(deps: Deps, merchant_id: str | None = None) -> bool:
    """Go one step with a running check, of one merchant if given; False if there is none to take."""
    now = deps.clock.now()
    with transaction() as session:
        proof = store.lease(session, now, now + LEASE, merchant_id)
    if proof is None:
        return False
    try:
        _step(deps, proof)
    except Exception:
        # It is tried again when the lease ends; one that never works must not be tried for ever.
        log.exception("proof.crashed", extra={"merchant": proof.merchant_id, "proof": proof.id})
        if proof.attempts >= MOST_ATTEMPTS:
            _stop(deps, proof)
    return True


def _begin_nightly(deps: Deps) -> None:
    now = deps.clock.now()
    with transaction() as session:
        merchants = store.books_unproved_since(
            session, lowest_id("prf", _last_night(now)), BOOKS_A_RUN
        )
        for merchant_id in merchants:
            store.begin(
                session,
                merchant_id,
                id=new_id("prf", now),
                requested_by="schedule",
                genesis=GENESIS,
                now=now,
            )


def _last_night(now: datetime) -> datetime:
    tonight = now.astimezone(UTC).replace(hour=NIGHT_HOUR_UTC, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)


def _step(deps: Deps, proof: BookProof) -> None:
    tally = Tally.from_json(proof.tally, proof.journals, proof.postings)
    edge, offence = Edge(proof.through_seal, proof.through_seq, bytes(proof.head)), None
    until, has_time = time.monotonic() + STEP_SECONDS, True
    while offence is None and edge.number < proof.seals and has_time:
        with transaction() as session:
            edge, offence = _check_next(session, proof.merchant_id, edge, tally)
        has_time = time.monotonic() < until
    if offence is not None:
        _conclude(deps, proof, tally, _End(edge, offence))
    elif edge.number < proof.seals or not _finish(deps, proof, edge, tally):
        _keep(proof, edge, tally)


def _check_next(
    session: Session, merchant_id: str, edge: Edge, tally: Tally
) -> tuple[Edge, Offence | None]:
    """Check the seal after the edge and add its journals to the tally."""
    number = edge.number + 1
    seal = store.seal_at(session, merchant_id, number)
    if seal is None:
        return edge, Offence(OffenceKind.SEAL, str(number), f"Seal {number} is missing.")
    # One journal more than was sealed is enough to see that there is one too many.
    found = journals_between(
        session, merchant_id, seal.from_seq, seal.to_seq, len(seal.journal_ids) + 1
    )
    journals = [journal for _, journal in found]
    offence = rules.check_seal(edge, seal, journals)
    if offence is None:
        strayed = store.strayed(session, merchant_id, seal.from_seq, seal.to_seq)
        if strayed is not None:
            offence = Offence(
                OffenceKind.JOURNAL, strayed, "One of its postings claims another time of writing."
            )
    if offence is not None:
        return edge, offence
    for journal in journals:
        tally.add(journal)
    return Edge(seal.number, seal.to_seq, seal.hash), None


def _finish(deps: Deps, proof: BookProof, edge: Edge, tally: Tally) -> bool:
    """Compare every sum in one snapshot; False if the book has grown too much meanwhile."""
    with transaction() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        book = store.book_of(session, proof.merchant_id)
        seals = book.seals if book else 0
        if seals - edge.number > MOST_AT_THE_END:
            proof.seals = seals
            return False
        end = _check_end(session, proof.merchant_id, edge, tally)
    _conclude(deps, proof, tally, end)
    return True


def _check_end(session: Session, merchant_id: str, edge: Edge, tally: Tally) -> _End:
    book, offence = store.book_of(session, merchant_id), None
    while offence is None and book is not None and edge.number < book.seals:
        edge, offence = _check_next(session, merchant_id, edge, tally)
    if offence is None:
        offence = _check_head(session, merchant_id, edge) or _check_sums(
            session, merchant_id, tally
        )
    if offence is not None:
        return _End(edge, offence)
    totals = {"accounts": [[*key, *sides] for key, sides in sorted(tally.totals().items())]}
    sealed = tally.journals
    offence = _add_unsealed(session, merchant_id, edge.seq, tally) or _check_whole(
        session, merchant_id, tally
    )
    return _End(edge, offence, totals, tally.journals - sealed)


def _check_head(session: Session, merchant_id: str, edge: Edge) -> Offence | None:
    """Whether the book ends with its last seal, and the chain is the one that earlier checks saw."""
    book = store.book_of(session, merchant_id)
    told = (book.seals, book.sealed_seq, bytes(book.head)) if book else (0, 0, GENESIS)
    if told != (edge.number, edge.seq, edge.hash):
        return Offence(
            OffenceKind.SEAL, str(edge.number), "The book does not end with its last seal."
        )
    earlier = store.last_sound(session, merchant_id)
    if earlier is None or earlier.through_seal == 0:
        return None
    number = earlier.through_seal
    seal = store.seal_at(session, merchant_id, number)
    if seal is None or seal.hash != bytes(earlier.head):
        return Offence(
            OffenceKind.SEAL,
            str(number),
            f"Seal {number} is not the one that an earlier check saw: the chain was written anew.",
        )
    return None


def _check_sums(session: Session, merchant_id: str, tally: Tally) -> Offence | None:
    """Whether what follows the seals is what the sealed postings add up to."""
    return rules.check_days(store.stored_days(session, merchant_id), tally) or rules.check_pending(
        store.stored_pending(session, merchant_id), tally
    )


def _add_unsealed(
    session: Session, merchant_id: str, after_seq: int, tally: Tally
) -> Offence | None:
    while True:
        found = journals_between(session, merchant_id, after_seq, NO_END, UNSEALED_AT_ONCE)
        for _, journal in found:
            if not journal.lines:
                return Offence(OffenceKind.JOURNAL, journal.id, "It has no postings.")
            tally.add(journal)
        if len(found) < UNSEALED_AT_ONCE:
            return None
        after_seq = found[-1][0]


def _check_whole(session: Session, merchant_id: str, tally: Tally) -> Offence | None:
    """Whether nothing stands outside of what was read, and every balance is the sum of its postings."""
    if store.counts(session, merchant_id) != (tally.journals, tally.postings):
        stray = store.outside_every_seal(session, merchant_id)
        kind = OffenceKind.JOURNAL if stray else OffenceKind.BOOK
        return Offence(kind, stray or merchant_id, "It stands in the book outside of every seal.")
    totals = tally.totals()
    return rules.check_accounts(totals) or rules.check_balances(
        store.stored_balances(session, merchant_id), totals
    )


def _keep(proof: BookProof, edge: Edge, tally: Tally) -> None:
    """Write down how far it is, for the next step; a step that was overtaken leaves no trace."""
    with transaction() as session:
        row = store.hold(session, proof.merchant_id, proof.id, proof.through_seal)
        if row is None:
            return
        _count(row, edge, tally)
        row.seals, row.tally = proof.seals, tally.to_json()
        row.attempts, row.leased_until = 0, None


def _count(row: BookProof, edge: Edge, tally: Tally) -> None:
    row.through_seal, row.through_seq, row.head = edge.number, edge.seq, edge.hash
    row.journals, row.postings = tally.journals, tally.postings


def _conclude(deps: Deps, proof: BookProof, tally: Tally, end: _End) -> None:
    """Write down the result; an offence is told to the operator in the same unit."""
    with transaction() as session:
        row = store.hold(session, proof.merchant_id, proof.id, proof.through_seal)
        if row is None:
            return
        _count(row, end.edge, tally)
        row.seals, row.unsealed = max(row.seals, end.edge.number), end.unsealed
        row.result, row.tally, row.totals = "sound", None, end.totals
        row.leased_until, row.finished_at = None, deps.clock.now()
        if end.offence is not None:
            row.result, row.totals = "broken", None
            row.offence_kind, row.offender = end.offence.kind, end.offence.offender
            row.offence = end.offence.sentence
            _tell_operator(session, deps, proof.merchant_id, end.offence)
    if end.offence is not None:
        log.error(
            "proof.broken",
            extra={
                "merchant": proof.merchant_id,
                "proof": proof.id,
                "offender": f"{end.offence.kind} {end.offence.offender}",
                "offence": end.offence.sentence,
            },
        )
        deps.queue.wake("mails")


def _tell_operator(session: Session, deps: Deps, merchant_id: str, offence: Offence) -> None:
    if not deps.operator_email:
        return
    queue_mail(
        session,
        deps,
        merchant_id,
        kind="proof_broken",
        recipient=deps.operator_email,
        subject=f"The books of {merchant_id} do not hold",
        body=(
            f"A check of the books of {merchant_id} found that something was changed past their guards.\n\n"
            f"First offender: {offence.kind} {offence.offender}\n{offence.sentence}\n\n"
            "Payments go on. Do not repair the row: find out who could write to the database as its owner,\n"
            "compare with a backup and with proofs that were downloaded before, and book a correction.\n"
        ),
    )


def _stop(deps: Deps, proof: BookProof) -> None:
    with transaction() as session:
        row = store.hold(session, proof.merchant_id, proof.id, proof.through_seal)
        if row is None:
            return
        row.result, row.finished_at, row.leased_until = "stopped", deps.clock.now(), None
        row.tally = None
        row.offence = "The check could not be finished; the log of the worker says why."
