"""Demo data: two merchants with ninety days behind them, one at Stripe and one at Adyen, made by the same
use-cases through the sandbox.

Nothing is written past the use-cases, so demo data is balanced data. The use-cases' clock walks
through the past; the sandbox's cannot, so its settlement days are left out and computed from ours.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from app import demo_adyen
from app.adapters.fx import DemoRates
from app.demo_fees import agree, agree_ahead
from app.demo_goods import CARDS, NAMES, PRODUCTS
from app.demo_market import make_market
from app.demo_payouts import backdated, open_bank_account, pay_out
from app.domain.clock import FrozenClock
from app.domain.errors import FarthingError
from app.domain.ids import new_id
from app.domain.methods import METHODS
from app.domain.money import Money
from app.domain.payments import Payment
from app.domain.processor import (
    AuthorizeRequest,
    Captured,
    CaptureRequest,
    Outcome,
    Processor,
    ProcessorAccount,
    Query,
)
from app.services import (
    accounts,
    checkout,
    expiry,
    fx,
    keys,
    ledger,
    merchants,
    payments,
    polling,
    publishing,
    refunds,
)
from app.services.audit import SYSTEM
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.deps import Deps
from app.services.endpoints import CreateEndpoint, create_endpoint
from app.services.keys import CreateKey
from app.services.merchants import ChooseSettlement
from app.web.api.events_out import render

PASSWORD = "a-farthing-saved"  # noqa: S105 - the demo's, printed at every start
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Shop:
    """A demo merchant and the currencies it sells in."""

    merchant_id: str
    currencies: tuple[str, ...]
    per_day: tuple[int, int]
    cards: tuple[tuple[str, int], ...] = CARDS


class Backdated:
    """A processor as the past would have seen it: settlement days come from our clock."""

    def __init__(self, inner: Processor) -> None:
        self._inner = inner
        self.name, self.js_url, self.js_origins = inner.name, inner.js_url, inner.js_origins

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def authorize(self, account: ProcessorAccount, request: AuthorizeRequest) -> Outcome:
        """Hold or take the money."""
        return _backdated(self._inner.authorize(account, request))

    def capture(self, account: ProcessorAccount, request: CaptureRequest) -> Outcome:
        """Take what is held."""
        return _backdated(self._inner.capture(account, request))

    def query(self, account: ProcessorAccount, query: Query) -> Outcome:
        """Ask what became of a payment."""
        return _backdated(self._inner.query(account, query))


def _backdated(outcome: Outcome) -> Outcome:
    return replace(outcome, available_on=None) if isinstance(outcome, Captured) else outcome


def seed(
    deps: Deps,
    *,
    sandbox_url: str,
    folder: Path,
    days: int,
    if_empty: bool,
    say: Callable[[str], object],
) -> None:
    """Fill the database and write what a person needs to know to `demo.json` in the folder."""
    if merchants.are_there():
        if if_empty:
            return
        raise FarthingError("There are merchants already; seed an empty database.")
    now = deps.clock.now()
    clock = FrozenClock(now - timedelta(days=days))
    past = replace(
        deps,
        clock=clock,
        processors={name: Backdated(one) for name, one in deps.processors.items()},
        rails=backdated(deps.rails, clock),
        # Rates of the day that is being told, under the name that the running demo asks for.
        rate_provider=DemoRates(clock),
    )
    shops = _open_shops(past)
    at_adyen = demo_adyen.connect(past, shops[1].merchant_id, sandbox_url)
    merchants.choose_settlement(past, ChooseSettlement(shops[1].merchant_id, (), SYSTEM))
    _people(past, shops)
    open_bank_account(past, shops[0].merchant_id, sandbox_url)
    chance = random.Random(1895)  # noqa: S311 - demo data, the same every time
    for number in range(days):
        start = now - timedelta(days=days - number)
        fx.fetch_rates(past)
        past.rates.forget()
        agree(past, shops[0].merchant_id, day=number, days=days)
        for shop in shops:
            _one_day(past, clock, shop, start, chance)
        at_adyen.hear(past)
        expiry.expire_due(past)
        ledger.release_due(past)
        pay_out(past, sandbox_url)
        if number % 15 == 14:
            say(f"  {number + 1} of {days} days …")
    clock.set(now)
    now_deps = replace(deps, clock=clock)
    at_adyen.go_on(now_deps)
    demo = _finish(now_deps, shops, sandbox_url)
    demo["adyen_link"] = at_adyen.link(now_deps)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo.json").write_text(json.dumps(demo, indent=2), encoding="utf-8")


def _open_shops(deps: Deps) -> list[Shop]:
    wren = merchants.open_merchant(
        deps,
        merchants.OpenMerchant(
            "Wren & Co.",
            "test",
            "US",
            "USD",
            "America/New_York",
            "help@wren.example",
            {"accent": "#8a4b2a", "logo_text": "Wren & Co."},
        ),
    )
    field = merchants.open_merchant(
        deps,
        merchants.OpenMerchant(
            "Fieldnotes Press",
            "test",
            "GB",
            "GBP",
            "Europe/London",
            "hello@fieldnotes.example",
            {"accent": "#2f5d50", "logo_text": "Fieldnotes"},
        ),
    )
    merchants.set_methods(deps, wren, tuple(METHODS))
    accounts.connect_account(
        deps,
        accounts.ConnectAccount(
            merchant_id=wren,
            processor="stripe",
            external_account="acct_sbx_wren",
            publishable_key="pk_test_wren",
            secret_key="sk_test_wren",  # noqa: S106 - it opens nothing but the sandbox
        ),
    )
    return [
        Shop(wren, ("USD", "USD", "USD", "EUR", "JPY"), (2, 5)),
        Shop(field, ("GBP", "GBP", "EUR"), (0, 3), demo_adyen.CARDS),
    ]


def _people(deps: Deps, shops: list[Shop]) -> None:
    people = (
        ("owner@wren.example", "Olivia Wren", ((0, "owner"), (1, "owner"))),
        ("support@wren.example", "Sam Porter", ((0, "support"),)),
        ("analyst@wren.example", "Ana Lyst", ((0, "analyst"),)),
        ("owner@fieldnotes.example", "Finn Marsh", ((1, "owner"),)),
    )
    for email, name, roles in people:
        user_id = merchants.add_user(deps, email=email, name=name, password=PASSWORD)
        for place, role in roles:
            merchants.add_member(
                deps, user_id=user_id, merchant_id=shops[place].merchant_id, role=role
            )


def _one_day(
    deps: Deps,
    clock: FrozenClock,
    shop: Shop,
    start: datetime,
    chance: random.Random,
) -> None:
    for seconds in sorted(chance.uniform(0, 80_000) for _ in range(chance.randint(*shop.per_day))):
        clock.set(max(clock.now(), start + timedelta(seconds=seconds)))
        payment = _buy(deps, shop, chance)
        if payment is not None:
            _afterwards(deps, clock, payment, chance)


def _buy(deps: Deps, shop: Shop, chance: random.Random) -> Payment | None:
    currency = chance.choice(shop.currencies)
    name, price = chance.choice(PRODUCTS[currency])
    customer = chance.choice(NAMES)
    session_id = checkout.open_session(
        deps,
        OpenSession(
            merchant_id=shop.merchant_id,
            line_items=(LineItem(name, chance.choice((1, 1, 1, 2, 3)), Money(price, currency)),),
            currency=currency,
            actor="customer",
            description=name,
            capture_method="manual" if chance.random() < 0.06 else "automatic",
        ),
    )
    if chance.random() < 0.05:
        return None  # Left without paying: the checkout expires.
    cards = [card for card, _ in shop.cards]
    token = chance.choices(cards, [weight for _, weight in shop.cards])[0]
    email = f"{customer.split()[0].lower()}@example.com"
    view = checkout.pay(deps, PaySession(session_id, token, email, customer))
    if view.phase == "declined" and chance.random() < 0.6:
        view = checkout.pay(deps, PaySession(session_id, "pm_card_visa", email, customer))
    if view.payment_id is None:
        return None
    return payments.load(shop.merchant_id, view.payment_id)


def _afterwards(deps: Deps, clock: FrozenClock, payment: Payment, chance: random.Random) -> None:
    luck = chance.random()
    clock.advance(timedelta(seconds=chance.randint(30, 900)))
    if payment.status == "authorized":
        half = Money(max(payment.authorized_minor // 2, 1), payment.currency)
        if luck < 0.5:
            amount = half if luck < 0.15 else None
            payments.capture_payment(
                deps,
                payments.CapturePayment(
                    payment.merchant_id, payment.id, "user:owner@wren.example", amount
                ),
            )
        elif luck < 0.7:
            payments.cancel_payment(
                deps,
                payments.CancelPayment(payment.merchant_id, payment.id, "user:owner@wren.example"),
            )
    elif payment.status == "captured" and luck < 0.09:
        whole = Money(payment.captured_minor, payment.currency)
        part = Money(max(payment.captured_minor // 3, 1), payment.currency)
        refund_id = refunds.request_refund(
            deps,
            refunds.RequestRefund(
                payment.merchant_id,
                payment.id,
                part if luck < 0.04 else whole,
                "user:support@wren.example",
                reason=chance.choice(("requested_by_customer", "duplicate")),
            ),
        )
        refunds.submit_refund(deps, payment.merchant_id, refund_id)


def _finish(deps: Deps, shops: list[Shop], sandbox_url: str) -> dict[str, Any]:
    """Keys, a payment link, the shop in the sandbox and the webhooks: what the demo goes on with."""
    wren = shops[0].merchant_id
    secret_key = keys.create_key(deps, CreateKey(wren, name="Demo shop")).text
    publishable_key = keys.create_key(
        deps, CreateKey(wren, kind="publishable", name="Demo shop")
    ).text
    # What happened so far is told before anybody listens: the past is no news.
    while publishing.publish_due(deps, render):
        continue
    agree_ahead(deps, wren)
    make_market(deps, wren, shops[1].merchant_id)
    _listen(deps, wren, sandbox_url)
    link_id = merchants.create_link(deps, wren, title="Workshop place", amount=Money(12_500, "USD"))
    # The past was made here: none of it is news.
    account = accounts.account_of(deps, wren)
    polling.mark_seen(account.id, deps.clock.now() + polling.OVERLAP)
    _register_webhook(deps, wren, sandbox_url, "wren")
    requests.post(
        f"{sandbox_url}/control/api/shop",
        json={"farthing_url": deps.base_url, "secret_key": secret_key},
        timeout=TIMEOUT_SECONDS,
    ).raise_for_status()
    return {
        "payment_link": f"{deps.base_url}/buy/{link_id}",
        "dashboard_login": "owner@wren.example",
        "dashboard_password": PASSWORD,
        "shop_url": f"{sandbox_url}/shop",
        "secret_key": secret_key,
        "publishable_key": publishable_key,
        "merchant_id": wren,
    }


def _listen(deps: Deps, merchant_id: str, sandbox_url: str) -> None:
    """An endpoint in the sandbox that hears of everything from now on."""
    command = CreateEndpoint(
        merchant_id=merchant_id,
        id=new_id("we", deps.clock.now()),
        url=f"{sandbox_url}/receiver/demo",
        enabled_events=("*",),
        description="The demo's receiver: it shows what arrives",
    )
    created = create_endpoint(deps, command)
    requests.post(
        f"{sandbox_url}/control/api/receivers/demo",
        json={"secret": created.secret},
        timeout=TIMEOUT_SECONDS,
    )


def _register_webhook(deps: Deps, merchant_id: str, sandbox_url: str, tail: str) -> None:
    account = accounts.account_of(deps, merchant_id)
    answer = requests.post(
        f"{sandbox_url}/v1/webhook_endpoints",
        auth=(f"sk_test_{tail}", ""),
        data={"url": f"{deps.base_url}/hooks/stripe/{account.id}", "enabled_events[]": "*"},
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    accounts.set_webhook_secrets(deps, account.id, (answer.json()["secret"],))
