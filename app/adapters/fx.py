"""Exchange rates in the file format of the European Central Bank's daily reference rates.

One list a working day, at about 16:00 CET: so many of each currency for one euro. A file that is not
exactly such a list is refused as a whole. The demo's file beside this one has the same format; its
values are invented, and it is dated today so that a demo always has fresh rates.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import requests

from app.domain.clock import Clock
from app.domain.currencies import CURRENCIES
from app.domain.errors import RatesUnreadable
from app.domain.fx import PIVOT, Quote

DEMO_FILE = Path(__file__).with_name("eurofxref-demo.xml")
# The list tells its day; it is observed at a quarter past two in Frankfurt.
OBSERVED = time(13, 15, tzinfo=UTC)
TIMEOUT_SECONDS = (3.0, 10.0)
MOST_BYTES = 200_000
_VALUE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_SPACE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}"


def read_list(body: bytes) -> list[Quote]:
    """The quotes of a daily list; raises RatesUnreadable. Currencies that nobody pays in are left out."""
    if b"<!" in body.replace(b"<!--", b""):
        raise RatesUnreadable("The list of rates declares a document type; none is expected.")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without declarations there are no entities
        [day] = root.iterfind(f".//{_SPACE}Cube[@time]")
        at = datetime.combine(datetime.strptime(day.attrib["time"], "%Y-%m-%d").date(), OBSERVED)  # noqa: DTZ007 - a day has no zone
        pairs = [(row.attrib["currency"], row.attrib["rate"]) for row in day]
        quotes = [
            Quote(PIVOT, code, _value(text), at) for code, text in pairs if code in CURRENCIES
        ]
    except (ET.ParseError, ValueError, KeyError) as error:
        raise RatesUnreadable(f"This is no list of daily rates: {str(error)[:100]}.") from error
    if not quotes or len({one.quote for one in quotes}) != len(quotes):
        raise RatesUnreadable("The list of rates is empty, or names a currency twice.")
    return quotes


def _value(text: str) -> Decimal:
    if not _VALUE.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is no rate")
    return Decimal(text)


class EcbRates:
    """The list of the day from the address that the operator set. Redirects are not followed.

    `before` is called ahead of each network call; it refuses to go on inside a unit of work.
    """

    name = "ecb"

    def __init__(self, url: str, *, before: Callable[[], None] = lambda: None) -> None:
        self._url, self._before = url, before

    def latest(self) -> Sequence[Quote]:
        """Fetch and read; raises RatesUnreadable."""
        self._before()
        try:
            with requests.get(
                self._url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    raise RatesUnreadable(f"The source of rates answered {answer.status_code}.")
                body = answer.raw.read(MOST_BYTES + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise RatesUnreadable(
                f"The source of rates was not reached: {type(error).__name__}."
            ) from error
        if len(body) > MOST_BYTES:
            raise RatesUnreadable("The list of rates is far too long.")
        return read_list(body)


class DemoRates:
    """Invented rates, observed at the beginning of today."""

    name = "demo"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def latest(self) -> Sequence[Quote]:
        """Read the demo's file."""
        today = datetime.combine(self._clock.now().date(), time(), UTC)
        return [replace(one, observed_at=today) for one in read_list(DEMO_FILE.read_bytes())]
