# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .settings_common import OrdersCase

# What the tour leaves: the clerk sees one department, the rest is of all numbers.
LEFT = {
    "limits": [("all", "month", 25.0, 80, False)],
    "hidden": [("all", 3)],
    "seen": [(True, ["Sales"], [])],
    "bundles": [],
}


class SettingsTour(OrdersCase):
    """A main user sets a limit, hides digits, limits a colleague, invites
    another one and takes the access back, orders a bundle and takes that back."""

    def _run_tour(self):
        self.start_tour(
            "/my/telecom/settings", "telecom_cdr_portal_settings", login=self.user.login
        )
        self.assertEqual(
            [what for _login, what, _old, _new in self._changes()],
            [
                "Limit, All numbers, each month",
                "Digits of called numbers, All numbers",
                f"Rights of {self.clerk.name}",
                "Access of Ben Baker",
                "Access of Ben Baker",
                "Bundle",
                "Taken back: Order: SMALL",
            ],
        )

    def _left(self):
        """What the tour has set, as it is stored."""
        own = [("partner_id", "=", self.acme.id)]
        limits = self.env["telecom.limit"].search(own)
        choices = self.env["telecom.masking"].search(own)
        right = self.clerk._telecom_portal_right()
        given = self.env["telecom.bundle.subscription"].search(own)
        return {
            "limits": [
                (
                    one.number_id.number or "all",
                    one.period,
                    one.amount,
                    one.warn_percent,
                    one.is_blocking,
                )
                for one in limits
            ],
            "hidden": [
                (one.number_id.number or "all", one.hidden_digits) for one in choices
            ],
            "seen": [
                (
                    one.is_limited,
                    one.department_ids.mapped("name"),
                    one.number_ids.mapped("number"),
                )
                for one in right
            ],
            "bundles": given.bundle_id.mapped("name"),
        }


@tagged("post_install", "-at_install")
class TestSettingsOnPhone(SettingsTour):
    browser_size = "390x844"
    touch_enabled = True

    def test_settings_on_a_phone(self):
        self._run_tour()
        self.assertEqual(self._left(), LEFT)
        limit = f"{self._amount('25')}, warning at 80 %"
        self.assertEqual(self._changes()[0][2:], ("", limit))


@tagged("post_install", "-at_install")
class TestSettingsOnDesk(SettingsTour):
    browser_size = "1366x768"

    def test_settings_on_a_desk(self):
        self._run_tour()
        self.assertEqual(self._left(), LEFT)
        limit = f"{self._amount('25')}, warning at 80 %"
        self.assertEqual(self._changes()[0][2:], ("", limit))
