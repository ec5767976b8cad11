# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lines that PBXs send as they write them: first to a spool on disk, then as files."""

from .follow import Follower
from .receivers import Receiver
from .serial_line import SerialLine
from .settings import StreamSettings
from .shares import Parting, Share, Shares
from .spool import Spool, SpoolFile
from .tcp import TcpClient, TcpServer

__all__ = [
    "Parting",
    "Receiver",
    "Share",
    "Shares",
    "Spool",
    "SpoolFile",
    "StreamSettings",
    "open_receiver",
]

RECEIVERS: dict[str, type[Receiver]] = {
    "server": TcpServer,
    "client": TcpClient,
    "serial": SerialLine,
    "follow": Follower,
}


def open_receiver(settings: StreamSettings, spool: Spool) -> Receiver:
    """The receiver for a mode; not started yet."""
    return RECEIVERS[settings.mode](settings, spool)
