"""The downloaded proof, verified by the script of docs/: good, or refused with a sentence saying why."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from app.domain import recipes
from app.domain.errors import Conflict, InvalidRequest
from app.services import books, proof, proof_keys
from app.services.deps import Deps
from app.services.proof import RequestProof
from app.services.proof_file import ExportProof, export_proof
from app.services.refunds import RequestRefund, request_refund
from app.store.db import transaction
from app.store.ledger import book
from tests import servers
from tests.codebase.project import ROOT
from tests.factories import FakeQueue, Shop, make_payment, usd

SCRIPT = ROOT / "docs" / "verify_proof.py"
Verify = Callable[[bytes], str]


@pytest.fixture
def life(deps: Deps, shop: Shop, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine journals of four days in seals of two."""
    monkeypatch.setattr(books, "JOURNALS_A_SEAL", 2)
    for number in range(3):
        at = datetime(2026, 3, 1 + number, 12, tzinfo=UTC)
        journal = recipes.unmatched_receipt("stripe", f"txn_ü{number}", usd("5.00"), at.date())
        with transaction() as session:
            book(session, shop.merchant_id, journal, payment_id=None, at=at)
        books.close_books(deps)
    for amount in ("100.00", "50.00"):
        paid = make_payment(deps, shop, amount=usd(amount))
    request_refund(deps, RequestRefund(shop.merchant_id, paid.id, usd("10.00"), "user:robin"))
    queue.drain()
    books.close_books(deps)


@pytest.fixture
def verify(deps: Deps, tmp_path: Path) -> Verify:
    """Runs the script as an accountant does, apart from us; gives what it says."""

    def run(content: bytes) -> str:
        (tmp_path / "proof.jsonl").write_bytes(content)
        keys = [{"id": key.id, "public": key.public.hex()} for key in proof_keys.published_keys()]
        (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
        command = [sys.executable, "-I", str(SCRIPT), "proof.jsonl", "keys.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        assert (done.returncode == 0) == done.stdout.startswith("GOOD")
        return done.stdout or done.stderr

    return run


def whole(deps: Deps, shop: Shop) -> bytes:
    return b"".join(export_proof(deps, ExportProof(shop.merchant_id)))


def lines_of(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


def moment(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


def test_the_script_has_thirty_lines_at_most() -> None:
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) <= 30


def test_a_whole_book_is_good(life: None, deps: Deps, shop: Shop, verify: Verify) -> None:
    content = whole(deps, shop)

    said = verify(content)

    assert said.startswith(f"GOOD: Corner Shop ({shop.merchant_id}), seals 1 to 6, last hash ")
    assert sum(b'"journal"' in line for line in lines_of(content)) == 7
    assert said.endswith(" 2 journals are hidden.\n")


@pytest.mark.parametrize("processors", [1, 2])
def test_a_merchants_file_hides_the_platforms_costs_and_still_verifies(
    life: None, deps: Deps, shop: Shop, verify: Verify, processors: int
) -> None:
    at = deps.clock.now()
    journals = [recipes.micro_deposit_sent("md_1", usd("0.32"), at.date())]
    if processors == 2:
        received = recipes.unmatched_receipt("adyen", "psp_1", usd("7.00"), at.date())
        charged = recipes.processor_fee_charged("adyen", "psp_1", usd("1.11"), at.date())
        journals += [received, charged]
    with transaction() as session:
        for journal in journals:
            book(session, shop.merchant_id, journal, payment_id=None, at=at)
    books.close_books(deps)

    shown = whole(deps, shop)
    full = b"".join(export_proof(deps, ExportProof(shop.merchant_id, is_whole=True)))

    assert verify(shown).endswith(f" {2 + processors} journals are hidden.\n")
    assert verify(full).startswith("GOOD")
    assert "hidden" not in verify(full)
    for word in (b"processor_fee", b"verification_costs", b"micro_deposit", b"md_1"):
        assert word not in shown
        assert word in full
    closing = {
        code: net for code, _, net in json.loads(lines_of(shown)[-2])["closing"]
    }  # What the processor was paid out of: 15.00, 150.00 and no more than 10.00 went back.
    assert closing["processor_receivable:stripe"] == -15500
    assert closing.get("processor_receivable:adyen", 0) == (-700 if processors == 2 else 0)


def test_a_hidden_journal_that_was_changed_is_refused_too(
    life: None, deps: Deps, shop: Shop, verify: Verify, database_url: str
) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "UPDATE postings SET amount_minor = amount_minor + 1 WHERE debit = 'processor_fees'"
        )
    try:
        said = verify(whole(deps, shop))
    finally:
        servers.truncate_all(database_url)

    assert said.startswith("REFUSED")
    assert "a journal of seal 4 is missing, was added" in said


def test_a_period_is_good_and_joins_the_one_before(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue, verify: Verify
) -> None:
    first = b"".join(export_proof(deps, ExportProof(shop.merchant_id, None, moment(2))))
    second = b"".join(export_proof(deps, ExportProof(shop.merchant_id, moment(2), moment(3))))
    rest = b"".join(export_proof(deps, ExportProof(shop.merchant_id, moment(3))))

    for content, seals in ((first, "1 to 1"), (second, "2 to 2"), (rest, "3 to 6")):
        assert f"seals {seals}," in verify(content)
    for earlier, later in ((first, second), (second, rest)):
        closing = json.loads(lines_of(earlier)[-2])["closing"]
        last = json.loads(lines_of(earlier)[-3])["hash"]
        header = json.loads(lines_of(later)[0])
        assert (header["opening"], header["previous"]) == (closing, last)


def test_balances_at_a_seal_are_the_same_from_the_nearest_check_as_from_the_beginning(
    life: None, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    def sums() -> list[list[str]]:
        found = lines_of(b"".join(export_proof(deps, ExportProof(shop.merchant_id, moment(3)))))
        return [json.loads(found[0])["opening"], json.loads(found[-2])["closing"]]

    before = sums()
    proof.request_proof(deps, RequestProof(shop.merchant_id, "cli"))
    queue.drain()
    make_payment(deps, shop)
    books.close_books(deps)
    again = lines_of(
        b"".join(export_proof(deps, ExportProof(shop.merchant_id, moment(3), moment(4))))
    )

    assert before[0] == [["processor_receivable:stripe", "USD", -1000], ["suspense", "USD", 1000]]
    assert sums()[0] == before[0]
    assert json.loads(again[0])["opening"] == before[0]
    assert json.loads(again[-2])["closing"] == [
        ["processor_receivable:stripe", "USD", -1500],
        ["suspense", "USD", 1500],
    ]


def test_any_flipped_byte_is_refused_and_its_line_named(
    life: None, deps: Deps, shop: Shop, verify: Verify
) -> None:
    content = bytearray(whole(deps, shop))
    journal = content.index(b'"journal":', len(content) // 2)
    place = content.index(b'"USD",', journal) + 6
    number = content[:place].count(b"\n") + 1
    name = content[content.index(b"jr_", journal) :][:29].decode()
    content[place] ^= 1

    assert (
        verify(bytes(content))
        == f"REFUSED at line {number}: journal {name} is not what was sealed.\n"
    )


@pytest.mark.parametrize("part", ["header", "journal", "leaf", "seal", "closing", "signature"])
def test_a_byte_flipped_anywhere_is_refused(
    life: None, deps: Deps, shop: Shop, verify: Verify, part: str
) -> None:
    content = bytearray(whole(deps, shop))
    starts = {
        "header": b'"name":"', "journal": b'"journal":[', "leaf": b'"leaf":"',
        "seal": b'"hash":"', "closing": b'{"closing":[["', "signature": b'{"signature":"',
    }  # fmt: skip
    place = content.index(starts[part]) + len(starts[part]) + 3
    content[place] ^= 1

    assert verify(bytes(content)).startswith("REFUSED at line ")


def test_a_dropped_line_is_refused(life: None, deps: Deps, shop: Shop, verify: Verify) -> None:
    lines = lines_of(whole(deps, shop))
    # The header, then a journal and its seal, three times; then seals of two journals.
    kinds = {8: "a journal of seal 4 is missing, was added or was moved", 9: "seal 4 is missing"}

    for number, why in kinds.items():
        said = verify(b"".join(lines[:number] + lines[number + 1 :]))
        assert said.startswith("REFUSED at line "), said
        assert why in said or number == 9, said
    assert "seal" in verify(b"".join(lines[:9] + lines[10:]))
    assert verify(b"".join(lines[:-1])).endswith("the file ends too early.\n")
    assert verify(b"".join(lines[:-2] + lines[-1:])).startswith("REFUSED at line ")


def test_swapped_lines_are_refused(life: None, deps: Deps, shop: Shop, verify: Verify) -> None:
    lines = lines_of(whole(deps, shop))
    lines[7], lines[8] = lines[8], lines[7]

    assert verify(b"".join(lines)) == (
        "REFUSED at line 10: a journal of seal 4 is missing, was added or was moved.\n"
    )


def test_a_forged_signature_is_refused(life: None, deps: Deps, shop: Shop, verify: Verify) -> None:
    lines = lines_of(whole(deps, shop))
    last = json.loads(lines[-1])
    forged = last | {"signature": "A" * 86 + "=="}
    strange = last | {"key": "0" * 16}

    for line in (forged, strange):
        said = verify(b"".join(lines[:-1]) + json.dumps(line).encode() + b"\n")
        assert said.endswith(f"the signature is not by the published key {line['key']}.\n")


def test_what_was_added_after_the_signature_is_refused(
    life: None, deps: Deps, shop: Shop, verify: Verify
) -> None:
    content = whole(deps, shop)

    assert verify(content + lines_of(content)[1]).endswith("it was added after the signature.\n")


def test_an_entry_that_was_changed_in_the_database_is_named(
    life: None, deps: Deps, shop: Shop, verify: Verify, database_url: str
) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "UPDATE postings SET amount_minor = amount_minor + 1 WHERE credit = 'platform_fees'"
        )
    try:
        said = verify(whole(deps, shop))
    finally:
        servers.truncate_all(database_url)

    assert said.startswith("REFUSED at line 8: journal jr_")


def test_old_proofs_stay_good_when_the_key_is_replaced(
    life: None, deps: Deps, shop: Shop, verify: Verify
) -> None:
    old = whole(deps, shop)
    made = proof_keys.rotate_key(deps)
    new = whole(deps, shop)

    assert f"signed by key {made.id}." in verify(new)
    assert verify(old).startswith("GOOD")
    assert json.loads(lines_of(old)[-1])["key"] != made.id


def test_where_nothing_is_sealed_there_is_nothing_to_prove(deps: Deps, shop: Shop) -> None:
    with pytest.raises(Conflict):
        export_proof(deps, ExportProof(shop.merchant_id))
    make_payment(deps, shop)
    books.close_books(deps)
    end = datetime.combine(date(2020, 1, 1), datetime.min.time(), UTC)
    with pytest.raises(InvalidRequest):
        export_proof(deps, ExportProof(shop.merchant_id, end - timedelta(days=1), end))
