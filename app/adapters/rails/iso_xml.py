"""ISO 20022 messages as trees: read without their namespaces, so that any version of a message will do.

A message needs no document type, and one could ask for other files or grow without end: none is read.
"""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from app.domain.errors import FarthingError, InvalidRequest
from app.domain.money import Money, from_units

MOST_BYTES = 50_000_000
Element = ET.Element


def message(content: bytes) -> Element:
    """The message in the document; raises InvalidRequest in words if there is none."""
    # In UTF-16 a document type would look different; its ASCII letters come with null bytes.
    odd = (b"<!DOCTYPE", b"<!ENTITY", b"\0")
    if len(content) > MOST_BYTES or any(sign in content for sign in odd):
        raise InvalidRequest("This is too large, or not a plain XML file in UTF-8.")
    try:
        root = ET.fromstring(content)  # noqa: S314 - Without a document type, see above.
    except (ET.ParseError, ValueError, LookupError) as error:
        raise InvalidRequest(f"This is not an XML file: {error}.") from None
    if local(root) != "Document" or len(root) != 1:
        raise InvalidRequest("This is not a message of ISO 20022.")
    return root[0]


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def every(element: Element | None, name: str) -> list[Element]:
    """Every element of that name below."""
    return [] if element is None else [one for one in element.iter() if local(one) == name]


def children(element: Element | None, name: str) -> list[Element]:
    """The element's own children of that name."""
    return [one for one in (() if element is None else element) if local(one) == name]


def find(element: Element | None, path: str) -> Element | None:
    """The first element at the path: `Refs/EndToEndId`."""
    for name in path.split("/"):
        element = next(iter(children(element, name)), None)
    return element


def text(element: Element | None, path: str) -> str:
    """What stands at the path; nothing where there is nothing."""
    found = find(element, path)
    return "" if found is None else (found.text or "").strip()


def amount(element: Element | None, *paths: str) -> Money | None:
    """The amount at the first of the paths that has one; raises InvalidRequest for what is none."""
    for path in paths:
        told = find(element, path)
        if told is not None:
            try:
                return from_units(Decimal((told.text or "").strip()), told.get("Ccy", ""))
            except (FarthingError, InvalidOperation):
                raise InvalidRequest("This message has an amount that is none.") from None
    return None


def moment(written: str) -> datetime:
    """A date and time; raises InvalidRequest."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidRequest("This message does not say when it was made.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
