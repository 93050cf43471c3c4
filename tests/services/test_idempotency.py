"""One key, one payment, one answer, for ever."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from app.adapters.failpoints import failpoint
from app.domain.errors import IdempotencyInUse, IdempotencyMismatch, NotSignedIn
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import AuthorizeRequest, Outcome, ProcessorAccount
from app.domain.states import PaymentStatus
from app.services import creation, keys, payments, resolver
from app.services.audit import By
from app.services.creation import CreatePayment, IdempotentRequest, Replay
from app.services.deps import Deps
from tests.factories import NEEDS_3DS, NO_FUNDS, VISA, Shop, TestClock, open_shop, usd
from tests.services.bank import Bank, assert_books_equal_record, at_once, rows

CREATE = "POST /v1/payment_intents"


def render(payment: Payment) -> tuple[int, bytes]:
    """As the API would: declined is 402."""
    status = 402 if payment.status is PaymentStatus.FAILED else 201
    return status, f"{payment.id} {payment.status} {payment.captured_minor}".encode()


def send(
    deps: Deps,
    shop: Shop,
    *,
    key: str = "order-1",
    amount: Money | None = None,
    token: str | None = VISA,
) -> Payment | Replay:
    """One API request with an idempotency key."""
    amount = amount or usd("50.00")
    return creation.create_payment(
        deps,
        CreatePayment(
            merchant_id=shop.merchant_id,
            amount=amount,
            actor="api:key",
            payment_method_token=token,
            idempotency=IdempotentRequest(
                scope=CREATE,
                key=key,
                request_hash=hashlib.sha256(f"{amount} {token}".encode()).digest(),
                render=render,
                api_key_hash=keys.key_hash(shop.secret_key),
            ),
        ),
    )


def paid(answer: object) -> Payment:
    assert isinstance(answer, Payment)
    return answer


def let_the_lease_end(database_url: str) -> None:
    """As when the process that had it is long gone: leases run by the database's clock."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE idempotency_keys SET leased_until = now() - interval '1 second'")


def test_the_same_request_gets_the_stored_bytes(deps: Deps, shop: Shop, bank: Bank) -> None:
    first = paid(send(deps, shop))
    assert first.status is PaymentStatus.CAPTURED

    for _ in range(3):
        assert send(deps, shop) == Replay(201, f"{first.id} captured 5000".encode())
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_a_declined_answer_is_stored_too(deps: Deps, shop: Shop, bank: Bank) -> None:
    first = paid(send(deps, shop, token=NO_FUNDS))

    assert send(deps, shop, token=NO_FUNDS) == Replay(402, f"{first.id} failed 0".encode())
    assert len(bank.events("payment_intent.payment_failed")) == 1


def test_an_answer_stays_the_same_when_the_payment_moves_on(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    first = paid(send(deps, shop, token=NEEDS_3DS))
    bank.answer_challenge(first)
    assert resolver.refresh(deps, first).status is PaymentStatus.CAPTURED

    assert send(deps, shop, token=NEEDS_3DS) == Replay(
        201, f"{first.id} requires_action 0".encode()
    )


def test_a_payment_without_a_card_is_answered_once_too(deps: Deps, shop: Shop) -> None:
    first = paid(send(deps, shop, token=None))

    assert send(deps, shop, token=None) == Replay(201, f"{first.id} open 0".encode())
    assert len(rows("SELECT id FROM payments")) == 1


def test_the_same_key_with_another_request_is_an_error(deps: Deps, shop: Shop, bank: Bank) -> None:
    send(deps, shop)

    for other in (
        lambda: send(deps, shop, amount=usd("50.01")),
        lambda: send(deps, shop, token=NO_FUNDS),
    ):
        with pytest.raises(IdempotencyMismatch, match="order-1"):
            other()
    assert bank.facts("captured") == [5000]


def test_keys_of_two_merchants_have_nothing_to_do_with_each_other(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    other = open_shop(deps, name="Other")
    mine, theirs = paid(send(deps, shop)), paid(send(deps, other, amount=usd("7.00")))

    assert mine.id != theirs.id
    assert bank.facts("captured") == [5000]
    assert replace(bank, shop=other).facts("captured") == [700]


def test_fifty_requests_with_one_key_are_one_charge(deps: Deps, shop: Shop, bank: Bank) -> None:
    answers = at_once([lambda: send(deps, shop) for _ in range(50)])

    made = [answer for answer in answers if isinstance(answer, Payment)]
    assert len(made) == 1
    told = (201, f"{made[0].id} captured 5000".encode())
    for answer in answers:
        if isinstance(answer, Replay):
            assert (answer.status, answer.body) == told
        elif not isinstance(answer, Payment):
            assert isinstance(answer, IdempotencyInUse), answer
    assert bank.facts("captured") == [5000]
    assert len(rows("SELECT id FROM payments")) == 1
    assert_books_equal_record(bank)


def test_fifty_keys_are_fifty_charges(deps: Deps, shop: Shop, bank: Bank) -> None:
    def one(number: int) -> Callable[[], Payment | Replay]:
        return lambda: send(deps, shop, key=f"order-{number}", amount=usd("1.00"))

    for start in range(0, 50, 10):
        for answer in at_once([one(number) for number in range(start, start + 10)]):
            assert paid(answer).status is PaymentStatus.CAPTURED
    assert bank.facts("captured") == [100] * 50
    assert_books_equal_record(bank)


@pytest.mark.parametrize(
    "point",
    ["payment.intent_recorded", "payment.processor_answered", "payment.outcome_recorded"],
)
def test_a_request_that_died_is_finished_by_the_next_with_its_key(
    deps: Deps, shop: Shop, bank: Bank, database_url: str, point: str
) -> None:
    with pytest.raises(RuntimeError, match="failpoint"):
        send(replace(deps, failpoint=failpoint(f"{point}:raise")), shop)
    if point != "payment.outcome_recorded":
        with pytest.raises(IdempotencyInUse):
            send(deps, shop)

    let_the_lease_end(database_url)
    answer = send(deps, shop)
    body = answer.body if isinstance(answer, Replay) else render(answer)[1]
    assert body.endswith(b" captured 5000")
    assert send(deps, shop) == Replay(201, body)
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "error_after"])
def test_an_unknown_outcome_is_not_stored_and_is_found_out_by_the_next_request(
    deps: Deps, shop: Shop, bank: Bank, fault: str
) -> None:
    bank.fault(fault, CREATE)
    first = paid(send(deps, shop))
    assert first.status is PaymentStatus.UNKNOWN
    assert rows("SELECT state FROM idempotency_keys") == [{"state": "started"}]

    second = paid(send(deps, shop))
    assert (second.id, second.status) == (first.id, PaymentStatus.CAPTURED)
    assert send(deps, shop) == Replay(201, f"{first.id} captured 5000".encode())
    assert bank.facts("captured") == [5000]


def test_an_unknown_outcome_that_the_resolver_found_out_is_answered(
    deps: Deps, shop: Shop, bank: Bank, clock: TestClock
) -> None:
    bank.fault("drop_after", CREATE)
    first = paid(send(deps, shop))
    clock.advance(timedelta(minutes=2))
    resolver.resolve_due(deps)

    assert paid(send(deps, shop)).status is PaymentStatus.CAPTURED
    assert send(deps, shop) == Replay(201, f"{first.id} captured 5000".encode())


class Slow:
    """A processor that hangs: while its answer is on the way, somebody else takes over."""

    def __init__(self, inner: object, meanwhile: Callable[[], None]) -> None:
        self._inner = inner
        self._meanwhile: Callable[[], None] | None = meanwhile

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        outcome: Outcome = self._inner.authorize(account, request)  # type: ignore[attr-defined]
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return outcome


def test_a_late_first_writer_does_not_change_the_stored_answer(
    deps: Deps, shop: Shop, bank: Bank, database_url: str
) -> None:
    def marked(payment: Payment) -> tuple[int, bytes]:
        return 201, b"the second's answer"

    taken: list[Payment | Replay] = []

    def take_over() -> None:
        let_the_lease_end(database_url)
        monkey = replace_render(marked)
        taken.append(creation.create_payment(deps, monkey))

    def replace_render(other: Callable[[Payment], tuple[int, bytes]]) -> CreatePayment:
        amount = usd("50.00")
        hashed = hashlib.sha256(f"{amount} {VISA}".encode()).digest()
        return CreatePayment(
            merchant_id=shop.merchant_id,
            amount=amount,
            actor="api:key",
            payment_method_token=VISA,
            idempotency=IdempotentRequest(CREATE, "order-1", hashed, other),
        )

    slow = Slow(deps.processors["stripe"], take_over)
    first = paid(send(replace(deps, processors={"stripe": slow}), shop))  # type: ignore[dict-item]

    assert first.status is PaymentStatus.CAPTURED
    assert paid(taken[0]).id == first.id
    assert send(deps, shop) == Replay(201, b"the second's answer")
    assert bank.facts("captured") == [5000]
    assert_books_equal_record(bank)


def test_a_revoked_key_takes_nothing_even_if_it_is_still_remembered(
    deps: Deps, shop: Shop, bank: Bank
) -> None:
    [row] = rows("SELECT id FROM api_keys WHERE merchant_id = :m", m=shop.merchant_id)
    keys.revoke_key(deps, shop.merchant_id, row["id"], By())

    with pytest.raises(NotSignedIn):
        send(deps, shop)
    assert rows("SELECT key FROM idempotency_keys") == []
    assert bank.facts("authorised") == []


def test_the_payment_is_the_merchants_own(deps: Deps, shop: Shop) -> None:
    made = paid(send(deps, shop))

    assert payments.load(shop.merchant_id, made.id).id == made.id
