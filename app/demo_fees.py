"""The demo's fees: one merchant that has agreed on others than the standard, twice so far and once more."""

from datetime import timedelta
from typing import Any

from app.services.audit import By
from app.services.deps import Deps
from app.services.fees import SetSchedule, set_schedule

ABROAD: dict[str, Any] = {"corridors": [{"basis_points": 150}], "conversion_basis_points": 100}
# After which part of the days, in hundredths, and what was agreed on then.
AGREED: tuple[tuple[int, dict[str, Any]], ...] = (
    (25, ABROAD | {"basis_points": 275, "fixed": 30}),
    (60, ABROAD | {"basis_points": 260, "fixed": 25, "on_refund": "percentage"}),
)
COMING: dict[str, Any] = ABROAD | {
    "basis_points": 260,
    "fixed": 25,
    "on_refund": "percentage",
    "by_volume": [{"above": 5_000_000, "basis_points": 235}],
}
NOTICE = timedelta(days=21)
_BY = By("operator:ada")


def agree(deps: Deps, merchant_id: str, *, day: int, days: int) -> None:
    """Agree on what falls due on this day of so many, if anything does."""
    for part, rules in AGREED:
        if day == days * part // 100:
            set_schedule(deps, SetSchedule(merchant_id, "card", rules, by=_BY))


def agree_ahead(deps: Deps, merchant_id: str) -> None:
    """Agree on prices that begin in some weeks."""
    begins = (deps.clock.now() + NOTICE).replace(hour=0, minute=0, second=0, microsecond=0)
    set_schedule(deps, SetSchedule(merchant_id, "card", COMING, begins, _BY))
