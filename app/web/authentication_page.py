"""The words of the bank's question on a page of its own, and the address that leads back to the shop.

Where an end is the checkout's as well, its words are the checkout's.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import g, request, url_for

from app.services.authentication import AuthenticationView
from app.web.checkout_brand import accent_of
from app.web.checkout_page import (
    End,
    end_of,
    facts_of,
    locale_asked,
    method_words,
    monogram_of,
    reader_locale,
    safe_url,
    shown_amount,
)
from app.web.checkout_scripts import script_words
from app.web.checkout_slips import SLIPS, Slip
from app.web.checkout_ways import decider_of, end_heading, is_provided
from app.web.client_secrets import client_secret
from app.web.render import amount as written

_NOT_CHARGED = Slip("Amount", "Total", "grey", "Not charged")

_OWN_HEADINGS = {
    "action": "Your bank wants to confirm this payment",
    "redirect": "Continue to {}",
    "checking": "Checking with {}",
    "verify": "Verify your bank account",
    "transfer": "Send the money by bank transfer",
    "pending": "Your bank was told to pay",
    "failed": "This payment was not made",
    "expired": "This payment has expired",
    "untried": "There is nothing to confirm",
}
_PROVIDER_FAILED = "It was not confirmed at {}, or declined there. Another way to pay may work."
_OWN_ENDS = {
    "failed": "Your bank did not confirm it, or declined it. Another card may work.",
    "expired": "It was not confirmed in time. Nothing that you typed was kept.",
    "untried": "No card has been tried for this payment yet.",
}
_NOTHING_TAKEN = (*_OWN_ENDS, "canceled")
_TEMPLATES = {
    "action": "confirm",
    "redirect": "redirect",
    "checking": "checking",
    "verify": "verify",
    "transfer": "transfer",
    "pending": "pending",
}
_STATUSES = {
    "paid": "succeeded",
    "authorized": "succeeded",
    "checking": "pending",
    "pending": "pending",
    "verify": "pending",
    "redirect": "pending",
    "transfer": "pending",
}


def way_back(view: AuthenticationView) -> str | None:
    """The merchant's address, told how it went; None where there is none.

    It is for the customer's eyes: nothing in it proves anything, and the API tells how it is.
    """
    address = safe_url(view.return_url)
    if address is None or view.payment_id is None:
        return None
    told = urlencode(
        {
            "payment_intent": view.payment_id,
            "payment_intent_client_secret": client_secret(view.payment_id),
            "redirect_status": _STATUSES.get(view.phase, "failed"),
        }
    )
    parts = urlsplit(address)
    return parts._replace(query=f"{parts.query}&{told}" if parts.query else told).geturl()


def page_words(view: AuthenticationView, *, goes_on: bool) -> dict[str, Any]:
    """All that the checkout's templates need; `goes_on`: the browser leaves for the shop at once."""
    g.locale = locale = reader_locale()
    is_asked = view.phase in ("action", "redirect", "verify")
    amount = written(shown_amount(view))
    back = way_back(view)
    heading = _OWN_HEADINGS.get(view.phase) or str(end_heading(view))
    heading = heading.format(decider_of(view))
    leave_url = address_of(view.payment_id, "ask", leave=1) if is_asked and back else None
    return {
        "view": view,
        **script_words(view, view.phase),
        "page_url": address_of(view.payment_id, "ask"),
        "state_url": address_of(view.payment_id, "state"),
        "authenticated_url": address_of(view.payment_id, "authenticated"),
        "title": f"{heading} · {view.merchant_name}",
        "heading": heading,
        "amount": amount,
        "lines": [],
        "slip": _NOT_CHARGED if view.phase in _NOTHING_TAKEN else SLIPS[view.phase],
        "facts": facts_of(view, locale),
        **method_words(view, locale),
        "end": _end(view, amount, goes_on=goes_on) if view.phase not in _TEMPLATES else None,
        "accent": accent_of(view.merchant_brand),
        "monogram": monogram_of(view),
        "cancel_url": leave_url,
        "leave_url": leave_url,
        "return_url": back,
        "onward": back if goes_on else None,
        "begins_itself": view.phase == "action",
        "is_payable": is_asked,
        "phase_template": _TEMPLATES.get(view.phase, "done"),
        "locale_asked": locale_asked(),
    }


def address_of(payment_id: str | None, name: str, **more: Any) -> str:
    """An address of this page's own, opened by what opened this one."""
    kept: dict[str, Any] = {key: request.args.get(key) for key in ("account", "client_secret")}
    values = kept | {"payment_id": payment_id, "locale": locale_asked()} | more
    return url_for(f"authentication.{name}", **values)


def _end(view: AuthenticationView, amount: str, *, goes_on: bool) -> End:
    text = _OWN_ENDS.get(view.phase)
    if view.phase == "failed" and is_provided(view):
        text = _PROVIDER_FAILED.format(decider_of(view))
    if text is None:
        end = end_of(view, amount)
        return replace(end, moves_on=end.moves_on and not goes_on)
    return End("You have not been charged.", text, f"Go back to {view.merchant_name}")
