"""SCHEMAS: the shape of every object that the API answers with, by the object's name."""

from app.web.api.schemas import (
    accounts,
    checkouts,
    customers,
    errors,
    events,
    funds,
    payments,
    transfers,
)
from app.web.api.schemas.dsl import Schema

SCHEMAS: dict[str, Schema] = {
    **payments.SCHEMAS,
    **customers.SCHEMAS,
    **checkouts.SCHEMAS,
    **events.SCHEMAS,
    **funds.SCHEMAS,
    **transfers.SCHEMAS,
    **accounts.SCHEMAS,
    **errors.SCHEMAS,
}
