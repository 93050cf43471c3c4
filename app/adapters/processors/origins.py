"""Which origins a processor's script for browsers loads from and speaks to."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def origins(
    js_url: str, api_url: str, wider: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[str, ...]:
    """The script's and the API's, and what the script at a well-known host needs besides."""
    js, api = urlsplit(js_url), urlsplit(api_url)
    found = [f"{one.scheme}://{one.netloc}" for one in (js, api)]
    return tuple(dict.fromkeys([*found, *(wider or {}).get(js.netloc, ())]))
