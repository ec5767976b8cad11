# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A customer hides three digits since 2026-10-05 09:00 UTC, another one does not."""

import json

from odoo.tests import freeze_time

from .common import HEADER, MAPPING
from .test_rating import row

CHOSEN = "2026-10-05 09:00:00"
WHOLE = "+34600000123"
HIDDEN = "+34600000xxx"
DIGITS = "600000123"
# Where the digits may be told in another spelling.
SPELLINGS = (DIGITS, "600 00 01 23", "600 000 123", "600-000-123")


class MaskingCommon:
    """To be mixed into the common of whichever tests it is about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival = cls._create_customer("Rival")
        cls._create_number("+34910000002", cls.rival)
        # What was dialled is told a second time.
        mapping = {**MAPPING, "extra.dialled": "called"}
        cls.format.column_mapping = json.dumps(mapping)
        cls._forget_marks()

    @classmethod
    def _hide(cls, partner=None, hide=True, number=None, at=CHOSEN):
        with freeze_time(at):
            partner = partner or cls.customer
            choice = partner._telecom_set_masking(hide, number)
            cls.env.flush_all()
        return choice

    def _read(self, *rows, source=None):
        content = HEADER + "\n".join(rows) + "\n"
        self.files = getattr(self, "files", 0) + 1
        file = self._upload(content, f"{self.files}.csv", source)
        file.action_release()
        file.action_process()
        self.assertBalanced(file)
        return file

    def _secrets(self):
        """Whole numbers that are kept, by start."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT s.called_number FROM telecom_call_secret s"
            " JOIN telecom_call c ON c.id = s.call_id ORDER BY c.start_at, c.id"
        )
        return [number for (number,) in self.env.cr.fetchall()]

    def assertHidden(self, told):
        """Nothing of what leaves holds the digits, in whatever spelling."""
        text = told if isinstance(told, str) else json.dumps(told, default=str)
        for spelling in SPELLINGS:
            self.assertNotIn(spelling, text)


def masked_row(id_="M1", **values):
    """A call to a mobile, an hour after the choice."""
    values.setdefault("start", "2026-10-05 12:00:00")
    return row(id_, **{"called": DIGITS, **values})
