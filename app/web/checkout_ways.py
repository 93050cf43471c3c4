"""The ways to pay as the checkout shows them: which, in what order, and what is said of each."""

from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date

from app.domain.methods import CARD, Method, method_of, offered
from app.services.checkout_view import CheckoutView, PaymentView
from app.web.render import amount as written

_HINTS = {
    "card": "Credit, debit or prepaid",
    "sepa_debit": "From a bank account in the SEPA; the bank answers in days",
    "ach_debit": "From a bank account in the United States; the bank answers in days",
    "bank_transfer": "You send the money from your bank; paid when it has arrived",
}
_NAMES = {
    "card": "Name on card",
    "sepa_debit": "Account holder",
    "ach_debit": "Account holder",
    "bank_transfer": "Account holder",
}
_DAY = "EEEE, d MMMM"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay. `mandate` and `notice` are what the customer agrees to by paying."""

    name: str
    title: str
    hint: str
    template: str
    name_label: str
    mandate: str
    notice: str
    is_chosen: bool


def ways_of(view: CheckoutView, locale: Locale, chosen: str) -> list[Way]:
    """What the page offers, the likeliest first. A single way is chosen already."""
    found = offered(view.methods, view.amount, is_held=view.is_held, likely=locale.territory)
    names = [method.name for method in found]
    picked = chosen if chosen in names else next(iter(names), "")
    return [_way(method, view, locale, is_chosen=method.name == picked) for method in found]


def _way(method: Method, view: CheckoutView, locale: Locale, *, is_chosen: bool) -> Way:
    shop = view.merchant_name
    return Way(
        name=method.name,
        title=method.title,
        hint=_HINTS[method.name],
        template=f"checkout/methods/{method.name}.html",
        name_label=_NAMES[method.name],
        mandate=method.mandate_text(shop),
        notice=method.notice_text(shop, written(view.amount), day(view.debit_on, locale)),
        is_chosen=is_chosen,
    )


def day(at: date, locale: Locale) -> str:
    """A day as the reader's language says it."""
    return str(format_date(at, _DAY, locale=locale))


def day_of(text: str | None, locale: Locale) -> str:
    """A day that was written as ISO 8601; empty where there is none."""
    return day(date.fromisoformat(text), locale) if text else ""


def paid_with(view: PaymentView, card: str) -> str:
    """What a payment was made with, as a receipt names it: a card, an account."""
    if view.method == CARD:
        return card
    last4 = view.method_details.get("last4")
    title = method_of(view.method).title
    return f"{title} •••• {last4}".replace(" ", "\N{NO-BREAK SPACE}") if last4 else title
