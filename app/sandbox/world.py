"""The parts of one running sandbox, and the chores of a world that moves by itself.

Chores are rows: a refund that settles later, an authorisation that expires. Each runs in a
transaction that also removes its row, so a restart neither loses nor repeats one.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from flask import current_app

from app.sandbox import (
    bank,
    cash_returns,
    charges,
    debits,
    idempotency,
    payment_intents,
    redirects,
    refunds,
)
from app.sandbox.call import Call
from app.sandbox.clock import SandboxClock, WallClock
from app.sandbox.store import Store

CHORES: dict[str, Callable[[Call, str], None]] = {
    "book_charge": charges.book_later,
    "refund_succeeds": refunds.succeed,
    "refund_fails": refunds.fail,
    "transfer_arrives": bank.pay,
    "transfer_comes_back": bank.come_back,
    "debit_answers": debits.answer,
    "return_arrives": cash_returns.arrive,
    "return_fails": cash_returns.fail,
    "debit_returns": debits.give_back,
    "redirect_expires": redirects.expire,
    "redirect_decides": redirects.decide,
    "expire_authorisation": payment_intents.expire_authorisation,
}
IDLE_SECONDS = 5.0


class World:
    """Store, clock and the thread that does the chores."""

    def __init__(
        self,
        data_dir: Path,
        wall: WallClock | None = None,
        chores: dict[str, Callable[[Call, str], None]] | None = None,
    ) -> None:
        """`chores` are those of the processors that stand upon this world."""
        self.chores = {**CHORES, **(chores or {})}
        data_dir.mkdir(parents=True, exist_ok=True)
        self.store = Store(data_dir / "sandbox.sqlite3")
        with self.store.transaction() as unit:
            self.clock = SandboxClock(wall, int(unit.setting("clock_offset") or 0))
            idempotency.forget_unfinished(unit)
        self._stirred = Event()
        self._stopped = False
        self._listeners: list[Callable[[], None]] = []
        self._thread = Thread(target=self._live, name="chores", daemon=True)

    def start(self) -> None:
        """Let time pass in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the background thread and let go of the file."""
        self._stopped = True
        self._stirred.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self.store.close()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every effect."""
        self._listeners.append(listener)

    def stir(self) -> None:
        """Something was committed: there may be chores or deliveries."""
        self._stirred.set()
        for listener in self._listeners:
            listener()

    def advance(self, seconds: int) -> None:
        """Move time forward and do at once what has become due."""
        with self.store.transaction() as unit:
            self.clock.advance(seconds)
            unit.set_setting("clock_offset", self.clock.offset_seconds)
        while self.do_chore():
            pass
        self.stir()

    def do_chore(self) -> bool:
        """Do the oldest chore that is due; whether there was one."""
        with self.store.transaction() as unit:
            row = unit.run(
                "SELECT id, account, kind, subject FROM chores WHERE due <= ? ORDER BY due LIMIT 1",
                (self.clock.exact(),),
            ).fetchone()
            if row is None:
                return False
            unit.run("DELETE FROM chores WHERE id = ?", (row[0],))
            self.chores[row[2]](Call(unit=unit, account=row[1], clock=self.clock), row[3])
        return True

    def _next_chore(self) -> float:
        with self.store.transaction() as unit:
            row = unit.run("SELECT min(due) FROM chores").fetchone()
        if row[0] is None:
            return IDLE_SECONDS
        return float(min(max(row[0] - self.clock.exact(), 0.01), IDLE_SECONDS))

    def _live(self) -> None:
        while not self._stopped:
            if self.do_chore():
                for listener in self._listeners:
                    listener()
                continue
            self._stirred.wait(self._next_chore())
            self._stirred.clear()


def current_world() -> World:
    """The world behind the request that is being answered."""
    world: World = current_app.extensions["sandbox"].world
    return world
