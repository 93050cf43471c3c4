"""A shop that has one of everything the dashboard's addresses name, its team, and strangers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.domain.escrow import Plan
from app.services import keys, merchants
from app.services.deps import Deps
from app.services.payouts import CreatePayout, create_payout
from app.store.bank_money import BankPayer
from app.store.db import transaction
from app.store.ledger import JournalRow
from tests.api.client import Api
from tests.api.possessions import Possessions, acquire
from tests.factories import (
    PASSWORD,
    FakeQueue,
    RememberingHasher,
    Shop,
    TestClock,
    add_bank_account,
    make_payment,
    open_shop,
    usd,
    verified_bank_account,
)
from tests.sandbox.server import SandboxServer
from tests.transfers import arrive, make_transfer, news
from tests.web.developers import Told, make_delivery, make_endpoint, make_event
from tests.web.visitor import Visitor

KEY = "order-of-the-shop"
SCOPE = "POST /payments"


@dataclass
class Team:
    """Who is at the dashboard. `ids` are the shop's, `own` those of the stranger's own merchant."""

    ids: dict[str, str]
    own: dict[str, str]
    marks: list[str]
    people: dict[str, Visitor] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def get(self, who: str, path: str) -> TestResponse:
        """Follow a link as somebody."""
        return self.people[who].get(path)

    def post(self, who: str, path: str, form: Mapping[str, str]) -> TestResponse:
        """Send a form as somebody, with a token that is theirs."""
        return self.people[who].post_raw(path, {"csrf_token": self._token(who), **form})

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            page = "/login" if who == "nobody" else "/dashboard/settings/"
            self._tokens[who] = self.people[who].hidden_fields(page)["csrf_token"]
        return self._tokens[who]


def gather(
    app: Flask,
    deps: Deps,
    queue: FakeQueue,
    clock: TestClock,
    roles: list[str],
    sandbox: SandboxServer,
) -> Team:
    """The shop with a member of each role, somebody who is nobody, and the owner of another shop."""
    quick = replace(deps, hasher=RememberingHasher(deps.hasher))
    shop = open_shop(quick, role="owner")
    api = Api(app, shop.secret_key)
    made = acquire(api, queue, shop, clock)
    paid = api.pay(KEY)
    app.extensions["farthing_request_log"].flush()
    other = open_shop(quick, name="Another Shop")
    ids = _ids(deps, shop, made) | _sent(deps, shop, sandbox) | _money(deps, shop, clock)
    ids["request_id"] = paid.headers["Request-Id"]
    marks = [one for kind in made.ids.values() for one in kind] + list(ids.values())
    team = Team(ids, _developers(deps, other), [*marks, KEY, shop.email, "ada@example.com"])
    for role in roles:
        team.people[role] = _member(app, quick, shop, role)
    team.people["nobody"] = Visitor(app)
    team.people["stranger"] = _signed_in(app, other.email)
    return team


def _ids(deps: Deps, shop: Shop, made: Possessions) -> dict[str, str]:
    """By the names that routes give them; a spare key may be revoked without harm to other tests."""
    held, _, paid = made.ids["intent"]
    key, spare = (
        keys.create_key(
            deps, keys.CreateKey(shop.merchant_id, "restricted", name, {"refunds": "read"})
        )
        for name in ("Till", "Spare")
    )
    return _developers(deps, shop) | {
        "payment_id": paid,
        "held": held,
        "key_id": key.id,
        "spare": spare.id,
        "merchant_id": shop.merchant_id,
    }


def _sent(deps: Deps, shop: Shop, sandbox: SandboxServer) -> dict[str, str]:
    """Somebody who sent more by bank than they had to pay."""
    payment = make_transfer(deps, shop, currency="USD")
    arrive(sandbox, shop, payment, 6000)
    news(deps, shop, payment)
    with transaction() as session:
        payer_id = session.scalars(
            select(BankPayer.id).where(BankPayer.merchant_id == shop.merchant_id)
        ).one()
    return {"payer_id": payer_id}


def _money(deps: Deps, shop: Shop, clock: TestClock) -> dict[str, str]:
    """What finance looks at and moves: a payout, bank accounts, held money, a journal."""
    escrowed = make_payment(deps, shop, escrow=Plan())
    clock.advance(timedelta(days=6))
    account_id = verified_bank_account(deps, shop, "000777888999")
    unverified = add_bank_account(deps, shop, "000111222333")
    payout_id = create_payout(
        deps, CreatePayout(shop.merchant_id, "USD", "user:robin", usd("5.00"))
    )
    with transaction() as session:
        journal_id = session.scalars(
            select(JournalRow.id)
            .where(JournalRow.merchant_id == shop.merchant_id)
            .where(JournalRow.event == "payment_captured")
            .limit(1)
        ).one()
    return {
        "escrowed": escrowed.id,
        "account_id": account_id,
        "unverified": unverified,
        "payout_id": str(payout_id),
        "journal_id": journal_id,
    }


def _developers(deps: Deps, shop: Shop) -> dict[str, str]:
    endpoint: Told = make_endpoint(deps, shop, f"https://hooks.{shop.tail}.example/farthing")
    event_id = make_event(deps, shop)
    return {
        "endpoint_id": endpoint.id,
        "event_id": event_id,
        "delivery_id": make_delivery(deps, shop, endpoint, event_id),
    }


def _member(app: Flask, deps: Deps, shop: Shop, role: str) -> Visitor:
    email = f"{role}.{shop.tail}@shop.example"
    user_id = merchants.add_user(deps, email=email, name=role, password=PASSWORD)
    merchants.add_member(deps, user_id=user_id, merchant_id=shop.merchant_id, role=role)
    return _signed_in(app, email)


def _signed_in(app: Flask, email: str) -> Visitor:
    person = Visitor(app)
    assert person.sign_in(email).status_code == 303
    return person
