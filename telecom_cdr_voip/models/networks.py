# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Addresses and networks, IPv4 and IPv6, as people write them."""

import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadNetwork(ValueError):
    """A text that is no address or network; its argument is what was found."""


def read_network(text: str) -> Network:
    """An address or network: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32.

    Bits behind the prefix length are dropped; BadNetwork for all else.
    """
    try:
        return ipaddress.ip_network((text or "").strip(), strict=False)
    except ValueError as error:
        raise BadNetwork((text or "").strip()[:64]) from error


@lru_cache(maxsize=4096)
def read_networks(text: str | None) -> tuple[Network, ...]:
    """Networks separated by commas; BadNetwork for the first that is none."""
    pieces = (piece.strip() for piece in (text or "").split(","))
    return tuple(read_network(piece) for piece in pieces if piece)


def read_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """One address, IPv4 inside IPv6 as IPv4; a zone (%eth0) counts for nothing."""
    try:
        address = ipaddress.ip_address((text or "").strip().partition("%")[0])
    except ValueError as error:
        raise BadNetwork((text or "").strip()[:64]) from error
    return getattr(address, "ipv4_mapped", None) or address


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
