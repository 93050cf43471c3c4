"""The page of bank accounts: where money goes is nothing to change in passing, and no number is shown."""

import pytest

from app.domain.bank_accounts import Reason, Unpayable
from app.domain.permissions import ROLES, allows
from app.domain.rails import BankDestination
from app.services import bank_accounts
from app.services.deps import Deps
from tests.factories import (
    PAID_ACCOUNT,
    PAID_IBAN,
    PASSWORD,
    ROUTING,
    FakeQueue,
    Shop,
    add_bank_account,
    bank_amounts,
    open_shop,
    verified_bank_account,
)
from tests.services.bank import rows
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor, toast_of

PAGE = "/dashboard/bank-accounts/"
NEW = f"{PAGE}new"
AMERICAN = {
    "kind": "us_account",
    "holder_name": "Corner Shop Ltd",
    "currency": "USD",
    "routing": ROUTING,
    "number": PAID_ACCOUNT,
    "password": PASSWORD,
}
IBAN = {
    "kind": "iban",
    "holder_name": "Corner Shop Ltd",
    "currency": "EUR",
    "iban": "DE89 3704 0044 0532 0130 00",
    "password": PASSWORD,
}
OTHER = "000999999991"


def address(account_id: str, act: str) -> str:
    return f"{PAGE}{account_id}/{act}"


def test_an_account_is_added_verified_and_paid_to(
    owner: Visitor, deps: Deps, shop: Shop, queue: FakeQueue
) -> None:
    assert "No bank account yet" in owner.get(PAGE).text

    added = owner.post(NEW, IBAN, htmx=True)
    assert toast_of(added) == "Two small amounts are on their way to it"
    assert "Commerzbank" in added.text
    assert "Deposits on their way" in added.text
    queue.drain()
    [account] = rows("SELECT id FROM bank_accounts")
    first, second = (str(one.decimal) for one in bank_amounts(shop, account["id"]))
    verified = owner.post(
        address(account["id"], "verify"), {"first": second, "second": first}, htmx=True
    )

    assert toast_of(verified) == "Bank account verified"
    assert isinstance(bank_accounts.payable(deps, shop.merchant_id, "EUR"), BankDestination)
    page = owner.get(PAGE).text
    assert "•••• 3000" in page
    assert "default" in page


def test_no_answer_holds_an_account_number(owner: Visitor, queue: FakeQueue) -> None:
    answers = [owner.post(NEW, AMERICAN | {"password": "wrong"}), owner.post(NEW, AMERICAN)]
    answers += [owner.get(PAGE), owner.get(NEW)]

    queue.drain()

    assert PAID_ACCOUNT not in "".join(one.text for one in answers[1:])
    # Only the form that was refused gives back to the typist what was typed, as any form does.
    assert PAID_ACCOUNT in answers[0].text
    assert rows("SELECT last4 FROM bank_accounts") == [{"last4": "6789"}]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_password_nothing_changes(
    owner: Visitor, deps: Deps, shop: Shop, password: str
) -> None:
    first = verified_bank_account(deps, shop)
    second = verified_bank_account(deps, shop, OTHER)
    before = rows("SELECT * FROM bank_accounts ORDER BY id")

    answers = [
        owner.post(NEW, IBAN | {"password": password}, htmx=True),
        owner.post(address(second, "default"), {"password": password}, htmx=True),
        owner.post(address(first, "remove"), {"password": password}, htmx=True),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert all("password" in answer.text for answer in answers)
    assert rows("SELECT * FROM bank_accounts ORDER BY id") == before


@pytest.mark.parametrize(
    "typed, words",
    [
        (IBAN | {"iban": "DE88 3704 0044 0532 0130 00"}, "check digits do not fit"),
        (IBAN | {"holder_name": ""}, "as the bank has it"),
        (IBAN | {"currency": "XXX"}, "choice"),
        (AMERICAN | {"routing": "123456789"}, "nine digits"),
        (AMERICAN | {"number": "12"}, "4 to 17 digits"),
        (AMERICAN | {"kind": "giro"}, "choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_added(
    owner: Visitor, typed: dict[str, str], words: str
) -> None:
    answer = owner.post(NEW, typed, htmx=True)

    assert answer.status_code == 422
    assert words in answer.text
    assert rows("SELECT * FROM bank_accounts") == []


@pytest.mark.parametrize(
    "kind, missing",
    [
        ("iban", ["as the bank has it", "Enter the IBAN", "Enter your password"]),
        ("us_account", ["Enter the routing number", "Enter the account number"]),
    ],
)
def test_all_that_is_missing_is_said_at_once(owner: Visitor, kind: str, missing: list[str]) -> None:
    answer = owner.post(NEW, {"kind": kind, "currency": "EUR"}, htmx=True)

    assert answer.status_code == 422
    for words in missing:
        assert words in answer.text


def test_the_same_account_twice_is_refused_in_words(owner: Visitor) -> None:
    owner.post(NEW, IBAN)

    again = owner.post(NEW, IBAN, htmx=True)

    assert again.status_code == 422
    assert "already in your list for EUR" in again.text


def test_wrong_amounts_say_how_many_tries_are_left(owner: Visitor, deps: Deps, shop: Shop) -> None:
    account_id = add_bank_account(deps, shop)
    guess = {"first": "0.01", "second": "0.02"}

    told = [owner.post(address(account_id, "verify"), guess, htmx=True) for _ in range(3)]

    assert [answer.status_code for answer in told] == [422] * 3
    assert "2 tries are left" in told[0].text
    assert "Remove the account and add it again" in told[2].text
    assert "Does not work" in owner.get(PAGE).text


@pytest.mark.parametrize("amount", ["", "abc", "0,32", "0.321", "-0.32"])
def test_an_amount_that_cannot_be_read_costs_no_try(
    owner: Visitor, deps: Deps, shop: Shop, amount: str
) -> None:
    account_id = add_bank_account(deps, shop)

    form = {"first": amount, "second": "0.20"}
    answer = owner.post(address(account_id, "verify"), form, htmx=True)

    assert answer.status_code == 422
    assert rows("SELECT wrong_tries FROM bank_accounts") == [{"wrong_tries": 0}]


def test_a_change_says_that_payouts_wait(owner: Visitor, deps: Deps, shop: Shop) -> None:
    verified_bank_account(deps, shop)
    second = verified_bank_account(deps, shop, OTHER)
    asked = owner.htmx(address(second, "default")).text
    assert "instead of •••• 6789" in " ".join(asked.split())
    assert "24 hours" in asked

    answer = owner.post(address(second, "default"), {"password": PASSWORD}, htmx=True)

    assert "Payouts wait until" in answer.text
    found = bank_accounts.payable(deps, shop.merchant_id, "USD")
    assert isinstance(found, Reason)
    assert found.code is Unpayable.COOLING_OFF


def test_a_removed_account_is_kept_for_the_record(owner: Visitor, deps: Deps, shop: Shop) -> None:
    account_id = verified_bank_account(deps, shop)
    assert "stop until you choose" in owner.htmx(address(account_id, "remove")).text

    answer = owner.post(address(account_id, "remove"), {"password": PASSWORD}, htmx=True)

    assert toast_of(answer) == "Bank account removed"
    assert "Removed" in answer.text
    assert owner.get(address(account_id, "remove")).status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_only_owners_and_admins_touch_bank_accounts(
    colleague: Colleague, deps: Deps, shop: Shop, role: str
) -> None:
    account_id = add_bank_account(deps, shop)
    person = colleague(role)
    token = {"csrf_token": person.hidden_fields("/dashboard/settings/")["csrf_token"]}

    codes = {person.get(path).status_code for path in (PAGE, NEW, address(account_id, "verify"))}
    codes |= {
        person.post_raw(path, token).status_code
        for path in (NEW, *(address(account_id, act) for act in ("verify", "default", "remove")))
    }

    assert (codes == {403}) is not allows(role, "bank_accounts")
    assert (403 in codes) is not allows(role, "bank_accounts")


def test_another_merchants_account_does_not_exist(owner: Visitor, deps: Deps) -> None:
    theirs = verified_bank_account(deps, open_shop(deps), PAID_IBAN, currency="EUR")

    for act in ("verify", "default", "remove"):
        assert owner.get(address(theirs, act)).status_code == 404
        form = {"password": PASSWORD, "first": "0.10", "second": "0.20"}
        assert owner.post(address(theirs, act), form).status_code == 404
    assert rows("SELECT status FROM bank_accounts") == [{"status": "verified"}]
