"""Makers of what tests need: functions with sane defaults and keyword overrides, through the
use-cases only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import ClassVar

from app.domain.clock import Clock
from app.domain.escrow import Plan
from app.domain.money import Money
from app.domain.onward import Onward
from app.domain.payments import Payment
from app.domain.ports import PasswordHasher
from app.services import (
    accounts,
    bank_accounts,
    bank_deposits,
    books,
    checkout,
    conversions,
    creation,
    deliveries,
    escrow,
    expiry,
    fx,
    inbound,
    keys,
    ledger,
    merchants,
    notifications,
    onward,
    payout_files,
    payout_sending,
    payouts,
    polling,
    proof,
    publishing,
    refunds,
    resolver,
    reversals,
    sellers,
)
from app.services.audit import By
from app.services.bank_account_entry import AddAccount, add_account
from app.services.bank_accounts import VerifyAccount
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.checkout_view import CheckoutView
from app.services.creation import CreatePayment
from app.services.deps import Deps
from app.store.bank_accounts import deposits_of
from app.store.db import transaction
from app.web.api.events_out import render

PASSWORD = "correct horse battery"

# What bank accounts do in the sandbox; all of the American ones are at 110000000.
PAID_IBAN = "DE89370400440532013000"
PAID_AT_ONCE_IBAN = "DE94370400440532013007"
PAID_ACCOUNT = "000123456789"
ROUTING = "110000000"

# What Adyen signs its news with, at every shop of a test.
HMAC_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"

# What cards do in the sandbox.
VISA = "pm_card_visa"
DECLINED = "pm_card_chargeDeclined"
NO_FUNDS = "pm_card_chargeDeclinedInsufficientFunds"
NEEDS_3DS = "pm_card_threeDSecure2Required"

_numbers = count(1)


class TestClock:
    """Real time plus what a test advanced it by."""

    __test__ = False

    def __init__(self, real: Clock) -> None:
        self._real = real
        self._offset = timedelta()

    def now(self) -> datetime:
        """The moment the test wants."""
        return self._real.now() + self._offset

    def advance(self, step: timedelta) -> None:
        """Move on."""
        self._offset += step

    def reset(self) -> None:
        """Back to real time."""
        self._offset = timedelta()


class FakeQueue:
    """Remembers what was woken; `drain` runs it here, as the worker would."""

    def __init__(self) -> None:
        self._woken: list[str] = []
        self._deps: Deps | None = None

    def reset(self, deps: Deps) -> None:
        """Forget, and run jobs with these ports from now on."""
        self._woken.clear()
        self._deps = deps

    def wake(self, job: str) -> None:
        """Remember a wake-up."""
        self._woken.append(job)

    def started(self, job: str) -> None:
        """Nothing stands in the way of the next wake-up here."""

    def drain(self) -> list[str]:
        """Run what was woken until nothing is; gives the jobs that ran."""
        assert self._deps is not None
        ran: list[str] = []
        while self._woken:
            job = self._woken.pop(0)
            _JOBS[job](self._deps)
            ran.append(job)
        return ran


_JOBS: dict[str, Callable[[Deps], object]] = {
    "inbox": inbound.handle_due,
    "refunds": refunds.submit_due,
    "resolver": resolver.resolve_due,
    "reversals": reversals.reverse_due,
    "expiry": expiry.expire_due,
    "stale": resolver.refresh_stale,
    "books": books.close_books,
    "rates": fx.fetch_rates,
    "conversions": conversions.convert_due,
    "release": ledger.release_due,
    "paydays": payouts.pay_scheduled,
    "payouts": payout_sending.submit_due,
    "proofs": proof.run_due,
    "escrow": escrow.release_due,
    "onward": onward.transfer_due,
    "news": polling.poll_due,
    "events": lambda deps: publishing.publish_due(deps, render),
    "deliveries": deliveries.deliver_due,
    "deposits": bank_deposits.send_due,
    "files": payout_files.write_due,
    "mails": notifications.send_due,
}


@dataclass(frozen=True)
class Shop:
    """A merchant under test, and the sandbox account behind it."""

    merchant_id: str
    account_id: str
    tail: str
    secret_key: str
    email: str
    password: str = field(default=PASSWORD, repr=False)

    @property
    def sandbox_account(self) -> str:
        """The account's name in the sandbox's true record."""
        return f"acct_sbx_{self.tail}"

    @property
    def sandbox_key(self) -> str:
        """The account's secret key at the sandbox."""
        return f"sk_test_{self.tail}"


class RememberingHasher:
    """The real hasher, asked once for the password that all shops share: it is slow on purpose."""

    known: ClassVar[dict[str, str]] = {}

    def __init__(self, real: PasswordHasher) -> None:
        self._real = real

    def hash(self, password: str) -> str:
        """The same real hash each time."""
        if password not in self.known:
            self.known[password] = self._real.hash(password)
        return self.known[password]

    def verify(self, hashed: str, password: str) -> bool:
        """As the real one."""
        return self._real.verify(hashed, password)


def open_shop(
    deps: Deps, *, name: str = "Corner Shop", role: str = "owner", processor: str = "stripe"
) -> Shop:
    """A merchant with a connected account, an API key and a person who may sign in."""
    number = next(_numbers)
    tail = f"t{number}x{int(deps.clock.now().timestamp() * 1000)}"
    merchant_id = merchants.open_merchant(
        deps,
        merchants.OpenMerchant(name, "test", "US", "USD", "UTC", "help@shop.example"),
    )
    account_id = accounts.connect_account(deps, _account(processor, merchant_id, tail))
    email = f"{role}{number}@shop.example"
    quick = replace(deps, hasher=RememberingHasher(deps.hasher))
    user_id = merchants.add_user(quick, email=email, name="Robin", password=PASSWORD)
    merchants.add_member(deps, user_id=user_id, merchant_id=merchant_id, role=role)
    key = keys.create_key(deps, keys.CreateKey(merchant_id, name="Tests")).text
    return Shop(merchant_id, account_id, tail, key, email)


def _account(processor: str, merchant_id: str, tail: str) -> accounts.ConnectAccount:
    if processor == "adyen":
        keys_of = (f"test_{tail}", f"adyen_test_{tail}", (HMAC_KEY,))
        return accounts.ConnectAccount(merchant_id, processor, tail, *keys_of)
    keys_of = (f"pk_test_{tail}", f"sk_test_{tail}", ("whsec_test",))
    return accounts.ConnectAccount(merchant_id, processor, f"acct_sbx_{tail}", *keys_of)


def usd(text: str) -> Money:
    """`usd("49.99")`."""
    whole, _, cents = text.partition(".")
    return Money(int(whole) * 100 + int(cents.ljust(2, "0") or 0), "USD")


def make_payment(
    deps: Deps,
    shop: Shop,
    *,
    amount: Money | None = None,
    token: str = VISA,
    capture_method: str = "automatic",
    escrow: Plan | Onward | None = None,
) -> Payment:
    """A payment tried at the sandbox, as an API call without a key makes it."""
    made = creation.create_payment(
        deps,
        CreatePayment(
            merchant_id=shop.merchant_id,
            amount=amount or usd("50.00"),
            actor="api:test",
            payment_method_token=token,
            capture_method=capture_method,
            customer_email="ada@example.com",
            escrow=None if escrow is None else escrow.stored(),
        ),
    )
    assert isinstance(made, Payment)
    return made


def connect_sellers(deps: Deps, shop: Shop, *names: str, basis_points: int = 0) -> list[str]:
    """Merchant accounts that the shop, as a platform, may transfer to; gives their ids."""
    found = []
    for name in names:
        merchant_id = merchants.open_merchant(
            deps,
            merchants.OpenMerchant(name, "test", "US", "USD", "UTC", "help@seller.example"),
        )
        sellers.connect_seller(
            deps, sellers.ConnectSeller(shop.merchant_id, merchant_id, basis_points)
        )
        found.append(merchant_id)
    return found


def open_checkout(
    deps: Deps,
    shop: Shop,
    *,
    amount: Money | None = None,
    capture_method: str = "automatic",
    expires_at: datetime | None = None,
    success_url: str | None = None,
) -> str:
    """An open checkout of one line; gives its id."""
    price = amount or usd("49.99")
    return checkout.open_session(
        deps,
        OpenSession(
            merchant_id=shop.merchant_id,
            line_items=(LineItem("Walnut tray", 1, price),),
            currency=price.currency,
            actor="api:test",
            capture_method=capture_method,
            expires_at=expires_at,
            success_url=success_url,
        ),
    )


def pay_checkout(deps: Deps, session_id: str, token: str = VISA) -> CheckoutView:
    """Press Pay with a token."""
    return checkout.pay(deps, PaySession(session_id, token, "ada@example.com", "Ada Novak"))


def add_bank_account(
    deps: Deps,
    shop: Shop,
    number: str = PAID_ACCOUNT,
    *,
    currency: str = "USD",
    is_sent: bool = True,
) -> str:
    """A new bank account, its micro-deposits sent; gives its id."""
    is_iban = number[0].isalpha()
    account_id = add_account(
        deps,
        AddAccount(
            merchant_id=shop.merchant_id,
            holder_name="Corner Shop Ltd",
            currency=currency,
            kind="iban" if is_iban else "us_account",
            iban=number if is_iban else "",
            routing="" if is_iban else ROUTING,
            number="" if is_iban else number,
            by=By(f"user:{shop.email}", "192.0.2.7"),
        ),
    )
    if is_sent:
        bank_deposits.send_due(deps)
    return account_id


def bank_amounts(shop: Shop, account_id: str) -> tuple[Money, Money]:
    """What the account's statement shows."""
    with transaction() as session:
        first, second = deposits_of(session, shop.merchant_id, account_id)
        return first.amount, second.amount


def verified_bank_account(
    deps: Deps, shop: Shop, number: str = PAID_ACCOUNT, *, currency: str = "USD"
) -> str:
    """A bank account that may be paid out to; the first of its currency is the default one."""
    account_id = add_bank_account(deps, shop, number, currency=currency)
    amounts = bank_amounts(shop, account_id)
    by = By(f"user:{shop.email}")
    bank_accounts.verify_account(deps, VerifyAccount(shop.merchant_id, account_id, amounts, by))
    return account_id
