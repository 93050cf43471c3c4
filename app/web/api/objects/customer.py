"""A customer, as a Customer; a deleted one as no more than that."""

from collections.abc import Mapping
from typing import Any

from app.reports.objects.customers import Customer
from app.web.api.objects.ids import timestamp

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def customer(row: Customer, *, is_live: bool) -> dict[str, Any]:
    """The object."""
    if row.deleted_at is not None:
        return deleted_customer(row.id)
    return living_customer(row, is_live=is_live)


def living_customer(row: Customer, *, is_live: bool) -> dict[str, Any]:
    """The object as it was as long as it was there: what events tell, the last one too."""
    return {
        "id": row.id,
        "object": "customer",
        "address": address(row.address),
        "balance": 0,
        "created": timestamp(row.created_at),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": row.description,
        "discount": None,
        "email": row.email,
        "invoice_prefix": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": row.default_payment_method_id,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": is_live,
        "metadata": row.metadata_,
        "name": row.name,
        "phone": row.phone,
        "preferred_locales": [],
        "shipping": _shipping(row.shipping),
        "tax_exempt": "none",
        "test_clock": None,
    }


def deleted_customer(customer_id: str) -> dict[str, Any]:
    """What is left to tell of a deleted customer."""
    return {"id": customer_id, "object": "customer", "deleted": True}


def previous_attributes(previous: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """What an update's event says was there before: changed fields, and changed keys of metadata."""
    told: dict[str, Any] = {}
    for name, old in previous.items():
        if name == "default_payment_method_id":
            told["invoice_settings"] = {"default_payment_method": old}
        elif name == "metadata":
            keys = old.keys() | body["metadata"].keys()
            told["metadata"] = {
                key: old.get(key)
                for key in sorted(keys)
                if old.get(key) != body["metadata"].get(key)
            }
        else:
            makers = {"address": address, "shipping": _shipping}
            told[name] = makers[name](old) if name in makers else old
    return told


def address(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An address with every line of it, empty ones too."""
    return None if given is None else {name: given.get(name) for name in ADDRESS}


def _shipping(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {
        "address": address(given.get("address") or {}),
        "carrier": None,
        "name": given.get("name"),
        "phone": given.get("phone"),
        "tracking_number": None,
    }
