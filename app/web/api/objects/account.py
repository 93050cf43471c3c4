"""A merchant's account in Stripe's shape."""

from typing import Any

from app.reports.objects.account import Account
from app.web.api.objects.ids import timestamp


def account(row: Account) -> dict[str, Any]:
    """The object, as the account's owner sees it."""
    return {
        "id": row.id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": row.name,
            "product_description": None,
            "support_address": None,
            "support_email": row.support_email,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {"card_payments": "active" if row.takes_payments else "inactive"},
        "charges_enabled": row.takes_payments,
        "controller": {"type": "account"},
        "country": row.country,
        "created": timestamp(row.created_at),
        "default_currency": row.default_currency.lower(),
        "details_submitted": True,
        "email": row.support_email,
        "metadata": {},
        "payouts_enabled": False,
        "settings": _settings(row),
        "type": "standard",
    }


def _settings(row: Account) -> dict[str, Any]:
    return {
        "branding": {
            "icon": None,
            "logo": None,
            "primary_color": row.accent,
            "secondary_color": None,
        },
        "card_payments": {
            "statement_descriptor_prefix": row.statement_descriptor,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": row.name, "timezone": row.timezone},
        "payments": {
            "statement_descriptor": row.statement_descriptor,
            "statement_descriptor_kana": None,
            "statement_descriptor_kanji": None,
        },
    }
