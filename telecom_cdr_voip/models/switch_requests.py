# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How often a switch may ask, and anybody try keys: the same for all its routes."""

import time

from odoo.tools import config

from ..authorisation.buckets import Buckets

FAILURES = 10  # wrong keys a second from one address
_requests, _failures = Buckets(), Buckets()


def is_shut_out(address: str) -> bool:
    """Whether so many wrong keys came from an address that it has to wait."""
    return _failures.is_empty(address, FAILURES, time.monotonic())


def note_wrong_key(address: str) -> None:
    """Count a wrong key from an address."""
    _failures.take(address, FAILURES, FAILURES, time.monotonic())


def may_ask(database: str, switch_id: int, rate: int) -> bool:
    """Take one of the requests a second of a switch; whether there was one left.

    :param rate: of all workers together; each answers its share
    """
    share = rate / max(1, config["workers"] or 1)
    return _requests.take((database, switch_id), share, rate, time.monotonic())
