"""ROUTES: every call of the API, a line each in the file of its resource."""

from app.web.api.call import Route
from app.web.api.resources import (
    account,
    balance,
    charges,
    checkout_sessions,
    customers,
    disputes,
    escrow_holds,
    events,
    files,
    payment_intents,
    payment_methods,
    payouts,
    refunds,
    search,
    transfers,
    webhook_endpoints,
)

# Searches first: "search" must not be taken for an id.
ROUTES: tuple[Route, ...] = (
    *search.ROUTES,
    *payment_intents.ROUTES,
    *charges.ROUTES,
    *refunds.ROUTES,
    *customers.ROUTES,
    *payment_methods.ROUTES,
    *checkout_sessions.ROUTES,
    *events.ROUTES,
    *webhook_endpoints.ROUTES,
    *balance.ROUTES,
    *payouts.ROUTES,
    *disputes.ROUTES,
    *transfers.ROUTES,
    *escrow_holds.ROUTES,
    *files.ROUTES,
    *account.ROUTES,
)
