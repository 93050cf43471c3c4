"""Which addresses a merchant may have us post to: pure rules on text and IP addresses.

The parser takes one plain spelling and refuses every other, so that what was checked and what is
dialled cannot be two things. A network address is good when it is public, or in a network that the
operator opened; everything else is refused, whatever it is for.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from app.domain.errors import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_CHARACTERS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}
# Public unicast IPv6 is all in here; what tunnels or translates to IPv4 could lead back inside.
PUBLIC_V6 = IPv6Network("2000::/3")
# `is_global` depends on the Python at hand and lets multicast pass: these are refused by any.
NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",  # Azure's inside, on an address that looks public.
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",  # Teredo and other special purposes.
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_URL = re.compile(r"(https?)://([^/?]+)(.*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


WRONG: tuple[tuple[Callable[[str], object], str], ...] = (
    (
        lambda url: len(url) > MOST_CHARACTERS,
        f"The address is longer than {MOST_CHARACTERS} characters.",
    ),
    (
        lambda url: not url.isascii(),
        "Write the address in ASCII: its name as xn--…, the rest percent-encoded.",
    ),
    (
        re.compile(r"[\x00-\x20\x7f]").search,
        "The address may not contain spaces, line breaks or control characters.",
    ),
    (
        re.compile(r'[\\"<>^`{|}]').search,
        'The address may not contain any of \\ " < > ^ ` { | }.',
    ),
    (re.compile("#").search, "The address may not have a fragment (#…)."),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts; `literal` is its host where that is an IP address."""

    scheme: str
    host: str
    port: int
    path: str
    literal: Address | None

    @property
    def host_header(self) -> str:
        """What the receiver is told it was called."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows: ports of public receivers, and networks that are open besides."""

    ports: frozenset[int]
    networks: tuple[Network, ...] = ()

    def is_opened(self, address: Address) -> bool:
        """Whether the operator opened the network that the address is in."""
        return any(
            address.version == network.version and address in network for network in self.networks
        )

    def judge(self, target: Target, addresses: Iterable[Address]) -> list[Address]:
        """Every address of the target, fit to dial; raises AddressRefused if even one is not."""
        plain = [_plain(address) for address in addresses]
        opened = [self.is_opened(address) for address in plain]
        good = [is_open or is_public(one) for is_open, one in zip(opened, plain, strict=True)]
        if not plain or not all(good):
            # One answer for both: whether a name exists on our inside is nobody's business.
            raise refused(
                f"No public address was found for {target.host}: check the spelling;"
                " private and reserved addresses are not posted to."
            )
        if not all(opened):
            self._judge_public(target)
        return plain

    def _judge_public(self, target: Target) -> None:
        if target.scheme != "https":
            raise refused("The address must begin with https://.")
        if target.port not in self.ports:
            ports = ", ".join(str(port) for port in sorted(self.ports))
            raise refused(f"Port {target.port} is not posted to; use one of {ports}.")


def refused(message: str) -> AddressRefused:
    """The error for an address, about the parameter that holds it."""
    return AddressRefused(message, param="url")


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and leads nowhere else."""
    if isinstance(address, IPv6Address) and (address.scope_id or address not in PUBLIC_V6):
        return False
    if any(address.version == network.version and address in network for network in NEVER):
        return False
    return address.is_global and not address.is_multicast


def parse(url: str) -> Target:
    """The parts of a URL in its plain spelling; raises AddressRefused for any other."""
    for is_wrong, message in WRONG:
        if is_wrong(url):
            raise refused(message)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise refused("This is not a web address: https://example.com/webhooks is one.")
    scheme, authority, path = parts[1].lower(), parts[2], parts[3]
    if "@" in authority:
        raise refused("The address may not contain a user name or password.")
    named = _AUTHORITY.fullmatch(authority)
    if named is None or int(named[2] or 1) > 65535:
        raise refused("The address has a host or port that cannot be read.")
    host, literal = _host(named[1].lower())
    port = int(named[2] or DEFAULT_PORTS[scheme])
    return Target(scheme, host, port, path if path.startswith("/") else f"/{path}", literal)


def _host(text: str) -> tuple[str, Address | None]:
    """The host as it is dialled and named to the receiver."""
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except ValueError:
            raise refused("The address has an IPv6 host that cannot be read.") from None
        if address.scope_id is not None:
            raise refused("The address may not name a network interface (%…).")
        return str(address), address
    labels = text.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        # 2130706433, 0177.0.0.1 and 0x7f.1 are 127.0.0.1 to some dialler.
        try:
            return text, IPv4Address(text)
        except ValueError:
            raise refused("Write an IPv4 address as four plain decimal numbers.") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise refused("The address has a host that is not a name in the domain name system.")
    return text, None


def _plain(address: Address) -> Address:
    """IPv4 in IPv6's clothes is judged, and dialled, as what it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def address_of(text: str) -> Address:
    """An address as the resolver gives it, a scope included; raises ValueError."""
    return ip_address(text)
