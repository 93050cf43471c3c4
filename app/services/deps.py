"""What use-cases are given: ports and decisions of the operator. Built once, in `app.wiring`."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from app.domain.bank_files import BankFiles
from app.domain.clock import Clock
from app.domain.customer_page import CustomerPage
from app.domain.fees import PriceList
from app.domain.fx import Rate, Settlement
from app.domain.ports import (
    Limiter,
    Mailer,
    PasswordHasher,
    Queue,
    RateProvider,
    Sealer,
    Sender,
    Signer,
)
from app.domain.processor import Processor
from app.domain.rails import PayoutRail

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A small memory of rows that hardly change; forgets after `seconds`."""

    def __init__(self, seconds: float, most: int = 10_000) -> None:
        self._seconds, self._most = seconds, most
        self._rows: dict[K, tuple[float, V]] = {}
        self._lock = threading.Lock()

    def get(self, key: K, load: Callable[[], V]) -> V:
        """The remembered value, or a fresh one."""
        row = self._rows.get(key)
        if row is not None and time.monotonic() - row[0] < self._seconds:
            return row[1]
        value = load()
        with self._lock:
            if len(self._rows) >= self._most:
                self._rows.clear()
            self._rows[key] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rows.clear()


@dataclass(frozen=True)
class Deps:
    """Everything a use-case may reach besides the store."""

    clock: Clock
    processors: Mapping[str, Processor]
    rails: Mapping[str, PayoutRail]
    bank_files: Mapping[str, BankFiles]
    queue: Queue
    sealer: Sealer
    signer: Signer
    hasher: PasswordHasher
    sender: Sender
    mailer: Mailer
    limiter: Limiter
    base_url: str
    customer_page: CustomerPage
    lease_seconds: int
    session_hours: int
    session_idle_minutes: int
    cooling_off_hours: int
    operator_email: str
    rate_provider: RateProvider | None = None
    fx_stale_hours: int = 96
    fx_fee_basis_points: int = 100
    failpoint: Callable[[str], None] = field(default=lambda _name: None)
    accounts: Remembered[tuple[str, str], object] = field(default_factory=lambda: Remembered(30))
    settlements: Remembered[str, Settlement] = field(default_factory=lambda: Remembered(30))
    rates: Remembered[tuple[str, str], Rate | None] = field(default_factory=lambda: Remembered(30))
    callers: Remembered[bytes, object] = field(default_factory=lambda: Remembered(30))
    prices: Remembered[tuple[str, date], PriceList] = field(default_factory=lambda: Remembered(30))
