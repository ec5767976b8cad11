# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the database refuses, in the words that a user reads."""

import re
from contextlib import contextmanager

from psycopg2 import IntegrityError

from odoo.tools import mute_logger


class RefusalMixin:
    """For tests of constraints that live in the database."""

    @contextmanager
    def assertSays(self, kind, words):
        """What is done inside ends in such an error, and leaves nothing behind."""
        with self.assertRaises(kind) as caught:
            yield
        text = str(caught.exception)
        self.assertTrue(re.search(words, text), f"{words!r} not in {text!r}")

    @contextmanager
    def assertRefused(self, words):
        """The database refuses what is done inside, and tells the user these words."""
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError) as caught:
            yield
            self.env.flush_all()
        error = caught.exception
        models = (self.env[name] for name in self.env.registry)
        model = next(m for m in models if m._table == error.diag.table_name)
        text = model._sql_error_to_message(error)
        self.assertTrue(re.search(words, text), f"{words!r} not in {text!r}")
