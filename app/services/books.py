"""Closing the books: what is final is sealed in each book's hash chain, and the sums follow.

Never on the payment path: a job does it, every few seconds. It may run twice at once or die anywhere:
a seal, its sums and how far the book is sealed are one unit of work.
"""

import logging
import time

from app.domain.chain import GENESIS, leaf_of, seal_hash
from app.services.deps import Deps
from app.store import books as store
from app.store.books import BookRow, SealRow
from app.store.db import transaction

log = logging.getLogger(__name__)

JOURNALS_A_SEAL = 1_000
# A number is final once those who wrote at that moment are done, which takes them milliseconds.
LONGEST_WAIT_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.01


def close_books(deps: Deps) -> int:
    """Seal what is final in every book; gives how many journals were. Safe to repeat, also at once.

    A writer who takes longer than the wait holds it up until the next run.
    """
    final = _final_seq()
    if final is None:
        return 0
    with transaction() as session:
        merchants = store.unsealed_books(session, final)
    sealed, is_whole = 0, True
    for merchant_id in merchants:
        try:
            sealed += close_book(deps, merchant_id, final)
        except Exception:
            # One book that cannot be sealed is said aloud at each run, and holds up no other.
            log.exception("book.not_sealed", extra={"merchant": merchant_id})
            is_whole = False
    if merchants and is_whole:
        with transaction() as session:
            store.move_horizon(session, final)
    return sealed


def close_book(deps: Deps, merchant_id: str, up_to: int) -> int:
    """Seal one book up to a number that is final; gives how many journals were."""
    sealed = 0
    while True:
        count = _seal_next(deps, merchant_id, up_to)
        sealed += count
        if count < JOURNALS_A_SEAL:
            return sealed


def _final_seq() -> int | None:
    """A number below which nothing will ever be written; None if somebody takes too long."""
    with transaction() as session:
        mark = store.mark(session)
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while time.monotonic() < until:
        with transaction() as session:
            if store.is_final(session, mark):
                return mark.seq
        time.sleep(LOOK_EVERY_SECONDS)
    return None


def _seal_next(deps: Deps, merchant_id: str, up_to: int) -> int:
    with transaction() as session:
        book = store.lock_book(session, merchant_id, GENESIS)
        if book.sealed_seq >= up_to:
            return 0
        found = store.journals_between(
            session, merchant_id, book.sealed_seq, up_to, JOURNALS_A_SEAL
        )
        if not found:
            return 0
        leaves = [leaf_of(journal) for _, journal in found]
        number, last_seq = book.seals + 1, found[-1][0]
        seal = SealRow(
            merchant_id=merchant_id,
            number=number,
            from_seq=book.sealed_seq,
            to_seq=last_seq,
            journal_ids=[journal.id for _, journal in found],
            leaves=b"".join(leaves),
            previous=book.head,
            hash=seal_hash(book.head, number, leaves),
            sealed_at=deps.clock.now(),
        )
        session.add(seal)
        store.add_sums(session, merchant_id, book.sealed_seq, last_seq)
        _lean_on(book, seal)
    return len(found)


def _lean_on(book: BookRow, seal: SealRow) -> None:
    book.sealed_seq, book.seals, book.head = seal.to_seq, seal.number, seal.hash
