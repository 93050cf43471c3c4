"""Exchange rates: fetched by a job, derived and stored when first needed, refused when stale."""

import logging

from app.domain.errors import RatesUnreadable, RateUnavailable
from app.domain.fx import PIVOT, Rate, Settlement, derived
from app.services.deps import Deps
from app.store import fx as store
from app.store.db import db, end_read, transaction
from app.store.merchants import Merchant

log = logging.getLogger(__name__)


def fetch_rates(deps: Deps) -> int:
    """Fetch the newest list; gives how many rates were new. Safe to repeat: a rate is kept once."""
    provider = deps.rate_provider
    if provider is None:
        return 0
    try:
        quotes = provider.latest()
    except RatesUnreadable as error:
        # Said at each run; conversions go on while the last rates are fresh, and then wait.
        log.error("rates.unreadable", extra={"source": provider.name, "why": error.message})  # noqa: TRY400 - told in full
        return 0
    with transaction() as session:
        return store.add(session, provider.name, quotes, deps.clock.now())


def fresh_rate(deps: Deps, base: str, quote: str) -> Rate | None:
    """The newest stored rate, remembered for a moment; None if there is none or it is stale.

    Not to be called inside a unit of work: a rate that is needed for the first time is stored here.
    """
    rate = deps.rates.get((base, quote), lambda: _load(deps, base, quote))
    if rate is None or rate.is_stale(deps.clock.now(), deps.fx_stale_hours):
        return None
    return rate


def required_rate(deps: Deps, base: str, quote: str) -> Rate:
    """As `fresh_rate`; raises RateUnavailable saying what is missing."""
    rate = fresh_rate(deps, base, quote)
    if rate is None:
        raise no_rate(deps, base, quote)
    return rate


def no_rate(deps: Deps, base: str, quote: str) -> RateUnavailable:
    """What to say where nothing can be converted now."""
    return RateUnavailable(
        f"There is no exchange rate from {base} to {quote} that is newer than"
        f" {deps.fx_stale_hours} hours. Try again when rates have come in."
    )


def settlement_of(deps: Deps, merchant_id: str) -> Settlement:
    """In which currencies a merchant settles, remembered for a moment."""
    return deps.settlements.get(merchant_id, lambda: _load_settlement(merchant_id))


def _load_settlement(merchant_id: str) -> Settlement:
    merchant = db.session.get_one(Merchant, merchant_id, populate_existing=True)
    end_read()
    chosen = merchant.settlement_currencies
    return Settlement(merchant.default_currency, None if chosen is None else frozenset(chosen))


def _load(deps: Deps, base: str, quote: str) -> Rate | None:
    """The newest rate; one that no source quotes is derived from the newest ones of EUR, and kept."""
    source = deps.rate_provider.name if deps.rate_provider else ""
    with transaction() as session:
        if base == PIVOT:
            return store.newest(session, source, base, quote)
        made = derived(base, quote, store.newest_of_pivot(session, source, (base, quote)))
        if made is None:
            return None
        store.add(session, source, [made], deps.clock.now())
        return store.newest(session, source, base, quote)
