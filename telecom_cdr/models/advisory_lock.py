# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Locks that outlive the commits of long work, and end with their process."""

from collections.abc import Iterator
from contextlib import contextmanager

from odoo.sql_db import db_connect


@contextmanager
def advisory_lock(dbname: str, space: int, key: int) -> Iterator[bool]:
    """Try to hold a number for this worker, outside of the working transaction.

    Inside of it the lock would come too late: the transaction would not see what
    the worker before it has stored. A killed worker loses its lock with its
    connection.

    :param space: tells apart what is locked
    :return: whether the lock is held; False: somebody else has it
    """
    # Not the registry's cursor: a test would lend it the working transaction.
    with db_connect(dbname).cursor() as cr:
        cr.execute("SELECT pg_try_advisory_lock(%s, %s)", (space, key))
        locked = cr.fetchone()[0]
        try:
            yield locked
        finally:
            if locked:
                cr.execute("SELECT pg_advisory_unlock(%s, %s)", (space, key))
