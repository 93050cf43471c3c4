"""A book, or a period of it, as one signed file that anybody can verify without us: docs/proof.md.

The file holds whole seals, each with its journals as they are now. It is written as it is read, a seal at
a time, so its length costs no memory; its last line signs everything before. Balances at its beginning
and end come from the sums behind the seals, not from its own lines.

A merchant's file has the platform's own costs as hashes only, and its balances leave them out: so it verifies
like the platform's, which has all of it.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json import dumps
from typing import Any

from sqlalchemy.orm import Session

from app.domain.chain import GENESIS, SealedJournal, leaf_of, line_of
from app.domain.errors import Conflict, InvalidRequest
from app.domain.ids import lowest_id
from app.domain.platform_costs import HIDDEN_EVENTS, without_costs
from app.domain.proof import Account, Seal
from app.services.deps import Deps
from app.services.proof_keys import SigningKey, signing_key
from app.store import proof_ranges as store
from app.store.books import journals_between
from app.store.db import transaction
from app.store.proofs import book_of, last_sound, seal_at

FORMAT = 2
# What stands instead of a journal that is not shown. Its hash tells nothing: nobody guesses the journal's id.
COST = "a cost of the platform's"


@dataclass(frozen=True)
class ExportProof:
    """Which part of a merchant's book: all of it, or the seals that hold what was written in a period.

    The period goes from `start` to just before `end`; either may be left out. `is_whole`: with the
    platform's own costs, for the platform alone.
    """

    merchant_id: str
    start: datetime | None = None
    end: datetime | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class _Plan:
    """What the file will hold, fixed before its first byte is written."""

    merchant_id: str
    merchant_name: str
    first: int
    last: int
    previous: bytes
    opening: dict[Account, int]
    closing: dict[Account, int]


def export_proof(deps: Deps, command: ExportProof) -> Iterator[bytes]:
    """The file, in pieces; raises Conflict or InvalidRequest at once if there is nothing to prove."""
    key = signing_key(deps)
    with transaction() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        plan = _plan(session, command)
    return _pieces(deps, command, plan, key)


def _plan(session: Session, command: ExportProof) -> _Plan:
    book = book_of(session, command.merchant_id)
    if book is None or book.seals == 0:
        raise Conflict("Nothing of this book is sealed yet. Try again in a few seconds.")
    first, last = 1, book.seals
    if command.start is not None or command.end is not None:
        found = store.seals_of_period(
            session, command.merchant_id, *_bounds(command), book.sealed_seq
        )
        if found is None:
            raise InvalidRequest(
                "No journal that is sealed was written in this period.", param="from"
            )
        first, last = found
    before = seal_at(session, command.merchant_id, first - 1)
    return _Plan(
        merchant_id=command.merchant_id,
        merchant_name=store.merchant_name(session, command.merchant_id),
        first=first,
        last=last,
        previous=before.hash if before else GENESIS,
        opening=_told(session, command, first - 1, book.seals),
        closing=_told(session, command, last, book.seals),
    )


def _bounds(command: ExportProof) -> tuple[store.Bound, store.Bound]:
    """The period as moments, and as the ids that journals of these moments have."""
    start = command.start and (command.start, lowest_id("jr", command.start - store.SLACK))
    end = command.end and (command.end, lowest_id("jr", command.end + store.SLACK))
    return start or None, end or None


def _told(session: Session, command: ExportProof, number: int, seals: int) -> dict[Account, int]:
    """The balances through a seal that the file tells."""
    found = _balances(session, command.merchant_id, number, seals)
    if command.is_whole:
        return found
    shown = without_costs(found)
    if not shown.untold:
        return dict(shown.balances)
    seal = seal_at(session, command.merchant_id, number)
    costs = store.moved_by(session, command.merchant_id, HIDDEN_EVENTS, seal.to_seq if seal else 0)
    return {key: net - costs.get(key, 0) for key, net in found.items()}


def _balances(session: Session, merchant_id: str, number: int, seals: int) -> dict[Account, int]:
    """Credits less debits of every account through a seal: from the sums, or from the nearest check."""
    if number == 0:
        return {}
    if number == seals:
        return store.sealed_balances(session, merchant_id)
    seal = seal_at(session, merchant_id, number)
    if seal is None:
        return {}
    known: dict[Account, int] = {}
    from_seq = 0
    check = last_sound(session, merchant_id, number)
    if check is not None and check.totals is not None:
        from_seq = check.through_seq
        known = {(code, cur): cr - dr for code, cur, dr, cr in check.totals["accounts"]}
    for key, net in store.moved_between(session, merchant_id, from_seq, seal.to_seq).items():
        known[key] = known.get(key, 0) + net
    return known


def _pieces(deps: Deps, command: ExportProof, plan: _Plan, key: SigningKey) -> Iterator[bytes]:
    digest = sha256()
    for piece in _content(deps, command, plan, key):
        digest.update(piece)
        yield piece
    signature = deps.signer.sign(key.private, digest.digest())
    yield _line({"signature": b64encode(signature).decode(), "key": key.id})


def _content(deps: Deps, command: ExportProof, plan: _Plan, key: SigningKey) -> Iterator[bytes]:
    yield _line(
        {
            "farthing_proof": FORMAT,
            "merchant": plan.merchant_id,
            "name": plan.merchant_name,
            "made_at": deps.clock.now().isoformat(timespec="seconds"),
            "from": command.start.isoformat() if command.start else None,
            "until": command.end.isoformat() if command.end else None,
            "first_seal": plan.first,
            "last_seal": plan.last,
            "previous": plan.previous.hex(),
            "key": key.id,
            "opening": _rows(plan.opening),
        }
    )
    for number in range(plan.first, plan.last + 1):
        with transaction() as session:
            seal = seal_at(session, plan.merchant_id, number)
            if seal is None:
                continue  # What is missing is missed by whoever verifies the file.
            found = journals_between(
                session, plan.merchant_id, seal.from_seq, seal.to_seq, len(seal.journal_ids) + 1
            )
        yield _seal_lines(seal, [journal for _, journal in found], is_whole=command.is_whole)
    yield _line({"closing": _rows(plan.closing)})


def _seal_lines(seal: Seal, journals: list[SealedJournal], *, is_whole: bool) -> bytes:
    """A seal's journals as they are now, each with the leaf that was sealed for it, then the seal.

    One that is not shown is told by the leaf that it gives now, so the seal shows if it was changed.
    """
    leaves = {one: seal.leaf(place).hex() for place, one in enumerate(seal.journal_ids)}
    lines = []
    for one in journals:
        leaf, told = leaves.get(one.id, ""), f'"journal":{line_of(one)}'
        if one.event in HIDDEN_EVENTS and not is_whole:
            leaf, told = leaf_of(one).hex(), f'"hidden":"{COST}"'
        lines.append(f'{{"seal":{seal.number},"leaf":"{leaf}",{told}}}\n')
    end = _line(
        {
            "seal": seal.number,
            "previous": seal.previous.hex(),
            "hash": seal.hash.hex(),
            "journals": len(seal.journal_ids),
        }
    )
    return "".join(lines).encode() + end


def _rows(balances: dict[Account, int]) -> list[list[Any]]:
    return [[*key, net] for key, net in sorted(balances.items()) if net]


def _line(values: dict[str, Any]) -> bytes:
    return (dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
