"""IP addresses and networks that a person lists: as they are typed, kept and compared."""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from app.domain.errors import InvalidRequest

Network = IPv4Network | IPv6Network


def parse_networks(texts: Iterable[str], *, most: int, param: str) -> tuple[str, ...]:
    """Addresses and networks as they are kept: `203.0.113.7/32`; raises InvalidRequest."""
    found: dict[str, None] = {}
    for text in texts:
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError as error:
            shown = re.sub(r"[^\w.:/-]", "", text)[:60]
            raise InvalidRequest(
                f"“{shown}” is not an IP address or network.", param=param
            ) from error
        if network.prefixlen == 0:
            raise InvalidRequest(
                "That is every address. Leave the list empty to allow them all.", param=param
            )
        found[str(network)] = None
    if len(found) > most:
        raise InvalidRequest(f"At most {most} addresses and networks.", param=param)
    return tuple(found)


def plain_address(ip: str) -> IPv4Address | IPv6Address | None:
    """The address as networks are compared with it; None for what is no address."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens for both kinds names an IPv4 caller `::ffff:203.0.113.7`.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_inside(ip: str, networks: Iterable[Network]) -> bool:
    """Whether the address is in one of the networks; what is no address is in none."""
    address = plain_address(ip)
    return address is not None and any(address in network for network in networks)


def written(network: str) -> str:
    """A network as a person writes it: a single address without its length."""
    return network.removesuffix("/32") if "." in network else network.removesuffix("/128")
