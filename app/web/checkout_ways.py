"""The ways to pay as the checkout shows them: which, in what order, and what is said of each."""

from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date

from app.domain.methods import CARD, METHODS, Flow, Method, method_of, offered
from app.services.checkout_view import CheckoutView, PaymentView
from app.web.checkout_slips import END_HEADINGS
from app.web.render import amount as written

_HINTS = {
    "card": "Credit, debit or prepaid",
    "sepa_debit": "From a bank account in the SEPA; the bank answers in days",
    "ach_debit": "From a bank account in the United States; the bank answers in days",
    "paypal": "You will be redirected to PayPal",
    "klarna": "Pay later or in parts; you will be redirected to Klarna",
    "bank_transfer": "You send the money from your bank; paid when it has arrived",
}
_NAMES = {
    "card": "Name on card",
    "sepa_debit": "Account holder",
    "ach_debit": "Account holder",
    "bank_transfer": "Account holder",
}
# What the button does where it does not pay.
_BUTTONS = {Flow.REDIRECT: "Continue to {}", Flow.TRANSFER: "Get the bank details"}
# How money is said to move: from and to a card or an account, or at a provider.
_MOVES = {
    False: ("was taken from", "is reserved on", "given back to"),
    True: ("was paid with", "is reserved with", "given back through"),
}
_DAY = "EEEE, d MMMM"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay. `mandate` and `notice` are what the customer agrees to by paying; `countries` are
    those to choose from, by code and name, where it matters; `leads_to` is the provider whose page is next;
    `button` is what the button says, empty where it pays.
    """

    name: str
    title: str
    hint: str
    template: str
    name_label: str
    mandate: str
    notice: str
    countries: tuple[tuple[str, str], ...]
    home: str
    leads_to: str
    button: str
    is_chosen: bool


def ways_of(view: CheckoutView, locale: Locale, chosen: str) -> list[Way]:
    """What the page offers, the likeliest first. A single way is chosen already."""
    able = offered(view.methods, view.amount, is_held=view.is_held, likely=locale.territory)
    found = [method for method in able if method.flow is not Flow.EXPRESS]
    names = [method.name for method in found]
    picked = chosen if chosen in names else next(iter(names), "")
    return [_way(method, view, locale, is_chosen=method.name == picked) for method in found]


def express_of(view: CheckoutView) -> str:
    """The wallets whose buttons stand above the form, where the customer's browser has them."""
    names = [name for name in view.methods if METHODS[name].flow is Flow.EXPRESS]
    return " ".join(names)


def _way(method: Method, view: CheckoutView, locale: Locale, *, is_chosen: bool) -> Way:
    shop = view.merchant_name
    is_elsewhere = method.flow is Flow.REDIRECT
    countries = method.countries_for(view.amount)
    named = {code: str(locale.territories.get(code, code)) for code in countries}
    return Way(
        name=method.name,
        title=method.title,
        hint=_HINTS[method.name],
        template=f"checkout/methods/{'redirect' if is_elsewhere else method.name}.html",
        name_label=_NAMES.get(method.name, "Full name"),
        mandate=method.mandate_text(shop),
        notice=method.notice_text(
            shop, written(view.amount), day(method.debited_on(view.today), locale)
        ),
        countries=tuple(sorted(named.items(), key=lambda one: one[1])),
        home=countries[0] if len(countries) == 1 else _near(locale, countries),
        leads_to=method.title if is_elsewhere else "",
        button=_BUTTONS.get(method.flow, "").format(method.title),
        is_chosen=is_chosen,
    )


def _near(locale: Locale, countries: tuple[str, ...]) -> str:
    return locale.territory if locale.territory in countries else ""


def day(at: date, locale: Locale) -> str:
    """A day as the reader's language says it."""
    return str(format_date(at, _DAY, locale=locale))


def day_of(text: str | None, locale: Locale) -> str:
    """A day that was written as ISO 8601; empty where there is none."""
    return day(date.fromisoformat(text), locale) if text else ""


def paid_with(view: PaymentView, card: str, joint: str = " · ") -> str:
    """What a payment was made with, as a receipt names it: a card and the wallet it is in, or an account.
    `joint` stands between card and wallet.
    """
    if view.method == CARD:
        wallet = METHODS.get(view.wallet)
        return f"{card}{joint}{wallet.title}" if wallet and card else card
    last4 = view.method_details.get("last4")
    title = method_of(view.method).title
    return f"{title} •••• {last4}".replace(" ", "\N{NO-BREAK SPACE}") if last4 else title


def is_provided(view: PaymentView) -> bool:
    """Whether it is paid at a provider, and not from a card or an account that we could name."""
    return method_of(view.method).flow is Flow.REDIRECT


def decider_of(view: PaymentView) -> str:
    """Who decides on the payment, as a customer would say it."""
    return method_of(view.method).title if is_provided(view) else "your bank"


def end_heading(view: PaymentView) -> str | None:
    """The heading over an end; None while there is none."""
    if view.phase == "authorized" and view.method != CARD:
        return "Your payment is authorised"
    return END_HEADINGS.get(view.phase)


def moves_of(view: PaymentView) -> tuple[str, str, str]:
    """How its money is said to be taken, held and given back."""
    return _MOVES[is_provided(view)]
