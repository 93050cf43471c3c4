"""The reference's examples, made to run: their sample ids give way to those of real answers."""

from collections.abc import Callable
from typing import Any

from app.web.api.examples import (
    EXAMPLES,
    HELD,
    HELD_CHARGE,
    HOOK,
    ORDER,
    SELLER,
    STOPPED,
    UNWANTED,
    Example,
)

Json = dict[str, Any]
Ask = Callable[[Example], Json]

# What no example makes, and some of them need.
_HOLD = {"confirm": True, "capture_method": "automatic", "escrow": {"enabled": True}}
PREPARED = (
    Example("POST", "/v1/payment_intents", "", params=ORDER, saves={UNWANTED: "id"}),
    Example(
        "POST",
        "/v1/payment_intents",
        "",
        params=ORDER | _HOLD,
        saves={HELD: "id", HELD_CHARGE: "latest_charge"},
    ),
)

# Calls that cannot succeed yet, and so have no example.
NEVER = {
    ("POST", "/v1/refunds/{refund}/cancel"),
    ("GET", "/v1/disputes/{dispute}"),
    ("GET", "/v1/files/{file}"),
}


class Story:
    """The examples in their order. `ask` makes one of them and gives its answer; `seller` is connected
    to the account, and `payout` is one of it that the bank was not asked to carry.
    """

    def __init__(
        self, ask: Callable[["Story", Example], Json], hook: str, seller: str, payout: str
    ) -> None:
        self._ask = ask
        self._real = {HOOK: hook, SELLER: seller, STOPPED: payout}

    def text(self, written: str) -> str:
        """What is written, with real ids in it."""
        for sample, real in self._real.items():
            written = written.replace(sample, real)
        return written

    def values(self, found: Any) -> Any:
        """The same for parameters."""
        if isinstance(found, dict):
            return {name: self.values(value) for name, value in found.items()}
        if isinstance(found, list):
            return [self.values(value) for value in found]
        return self.text(found) if isinstance(found, str) else found

    def tell(self, *, have: Callable[[Example], bool] = lambda _: True) -> list[Example]:
        """Make them all, those first that others need; gives those that were made."""
        told = [one for one in (*PREPARED, *EXAMPLES) if have(one)]
        for example in told:
            answer = self._ask(self, example)
            for sample, field in example.saves.items():
                self._real[sample] = at(answer, field)
        return told


def at(answer: Any, field: str) -> str:
    """A field of an answer: `data.0.id`."""
    for step in field.split("."):
        answer = answer[int(step) if step.isdigit() else step]
    assert isinstance(answer, str)
    return answer
