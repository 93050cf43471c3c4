"""Plotly figures, built from report rows.

A figure names roles ("volume", "rate"), not colours: the page's script paints them, light or dark.
"""

import json
from dataclasses import dataclass
from typing import Any, cast

from babel.numbers import get_currency_symbol
from plotly import graph_objects as go

from app.domain.currencies import CURRENCIES
from app.domain.money import Money
from app.reports.home import ChartDay
from app.reports.payouts import Detail


def volume_and_approval(rows: list[ChartDay], currency: str, locale: str) -> dict[str, Any]:
    """Bars of captured volume and a line of the approval rate over the same days."""
    days = [row.day.isoformat() for row in rows]
    symbol = get_currency_symbol(currency, locale=locale)
    decimals = CURRENCIES[currency].exponent
    figure = go.Figure()
    figure.add_bar(
        x=days,
        # Pixels, not money: the table under the chart holds the exact amounts.
        y=[float(row.volume.decimal) for row in rows],
        customdata=[row.payments for row in rows],
        name="Volume",
        meta="volume",
        hovertemplate=f"{symbol}%{{y:,.{decimals}f}} · %{{customdata}} payments<extra></extra>",
    )
    figure.add_scatter(
        x=days,
        y=[row.approval_percent for row in rows],
        name="Approval rate",
        meta="rate",
        mode="lines+markers",
        connectgaps=True,
        yaxis="y2",
        hovertemplate="%{y}% approved<extra></extra>",
    )
    figure.update_layout(
        template="none",
        bargap=0.35,
        hovermode="x unified",
        showlegend=False,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={
            "type": "date",
            "tickformat": "%b %-d",
            "nticks": 7,
            "automargin": True,
            "fixedrange": True,
        },
        yaxis={
            "rangemode": "tozero",
            "nticks": 4,
            "tickprefix": symbol,
            "tickformat": ",~s",
            "automargin": True,
            "fixedrange": True,
        },
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 104],
            "tickvals": [0, 50, 100],
            "ticktext": ["0 %", "50 %", "100 %"],
            "showgrid": False,
            "automargin": True,
            "fixedrange": True,
        },
    )
    return cast("dict[str, Any]", json.loads(str(figure.to_json())))


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a waterfall: where it begins and ends, in minor units, and what it opens."""

    name: str
    start: int
    end: int
    role: str
    category: str = ""


def steps(detail: Detail) -> list[Step]:
    """From what was carried in, kind by kind, to what the bank gets and what is carried on."""
    level = detail.opening.amount_minor
    found = [Step("Carried in", 0, level, "end")]
    for bar in detail.bars:
        change = bar.amount.amount_minor
        role = "up" if change >= 0 else "down"
        found.append(Step(bar.name, level, level + change, role, bar.category))
        level += change
    if detail.carried:
        # It stays the merchant's, so it has the colour of neither gain nor loss.
        rest = level - detail.carried.amount_minor
        found.append(Step("Carried on", level, rest, "end"))
        level = rest
    return [*found, Step("To your bank", 0, level, "end")]


def waterfall(detail: Detail, locale: str) -> dict[str, Any]:
    """A payout's steps as bars; a click on one opens its lines."""
    currency = detail.payout.amount.currency
    symbol = get_currency_symbol(currency, locale=locale)
    decimals = CURRENCIES[currency].exponent
    found = steps(detail)
    figure = go.Figure()
    for role in ("end", "up", "down"):
        own = [step for step in found if step.role == role]
        figure.add_bar(
            x=[step.name for step in own],
            # Pixels, not money: the table beside the chart holds the exact amounts.
            y=[float(Money(step.end - step.start, currency).decimal) for step in own],
            base=[float(Money(step.start, currency).decimal) for step in own],
            customdata=[step.category for step in own],
            meta=role,
            hovertemplate=f"{symbol}%{{y:,.{decimals}f}}<extra>%{{x}}</extra>",
        )
    figure.update_layout(
        template="none",
        barmode="overlay",
        bargap=0.3,
        showlegend=False,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [step.name for step in found],
            "automargin": True,
            "fixedrange": True,
        },
        yaxis={
            "nticks": 5,
            "tickprefix": symbol,
            "tickformat": ",~s",
            "automargin": True,
            "fixedrange": True,
        },
    )
    return cast("dict[str, Any]", json.loads(str(figure.to_json())))
