"""Pages and their fragments, and how values are written in them.

A fragment is a named block of the page's own template: htmx asks for the block, the browser for the page.
`ui` (the components' macros) is a Jinja global, because a macro imported by a page is undefined when only
one block of it is rendered.
"""

import copy
import hashlib
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal
from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    url_for,
)
from htmx_flask import request

from app.domain.errors import AmountInvalid
from app.domain.money import Money, parse_amount
from app.web import amounts
from app.web.context import deps, may, person_or_none

_A_DAY_SECONDS = 86_400
THEMES = ("light", "dark")
NOT_NOTHING = "Enter an amount greater than zero."


def init_app(app: Flask) -> None:
    """Teach the templates our words."""
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(
        amount=amount,
        told=told,
        money_parts=money_parts,
        when=when,
        moment=moment,
        day=day,
        words=words,
        country=country,
        rate=rate,
        exchange_rate=exchange_rate,
    )
    environment.globals.update(
        asset=asset, may=may, theme=theme, person=person_or_none, number_style=number_style
    )
    environment.globals["ui"] = environment.get_template("components/ui.html").module


def page(template: str, fragment: str, *, status: int = 200, **context: object) -> Response:
    """Render the whole page, or only the named block when htmx asked for it."""
    if not is_fragment():
        response = make_response(render_template(template, **context), status)
    else:
        loaded = current_app.jinja_env.get_template(template)
        current_app.update_template_context(context)
        block = loaded.blocks[fragment](loaded.new_context(context))
        response = make_response("".join(block), status)
    response.vary.add("HX-Request")
    return response


def is_fragment() -> bool:
    """Whether htmx asked for a part of the page and not for its history."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def toast(response: Response, message: str, *, tone: str = "good", **events: object) -> Response:
    """Have the page say a sentence when the fragment arrives; `events` are told to the page's script."""
    # In this order: a dialog that closes would take a toast inside it along.
    triggers = {**events, "toast": {"message": message, "tone": tone}}
    response.headers["HX-Trigger"] = json.dumps(triggers)
    return response


def theme() -> str:
    """The person's choice of light or dark; empty follows the machine's."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def asset(filename: str) -> str:
    """The address of a static file, with its content's hash in it so that it can be kept for ever."""
    return url_for("static", filename=filename, v=_digest(str(current_app.static_folder), filename))


@cache
def _digest(folder: str, filename: str) -> str:
    return hashlib.sha256((Path(folder) / filename).read_bytes()).hexdigest()[:12]


def locale() -> Locale:
    """How this reader writes amounts and dates: as their browser asks."""
    if "locale" not in g:
        g.locale = amounts.first_locale(request.accept_languages.values())
    found: Locale = g.locale
    return found


def timezone() -> ZoneInfo:
    """The zone of the merchant's account; UTC for a stranger."""
    person = person_or_none()
    return ZoneInfo(person.timezone if person else "UTC")


def money_parts(money: Money) -> tuple[str, str]:
    """An amount as (digits with the symbol, code): ("$49.99", "USD"), written by CLDR with ISO's decimals."""
    return amounts.parts(money, locale())


def amount(money: Money) -> str:
    """An amount in running text and on buttons: "$49.99", or "49.99 CHF" where there is no symbol."""
    return amounts.in_text(money, locale())


def plain_amount(money: Money) -> str:
    """An amount as the reader types it into a field: "1,234.50" here, "1.234,50" there."""
    return amounts.plain(money, locale())


def exchange_rate(value: Decimal) -> str:
    """An exchange rate with each of its digits, written by CLDR."""
    return str(format_decimal(value, locale=locale(), decimal_quantization=False))


def typed_amount(text: str, currency: object) -> Money:
    """What the reader typed, as Money; raises AmountInvalid in words fit for a form."""
    return amounts.typed(text, currency, locale())


def typed_price(text: str, currency: object) -> Money:
    """What the reader typed, as an amount that a customer can pay; raises in words fit for a form."""
    money = typed_amount(text, currency)
    if not money:
        raise AmountInvalid(NOT_NOTHING, param="amount")
    return parse_amount(money.amount_minor, money.currency)


def told(sentence: object) -> str:
    """A sentence of ours with its amounts as the reader writes them."""
    return amounts.told(str(sentence), locale())


def number_style() -> dict[str, str]:
    """How the reader types numbers, for the page's script: what is a decimal, what only parts groups."""
    return amounts.signs(locale())


def when(at: datetime) -> str:
    """A moment as people say it: "2 minutes ago", then "Nov 3, 14:05"."""
    seconds = (deps().clock.now() - at).total_seconds()
    if -_A_DAY_SECONDS < seconds < _A_DAY_SECONDS:
        if abs(seconds) < 10:
            return "just now"
        span = timedelta(seconds=-seconds)
        return str(format_timedelta(span, add_direction=True, locale=locale()))
    local, now = at.astimezone(timezone()), deps().clock.now().astimezone(timezone())
    if local.year != now.year:
        return day(at)
    clock = format_time(local, "short", locale=locale())
    return f"{format_skeleton('MMMd', local, locale=locale())}, {clock}"


def moment(at: datetime) -> str:
    """The exact moment, with its zone."""
    local = at.astimezone(timezone())
    clock = format_time(local, "medium", locale=locale())
    return f"{format_date(local, 'medium', locale=locale())}, {clock} {local.tzname()}"


def day(on: date | datetime) -> str:
    """A date, or a moment's date in the account's zone."""
    local = on.astimezone(timezone()).date() if isinstance(on, datetime) else on
    return str(format_date(local, "medium", locale=locale()))


def rate(basis_points: int) -> str:
    """A rate as people write it, exact: 290 basis points are "2.9%"."""
    pattern = copy.copy(locale().percent_formats[None])
    pattern.frac_prec = (0, 2)
    return str(pattern.apply(Decimal(basis_points).scaleb(-4), locale()))


def words(name: str) -> str:
    """A stored name as words: "requested_by_customer" to "Requested by customer"."""
    return name.replace("_", " ").capitalize()


def country(code: str) -> str:
    """A country's name: "US" to "United States"."""
    return str(locale().territories.get(code.upper(), code))
