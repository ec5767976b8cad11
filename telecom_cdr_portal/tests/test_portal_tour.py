# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime, timedelta

from odoo.tests import tagged

from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalOnPhone(PortalCase):
    """A portal user finds calls and bundles with one thumb."""

    browser_size = "390x844"
    touch_enabled = True

    def test_calls_and_bundles_on_a_phone(self):
        start = datetime(2026, 7, 10, 8, 0)
        calls = self._create_calls(
            [{"start_at": start - timedelta(hours=n)} for n in range(60)]
        )
        subscription = self._create_subscription(self.acme)
        self._create_draw(calls[0], subscription, 15_000)
        self.start_tour("/my/home", "telecom_cdr_portal_phone", login=self.user.login)
