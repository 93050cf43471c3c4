"""Lists of daily rates: read whole, or refused whole."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.adapters import fx
from app.adapters.fx import DemoRates, EcbRates, read_list
from app.domain.errors import RatesUnreadable
from app.settings import SettingMissing, Settings
from tests import servers
from tests.adapters.wire import listening
from tests.factories import TestClock

HEAD = (
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>'
)
TAIL = "</Cube></gesmes:Envelope>"


def a_list(rows: str, day: str = "2026-03-02") -> bytes:
    return f'{HEAD}<Cube time="{day}">{rows}</Cube>{TAIL}'.encode()


def test_a_list_is_read_with_every_digit_and_its_day() -> None:
    quotes = read_list(
        a_list(
            '<Cube currency="USD" rate="1.0842"/><Cube currency="IDR" rate="17042.5"/>'
            '<Cube currency="XYZ" rate="1"/>'
        )
    )

    assert [(one.base, one.quote, one.value) for one in quotes] == [
        ("EUR", "USD", Decimal("1.0842")),
        ("EUR", "IDR", Decimal("17042.5")),
    ]
    assert quotes[0].observed_at == datetime(2026, 3, 2, 13, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Service unavailable</html>", id="another-page"),
        pytest.param(a_list(""), id="no-rates"),
        pytest.param(a_list('<Cube currency="USD" rate="1,08"/>'), id="comma"),
        pytest.param(a_list('<Cube currency="USD" rate="0"/>'), id="zero"),
        pytest.param(a_list('<Cube currency="USD" rate="-1"/>'), id="negative"),
        pytest.param(a_list('<Cube currency="USD" rate="NaN"/>'), id="nan"),
        pytest.param(a_list('<Cube currency="USD" rate="1e9"/>'), id="exponent"),
        pytest.param(a_list('<Cube currency="USD"/>'), id="without-a-value"),
        pytest.param(a_list('<Cube currency="USD" rate="1.1"/>' * 2), id="twice"),
        pytest.param(a_list('<Cube currency="EUR" rate="1"/>'), id="the-euro-itself"),
        pytest.param(a_list('<Cube currency="USD" rate="1"/>', "tomorrow"), id="no-day"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]>' + a_list(""), id="entities"),
        pytest.param(a_list('<Cube currency="USD" rate="1"/>')[:-20], id="cut-off"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(RatesUnreadable):
        read_list(body)


def test_the_demos_rates_are_dated_today(clock: TestClock) -> None:
    clock.advance(timedelta(days=40))
    quotes = DemoRates(clock).latest()
    clock.reset()

    assert len(quotes) >= 25
    assert {one.observed_at.date() for one in quotes} == {
        (datetime.now(UTC) + timedelta(days=40)).date()
    }
    assert date(2026, 3, 2) not in {one.observed_at.date() for one in quotes}
    assert b"Invented rates" in fx.DEMO_FILE.read_bytes()


def test_a_list_is_fetched_and_trouble_is_told() -> None:
    before: list[bool] = []
    with listening() as wire:
        source = EcbRates(wire.url, before=lambda: before.append(True))
        wire.answers({}, 302)
        with pytest.raises(RatesUnreadable, match="answered 302"):
            source.latest()
        wire.answers({"no": "list"})
        with pytest.raises(RatesUnreadable, match="no list"):
            source.latest()
    with pytest.raises(RatesUnreadable, match="not reached"):
        source.latest()
    assert before == [True, True, True]


@pytest.mark.parametrize(
    "name, value",
    [
        ("FX_RATES_URL", "http://rates.example/list.xml"),
        ("FX_RATES_URL", "file:///etc/passwd"),
        ("FX_STALE_HOURS", "0"),
        ("FX_FEE_BASIS_POINTS", "1001"),
    ],
)
def test_settings_that_would_convert_wrongly_are_refused(name: str, value: str) -> None:
    environ = {
        "DATABASE_URL": "postgresql://x",
        "REDIS_URL": "redis://x",
        "SECRET_KEY": servers.SECRET_KEY,
        "SEAL_KEY": servers.SEAL_KEY,
    }
    assert Settings.read(environ).fx_rates_url == ""
    with pytest.raises(SettingMissing, match=name):
        Settings.read(environ | {name: value})
