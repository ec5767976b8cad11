# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses and networks, IPv4 and IPv6, as people write them."""

import ipaddress
from functools import lru_cache

# What IPv6 puts before an IPv4 address: ::ffff:192.0.2.1.
MAPPED_BITS = 96
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadNetwork(ValueError):
    """A text that is no address or network; its argument is what was found."""


def read_network(text: str) -> Network:
    """An address or network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32.

    Bits behind the prefix length are dropped; IPv4 inside IPv6 is taken as IPv4, as
    addresses are. BadNetwork for all else.
    """
    try:
        network = ipaddress.ip_network((text or "").strip(), strict=False)
    except ValueError as error:
        raise BadNetwork((text or "").strip()[:64]) from error
    inside = getattr(network.network_address, "ipv4_mapped", None)
    length = network.prefixlen - MAPPED_BITS
    if inside is None or length < 0:
        return network
    return ipaddress.IPv4Network((inside, length))


@lru_cache(maxsize=4096)
def read_networks(text: str | None) -> tuple[Network, ...]:
    """Networks separated by commas; BadNetwork for the first that is none."""
    pieces = (piece.strip() for piece in (text or "").split(","))
    return tuple(read_network(piece) for piece in pieces if piece)


def read_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """One address, IPv4 inside IPv6 as IPv4.

    A zone (%eth0) counts for nothing, nor does a port: 192.0.2.7:5060,
    [2001:db8::7]:5060.
    """
    try:
        address = ipaddress.ip_address(_without_port((text or "").strip()))
    except ValueError as error:
        raise BadNetwork((text or "").strip()[:64]) from error
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(text: str) -> str:
    host, mark, port = text.rpartition(":")
    is_port = mark and port.isascii() and port.isdecimal()
    if is_port and ":" not in host:
        text = host
    elif text.startswith("["):
        text = (host if is_port and host.endswith("]") else text)[1:].removesuffix("]")
    return text.partition("%")[0]


def covers(networks: str | None, address: str | None) -> bool:
    """Whether an address is in one of the networks; no networks: anywhere is."""
    found = read_networks(networks)
    if not found:
        return True
    try:
        asked = read_address(address)
    except BadNetwork:
        return False
    return any(asked in network for network in found)
