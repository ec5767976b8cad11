# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a receiver must know."""

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

MODES = ("server", "client", "serial", "follow")
LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True)
class StreamSettings:
    """How the lines of one PBX come. Its repr shows no secret.

    :ivar mode: one of MODES
    :ivar host: address to listen at ("" all of them), or to connect to
    :ivar allowed: networks that may connect; none: this machine only
    :ivar username: sent after connecting, a line of its own, as is the password;
        nothing is sent where there is no user name
    :ivar device: of a serial line, such as /dev/ttyUSB0
    :ivar line: speed, bits, parity and stop bits of a serial line, as 9600 8N1
    :ivar path: the log file to follow
    :ivar tail_is_line: what stands behind the last line's end when a connection
        ends is a line, too; else it is kept apart, for a person to decide
    :ivar allowed_roots: directories that a followed file must be in; none: any
    """

    mode: str = "server"
    host: str = ""
    port: int = 0
    allowed: tuple[str, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    device: str = ""
    line: str = "9600 8N1"
    path: str = ""
    tail_is_line: bool = False
    allowed_roots: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "StreamSettings":
        """The settings that are known here; empty ones take their default."""
        names = {setting.name for setting in fields(cls)}
        given = {name: value for name, value in values.items() if name in names}
        given = {name: value for name, value in given.items() if value}
        for name in ("allowed", "allowed_roots"):
            given[name] = tuple(given.get(name) or ())
        return cls(**given)

    def without_secrets(self) -> dict[str, Any]:
        """The same as plain data, fit to be kept on disk."""
        values = asdict(self)
        del values["password"]
        return values

    def allows(self, address: str) -> bool:
        """Whether a PBX at this address may send lines."""
        peer = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        networks = map(ipaddress.ip_network, self.allowed or LOOPBACK)
        return any(peer in network for network in networks)


def read_networks(text: str) -> list[str]:
    """Networks as CIDR, from a text of addresses and networks parted by blanks.

    :raises ValueError: names the part that is none
    """
    parts = text.replace(",", " ").split()
    return [str(ipaddress.ip_network(part, strict=False)) for part in parts]
