# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bytes from the outside: one module per protocol behind one small contract.

Nothing here knows Odoo: settings come in as plain data, failures go out as
:class:`CollectError`. Another addon adds a protocol by putting its connector into
:data:`PROTOCOLS`.
"""

from .connecting import PROTOCOLS, connect
from .contract import CollectError, Connection, Entry, Settings

__all__ = [
    "PROTOCOLS",
    "CollectError",
    "Connection",
    "Entry",
    "Settings",
    "connect",
]
