# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Digits that a customer hides are on no page and in no file of the portal."""

import pandas as pd

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.call_secret import make_anonymous, mask_calls

from .common import PortalCase

WHOLE, SHOWN = "+34600000123", "+34 600 00 0x xx"


@tagged("post_install", "-at_install")
class TestPortalMaskedCalls(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2026-07-01"):
            cls.acme._telecom_set_masking(True)
        id_ = cls._create_call(called_number=WHOLE)
        mask_calls(cls.env, SQL("c.id = %s", id_))
        cls.env.flush_all()

    def _get(self, url):
        self.authenticate(self.user.login, self.user.login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200)
        return response.content.decode("utf-8-sig")

    def test_pages_and_files_show_what_is_stored(self):
        for url in ("/my/calls", "/my/calls/download"):
            text = self._get(url)
            self.assertIn(SHOWN, text)
            self.assertNotIn(f"'{SHOWN}", text)
            for spelling in ("600000123", "600 00 01 23", "0123"):
                self.assertNotIn(spelling, text)

    def test_searching_is_no_way_to_guess(self):
        for word in ("600000123", "0123", "123"):
            text = self._get(f"/my/calls/download?search={word}&text={word}")
            self.assertNotIn("123", text)


@tagged("post_install", "-at_install")
class TestPortalAnonymousCalls(PortalCase):
    """Old calls without numbers: listed, summed up and told of as far as known."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call_id = cls._create_call(called_number=WHOLE)
        calls = pd.DataFrame(
            {"id": [cls.call_id], "called_number": [WHOLE], "prefix": ["346"]}
        )
        make_anonymous(cls.env, calls)
        cls.env.flush_all()

    def test_pages_and_files_show_what_is_left(self):
        self.authenticate(self.user.login, self.user.login)
        for url in (
            "/my/calls",
            "/my/calls/download",
            f"/my/telecom/call/{self.call_id}",
        ):
            response = self.url_open(url)
            self.assertEqual(response.status_code, 200, url)
            text = response.content.decode("utf-8-sig")
            self.assertIn("+346…", text, url)
            self.assertIn("0.10", text, url)
            for spelling in ("600000123", "600 00 01 23"):
                self.assertNotIn(spelling, text)
        self.assertIn("its numbers were deleted for good", text)
