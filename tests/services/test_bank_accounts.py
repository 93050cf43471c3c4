"""Bank accounts: proven before they are paid to, slow to change, and never shown whole."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.domain.bank_accounts import Reason, Unpayable
from app.domain.errors import Conflict, InvalidRequest, NotFound, TooManyAttempts
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.rails import BankDestination, FailureCode
from app.services import bank_accounts
from app.services.audit import By
from app.services.bank_account_entry import AddAccount, add_account
from app.services.bank_accounts import VerifyAccount
from app.services.deps import Deps
from app.store.bank_accounts import BankAccount, find_account
from app.store.db import db, transaction
from app.store.mails import Mail
from app.store.merchants import AuditEntry
from app.store.payments import Event
from tests.factories import (
    PAID_ACCOUNT,
    PAID_IBAN,
    ROUTING,
    Shop,
    TestClock,
    add_bank_account,
    bank_amounts,
    make_payment,
    open_shop,
    usd,
    verified_bank_account,
)
from tests.services.bank import at_once

BY = By("user:robin@shop.example", "192.0.2.7")
OTHER = "000999999991"
THIRD = "000111111113"


def row(shop: Shop, account_id: str) -> BankAccount:
    with transaction() as session:
        return find_account(session, shop.merchant_id, account_id)


def mails(shop: Shop) -> list[Mail]:
    with transaction() as session:
        query = select(Mail).where(Mail.merchant_id == shop.merchant_id).order_by(Mail.id)
        return list(session.scalars(query))


def why(deps: Deps, shop: Shop, currency: str = "USD") -> Unpayable:
    found = bank_accounts.payable(deps, shop.merchant_id, currency)
    assert isinstance(found, Reason)
    assert found.message
    return found.code


def paid_to(deps: Deps, shop: Shop, currency: str = "USD") -> str:
    found = bank_accounts.payable(deps, shop.merchant_id, currency)
    assert isinstance(found, BankDestination)
    return found.id


def wrong(account_id: str, shop: Shop) -> VerifyAccount:
    first, second = bank_amounts(shop, account_id)
    return VerifyAccount(shop.merchant_id, account_id, (first, second + Money(1, "USD")), BY)


def test_the_first_account_is_paid_to_as_soon_as_it_is_proven(deps: Deps, shop: Shop) -> None:
    assert why(deps, shop) is Unpayable.NO_ACCOUNT
    account_id = add_bank_account(deps, shop)
    assert why(deps, shop) is Unpayable.NOT_VERIFIED

    second, first = bank_amounts(shop, account_id)
    bank_accounts.verify_account(
        deps, VerifyAccount(shop.merchant_id, account_id, (first, second), BY)
    )

    found = bank_accounts.payable(deps, shop.merchant_id, "USD")
    assert isinstance(found, BankDestination)
    assert (found.id, found.number, found.routing) == (account_id, PAID_ACCOUNT, ROUTING)
    assert found == bank_accounts.destination(deps, shop.merchant_id, account_id)
    assert why(deps, shop, "EUR") is Unpayable.NO_ACCOUNT


def test_three_wrong_answers_end_the_account(deps: Deps, shop: Shop) -> None:
    account_id = add_bank_account(deps, shop)

    told = []
    for _ in range(3):
        with pytest.raises(InvalidRequest) as refused:
            bank_accounts.verify_account(deps, wrong(account_id, shop))
        told.append(refused.value.message)

    assert ["2 tries are left" in told[0], "1 try is left" in told[1]] == [True, True]
    assert "add it again" in told[2]
    assert row(shop, account_id).status == "errored"
    right = VerifyAccount(shop.merchant_id, account_id, bank_amounts(shop, account_id), BY)
    with pytest.raises(Conflict):
        bank_accounts.verify_account(deps, right)
    assert why(deps, shop) is Unpayable.ERRORED


def test_guesses_at_once_are_counted_one_by_one(deps: Deps, shop: Shop) -> None:
    account_id = add_bank_account(deps, shop)
    guess = wrong(account_id, shop)

    answers = at_once([lambda: bank_accounts.verify_account(deps, guess) for _ in range(6)])

    assert sum(isinstance(answer, InvalidRequest) for answer in answers) == 3
    assert sum(isinstance(answer, Conflict) for answer in answers) == 3
    assert row(shop, account_id).wrong_tries == 3


def test_amounts_are_taken_only_once_the_deposits_have_left(deps: Deps, shop: Shop) -> None:
    account_id = add_bank_account(deps, shop, is_sent=False)

    with pytest.raises(Conflict, match="still on their way"):
        bank_accounts.verify_account(
            deps,
            VerifyAccount(shop.merchant_id, account_id, bank_amounts(shop, account_id), BY),
        )
    assert row(shop, account_id).wrong_tries == 0


def test_after_a_change_payouts_wait_and_the_owner_is_told(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    verified_bank_account(deps, shop)
    second = verified_bank_account(deps, shop, OTHER)
    before = len(mails(shop))

    bank_accounts.make_default(deps, shop.merchant_id, second, BY)

    assert why(deps, shop) is Unpayable.COOLING_OFF
    (mail,) = mails(shop)[before:]
    assert mail.recipient == shop.email
    assert "•••• 9991" in mail.subject
    assert OTHER not in mail.subject + mail.body
    clock.advance(timedelta(hours=23, minutes=59))
    assert why(deps, shop) is Unpayable.COOLING_OFF
    clock.advance(timedelta(minutes=2))
    assert paid_to(deps, shop) == second


def test_choosing_the_same_account_again_starts_no_new_wait(
    deps: Deps, shop: Shop, clock: TestClock
) -> None:
    first = verified_bank_account(deps, shop)
    second = verified_bank_account(deps, shop, OTHER)
    bank_accounts.make_default(deps, shop.merchant_id, second, BY)
    until = row(shop, second).cooling_off_until
    clock.advance(timedelta(hours=5))

    bank_accounts.make_default(deps, shop.merchant_id, second, BY)
    assert row(shop, second).cooling_off_until == until

    bank_accounts.make_default(deps, shop.merchant_id, first, BY)
    assert why(deps, shop) is Unpayable.COOLING_OFF


def test_removing_the_account_is_no_way_around_the_wait(deps: Deps, shop: Shop) -> None:
    first = verified_bank_account(deps, shop)
    bank_accounts.remove_account(deps, shop.merchant_id, first, BY)
    assert why(deps, shop) is Unpayable.NO_ACCOUNT

    verified_bank_account(deps, shop, OTHER)

    assert why(deps, shop) is Unpayable.COOLING_OFF


def test_choices_at_once_leave_one_default(deps: Deps, shop: Shop) -> None:
    ids = [verified_bank_account(deps, shop, one) for one in (PAID_ACCOUNT, OTHER, THIRD)]

    at_once(
        [
            lambda one=one: bank_accounts.make_default(deps, shop.merchant_id, one, BY)  # type: ignore[misc]
            for one in ids * 3
        ]
    )

    assert sum(row(shop, one).is_default for one in ids) == 1


def test_first_accounts_that_are_proven_at_once_leave_one_default(deps: Deps, shop: Shop) -> None:
    ids = [add_bank_account(deps, shop, one) for one in (PAID_ACCOUNT, OTHER, THIRD)]
    proofs = [VerifyAccount(shop.merchant_id, one, bank_amounts(shop, one), BY) for one in ids]

    answers = at_once([lambda p=p: bank_accounts.verify_account(deps, p) for p in proofs])  # type: ignore[misc]

    assert answers == [None] * 3
    assert sum(row(shop, one).is_default for one in ids) == 1


def test_payments_go_on_while_a_bank_account_is_chosen(deps: Deps, shop: Shop) -> None:
    account_id = verified_bank_account(deps, shop)

    with transaction() as session:
        bank_accounts._take_turns(session, shop.merchant_id)  # noqa: SLF001 - The lock itself is the matter.
        [paid] = at_once([lambda: make_payment(deps, shop)])

    assert isinstance(paid, Payment)
    assert paid_to(deps, shop) == account_id


def test_only_a_verified_account_can_be_the_default_one(deps: Deps, shop: Shop) -> None:
    account_id = add_bank_account(deps, shop)

    with pytest.raises(Conflict):
        bank_accounts.make_default(deps, shop.merchant_id, account_id, BY)


def test_each_currency_has_a_default_of_its_own(deps: Deps, shop: Shop) -> None:
    dollars = verified_bank_account(deps, shop)
    euros = verified_bank_account(deps, shop, PAID_IBAN, currency="EUR")

    assert (paid_to(deps, shop), paid_to(deps, shop, "EUR")) == (dollars, euros)


def test_the_same_account_twice_is_refused_until_it_is_removed(deps: Deps, shop: Shop) -> None:
    first = add_bank_account(deps, shop)
    with pytest.raises(Conflict, match="already in your list"):
        add_bank_account(deps, shop)

    bank_accounts.remove_account(deps, shop.merchant_id, first, BY)
    bank_accounts.remove_account(deps, shop.merchant_id, first, BY)

    assert row(shop, first).status == "removed"
    assert add_bank_account(deps, shop) != first


def test_there_is_an_end_to_new_accounts(deps: Deps, shop: Shop, clock: TestClock) -> None:
    for number in range(5):
        add_bank_account(deps, shop, f"00012345678{number}", is_sent=False)

    with pytest.raises(TooManyAttempts):
        add_bank_account(deps, shop, "000123456786", is_sent=False)
    clock.advance(timedelta(days=1, minutes=1))
    add_bank_account(deps, shop, "000123456786")


def test_a_failed_payout_takes_a_bad_account_out_of_use_and_says_why(
    deps: Deps, shop: Shop
) -> None:
    account_id = verified_bank_account(deps, shop)

    bank_accounts.report_failure(deps, shop.merchant_id, account_id, FailureCode.COULD_NOT_PROCESS)
    assert paid_to(deps, shop) == account_id
    for _ in range(2):
        bank_accounts.report_failure(deps, shop.merchant_id, account_id, FailureCode.ACCOUNT_CLOSED)

    found = bank_accounts.payable(deps, shop.merchant_id, "USD")
    assert isinstance(found, Reason)
    assert found.code is Unpayable.ERRORED
    assert "closed" in found.message
    assert [mail.subject for mail in mails(shop)].count(
        "A bank account does not work: US •••• 6789"
    ) == 1


def test_a_live_merchant_has_no_use_for_the_sandboxs_bank(deps: Deps, shop: Shop) -> None:
    with transaction() as session:
        session.execute(
            text("UPDATE merchants SET mode = 'live' WHERE id = :id"), {"id": shop.merchant_id}
        )

    with pytest.raises(InvalidRequest, match="We cannot pay out USD"):
        add_bank_account(deps, shop)


def test_bad_numbers_are_refused_and_change_nothing(deps: Deps, shop: Shop) -> None:
    for kind in ("iban", "us_account", "giro"):
        with pytest.raises(InvalidRequest):
            add_account(deps, AddAccount(shop.merchant_id, "Ada", "USD", kind, "DE1", "1", "2", BY))

    assert db.session.query(BankAccount).count() == 0
    assert mails(shop) == []


def test_nobody_reaches_another_merchants_account(deps: Deps, shop: Shop) -> None:
    account_id = verified_bank_account(deps, shop)
    other = open_shop(deps)

    for reach in (
        lambda: bank_accounts.make_default(deps, other.merchant_id, account_id, BY),
        lambda: bank_accounts.remove_account(deps, other.merchant_id, account_id, BY),
        lambda: bank_accounts.destination(deps, other.merchant_id, account_id),
        lambda: bank_accounts.verify_account(
            deps, VerifyAccount(other.merchant_id, account_id, (usd("0.1"), usd("0.2")), BY)
        ),
    ):
        with pytest.raises(NotFound):
            reach()
    assert why(deps, other) is Unpayable.NO_ACCOUNT


def test_every_change_is_in_the_diary_and_no_number_is_anywhere(deps: Deps, shop: Shop) -> None:
    first = verified_bank_account(deps, shop)
    second = verified_bank_account(deps, shop, OTHER)
    bank_accounts.make_default(deps, shop.merchant_id, second, BY)
    bank_accounts.remove_account(deps, shop.merchant_id, first, BY)

    with transaction() as session:
        query = select(AuditEntry).where(AuditEntry.merchant_id == shop.merchant_id)
        diary = list(session.scalars(query.order_by(AuditEntry.id)))
        events = list(session.scalars(select(Event).where(Event.merchant_id == shop.merchant_id)))
        raw = session.execute(text("SELECT number_sealed, fingerprint FROM bank_accounts")).all()
    assert [entry.action for entry in diary if entry.subject_id == first] == [
        "bank_account.added",
        "bank_account.verified",
        "bank_account.made_default",
        "bank_account.removed",
    ]
    assert {entry.actor for entry in diary if entry.action.startswith("bank")} <= {
        f"user:{shop.email}",
        BY.actor,
    }
    shown = [str(entry.data) for entry in diary] + [str(event.data) for event in events]
    shown += [mail.subject + mail.body for mail in mails(shop)] + [str(raw)]
    assert not [text_ for text_ in shown if PAID_ACCOUNT in text_ or OTHER in text_]
