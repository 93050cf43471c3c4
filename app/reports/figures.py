"""Plotly figures, built from report rows.

A figure names roles ("volume", "rate"), not colours: the page's script paints them, light or dark.
"""

import json
from typing import Any, cast

from babel.numbers import get_currency_symbol
from plotly import graph_objects as go

from app.domain.currencies import CURRENCIES
from app.reports.home import ChartDay


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
