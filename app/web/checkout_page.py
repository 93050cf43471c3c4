"""The words and figures of the checkout for each phase of a payment.

Everything shown comes from the server's view of the session. The rule kept: every page on which an
attempt can end says whether money was taken, and none says so before the payment's own state does.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from babel.dates import format_datetime
from flask import g, request, url_for

from app.domain.bank_money import is_transfer
from app.domain.methods import CARD
from app.domain.money import Money
from app.services.checkout_view import CheckoutView, PaymentView
from app.web.amounts import first_locale, parse_locale
from app.web.checkout_brand import accent_of
from app.web.checkout_scripts import script_words
from app.web.checkout_slips import END_HEADINGS, slip_of
from app.web.checkout_transfers import end_words, transfer_of
from app.web.checkout_ways import (
    day_of,
    decider_of,
    end_heading,
    express_of,
    is_provided,
    moves_of,
    paid_with,
    ways_of,
)
from app.web.render import amount as written

_PAYABLE = frozenset({"form", "declined", "action", "redirect", "verify"})
_TEMPLATES = {
    "form": "form",
    "declined": "form",
    "action": "action",
    "redirect": "redirect",
    "checking": "checking",
    "verify": "verify",
    "transfer": "transfer",
    "pending": "pending",
}
_TITLES = {
    "form": "Payment",
    "declined": "Payment",
    "action": "Confirm with your bank",
    "redirect": "Continue to {}",
    "checking": "Checking with {}",
    "verify": "Verify your bank account",
    "transfer": "Send the money by bank transfer",
    "pending": "Your bank was told to pay",
}
_DATE = "d MMM y, HH:mm 'UTC'"
_VERBS = {"pay": "Pay", "book": "Book", "donate": "Donate"}
_HEADINGS = {"pay": "Pay {}", "book": "Book with {}", "donate": "Donate to {}"}
_BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell the customer above the form."""

    tone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing bought."""

    name: str
    detail: str
    amount: str


@dataclass(frozen=True, slots=True)
class End:
    """What an end page says: about the money first."""

    money: str
    text: str
    return_label: str
    moves_on: bool = False
    note: str = ""


STALE = Notice(
    "warn",
    "Please press the button once more",
    "This page had been open for a while, so we renewed it. What you typed is still here."
    " You have not been charged.",
)

_ANOTHER = Notice(
    "info",
    "Choose another way to pay",
    "The bank did not finish this payment. You have not been charged.",
)


def another_way(view: PaymentView) -> Notice:
    """What is said of the try before; of a provider's page, that it may have been confirmed just now."""
    if view.phase != "redirect":
        return _ANOTHER
    where = decider_of(view)
    return replace(
        _ANOTHER,
        text=f"{where} has not told us of a confirmation. If you confirmed there a moment ago, wait for the"
        " result instead: this order is never charged twice.",
    )


def locale_asked() -> str | None:
    """The `?locale=` of the address, when there is such a locale."""
    asked = request.args.get("locale", "")
    return asked if parse_locale(asked) else None


def reader_locale(chosen: str | None = None) -> Locale:
    """How this reader writes amounts: `?locale=`, the session's, the browser's, else en-US."""
    return first_locale(
        [request.args.get("locale", ""), chosen or "", *request.accept_languages.values()]
    )


def safe_url(url: str | None, session_id: str = "") -> str | None:
    """A merchant's return address, checked once more before a browser is sent there."""
    if not url or any(character <= " " or character in "\\\x7f" for character in url):
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        return None
    return url.replace("{CHECKOUT_SESSION_ID}", session_id)


def page_words(
    view: CheckoutView,
    errors: dict[str, str],
    notice: Notice | None,
    face: str,
    chosen: str = "",
) -> dict[str, object]:
    """All that the templates need besides the form's own values; `face` is the phase to show, `chosen`
    the way to pay that the customer picked before.
    """
    g.locale = locale = reader_locale(view.locale)
    amount = written(shown_amount(view))
    is_ended = view.phase in END_HEADINGS
    heading = end_heading(view) or _form_heading(view)
    title = _TITLES.get(face, heading).format(decider_of(view))
    if view.phase == "declined" and view.decline and not notice and not errors:
        notice = Notice("error", view.decline.title, view.decline.text)
    prefix = "Error: " if errors or (notice and notice.tone == "error") else ""
    back = safe_url(view.cancel_url, view.session_id)
    onward = safe_url(view.success_url, view.session_id)
    has_money_moved = view.phase in ("paid", "authorized", "pending", "verify", "transfer")
    return {
        "view": view,
        **_addresses(view),
        **script_words(view, face),
        "title": f"{prefix}{title} · {view.merchant_name}",
        "ways": ways_of(view, locale, chosen or view.method),
        "express": express_of(view),
        **method_words(view, locale),
        "heading": heading,
        "verb": _VERBS[_submit_type(view)],
        "amount": amount,
        "lines": [_line(item, view.amount.currency) for item in view.line_items],
        "slip": slip_of(view),
        "facts": facts_of(view, locale),
        "end": _end_of(view, amount) if is_ended else None,
        "errors": errors,
        "notice": notice,
        "accent": accent_of(view.merchant_brand),
        "monogram": monogram_of(view),
        "cancel_url": back if view.phase in _PAYABLE else None,
        "return_url": onward if has_money_moved else back,
        "is_payable": view.phase in _PAYABLE,
        "phase_template": _TEMPLATES.get(face, "done"),
        "locale_asked": locale_asked(),
    }


def method_words(view: PaymentView, locale: Locale) -> dict[str, Any]:
    """What is said of the method that a payment is made with."""
    return {
        "paid_with": paid_with(view, _card(view)),
        "decider": decider_of(view),
        "expected": day_of(view.method_details.get("expected_on"), locale),
        "arrives": day_of(view.action.get("arrives_on"), locale),
        "transfer": transfer_of(view),
    }


def _addresses(view: CheckoutView) -> dict[str, str]:
    """Where the page asks and sends; the bank's question has other ones on its own page."""
    this: dict[str, Any] = {"session_id": view.session_id}
    locale = locale_asked()
    return {
        "page_url": url_for("checkout.session", **this, locale=locale),
        "state_url": url_for("checkout.state", **this),
        "authenticated_url": url_for("checkout.authenticated", **this, locale=locale),
        "another_url": url_for("checkout.session", **this, locale=locale, another=1),
    }


def shown_amount(view: PaymentView) -> Money:
    """What is asked; once money was taken, what was really taken: a merchant may take a part."""
    captured = view.captured
    return captured if view.phase in ("paid", "returned") and captured else view.amount


def _since(view: PaymentView) -> str:
    """What became of the money besides: the part that was let go, the part that was given back."""
    refunded = view.refunded
    let_go = view.amount - shown_amount(view)
    sentences = [f"The rest of the {written(view.amount)} was let go."] if let_go else []
    if refunded:
        back = "card" if view.method == CARD else "account"
        way = f"through {decider_of(view)}" if is_provided(view) else f"to your {back}"
        sentences.append(f"{written(refunded)} was given back {way}.")
    return " ".join([*sentences, "Keep the receipt number in case you need help with it."])


def _form_heading(view: CheckoutView) -> str:
    return _HEADINGS[_submit_type(view)].format(view.merchant_name)


def _submit_type(view: CheckoutView) -> str:
    return view.submit_type if view.submit_type in _VERBS else "pay"


def monogram_of(view: PaymentView) -> str:
    """Two letters that stand for the shop."""
    text = str(view.merchant_brand.get("logo_text") or "")
    if 0 < len(text) <= 2:
        return text
    return "".join(word[0] for word in view.merchant_name.split()[:2]).upper()


def _line(item: dict[str, object], currency: str) -> Line:
    quantity = int(str(item.get("quantity") or 1))
    total = Money(int(str(item["amount_minor"])), currency)
    details = [str(item["description"])] if item.get("description") else []
    if quantity > 1:
        each = written(Money(int(str(item["unit_amount_minor"])), currency))
        details.append(f"{quantity} × {each}")  # noqa: RUF001 - The sign of multiplication is meant.
    return Line(str(item["name"]), " · ".join(details), written(total))


def _card(view: PaymentView) -> str:
    brand = _BRANDS.get(view.card_brand or "", "Card")
    text = f"{brand} •••• {view.card_last4}".replace(" ", "\N{NO-BREAK SPACE}")
    return text if view.card_last4 else ""


def facts_of(view: PaymentView, locale: Locale) -> list[tuple[str, str]]:
    """What a receipt says, once money was taken or reserved."""
    if view.phase not in ("paid", "authorized", "pending"):
        return []
    facts = [
        ("Merchant", view.merchant_name),
        ("Card" if view.method == CARD else "Paid with", paid_with(view, _card(view))),
        ("Date", format_datetime(view.paid_at, _DATE, locale=locale) if view.paid_at else ""),
        ("Receipt number" if view.phase == "paid" else "Reference", view.receipt_number or ""),
        ("E-mail", view.email or ""),
    ]
    return [(term, fact) for term, fact in facts if fact]


def _end_of(view: CheckoutView, amount: str) -> End:
    if view.phase != "expired":
        return end_of(view, amount)
    shop = view.merchant_name
    kept = "Your card details were not kept. " if view.method == CARD else ""
    return End(
        money="You have not been charged.",
        text=f"{kept}To pay, start again at {shop}.",
        return_label=f"Go back to {shop}",
        note="" if view.cancel_url else f"Ask {shop} for a new payment link.",
    )


def end_of(view: PaymentView, amount: str) -> End:
    """The end of a payment that was paid, reserved, canceled, or given back."""
    shop = view.merchant_name
    card = paid_with(view, _card(view), " in ") or "your card"
    taken, held, given = moves_of(view)
    back = f"Go back to {shop}"
    told = end_words(view, amount) if is_transfer(view.method) else None
    if told is not None:
        moves_on = view.phase == "paid"
        label = f"Continue to {shop}" if moves_on else back
        return End(*told[:2], return_label=label, moves_on=moves_on, note=told[2])
    if view.phase == "paid":
        return End(
            money=f"{amount} {taken} {card}.",
            text=_since(view),
            return_label=f"Continue to {shop}",
            moves_on=True,
        )
    if view.phase == "authorized":
        return End(
            money="No money has been taken yet.",
            text=f"{amount} {held} {card}, to be taken when {shop} confirms your order.",
            return_label=f"Continue to {shop}",
            moves_on=True,
        )
    if view.phase == "refused":
        return End(
            money="You have not been charged.",
            text=f"Your bank did not make the payment from {card}. The order is not paid.",
            return_label=back,
            note=f"To buy after all, start again at {shop}.",
        )
    if view.phase == "taken_back":
        return End(
            money=f"{amount} is back in {card}.",
            text=f"Your bank took the payment back after it had been made. {shop} was told.",
            return_label=back,
            note=f"If that was not what you wanted, write to {shop}.",
        )
    if view.phase == "returned":
        is_back = view.refunded is not None and view.refunded == view.captured
        return End(
            money=f"{amount} {'was' if is_back else 'is being'} {given} {card}.",
            text="The payment had ended before it was confirmed. It may take a few days to be shown to you.",
            return_label=back,
            note=f"To buy after all, start again at {shop}.",
        )
    return End(
        money="You have not been charged.",
        text="If your bank shows a reserved amount, it disappears by itself within a few days.",
        return_label=back,
    )
