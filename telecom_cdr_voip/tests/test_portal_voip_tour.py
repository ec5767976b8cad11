# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .portal_common import VoipPortalCase

# What the tour leaves: the redirection is of one number, the block of all.
LEFT = {
    "label": "Front desk",
    "networks": ["192.0.2.0/24"],
    "redirects": [("+34910000001", "no_answer", 15, "+34600000009")],
    "blocks": [("all", "category", "premium", True)],
}


class VoipTourCase(VoipPortalCase):
    def _walk(self):
        """What a customer does in a quarter of an hour."""
        self.start_tour(
            "/my/telecom/accounts", "telecom_cdr_voip_portal", login="acme_portal"
        )

    def _left(self):
        """What the tour has set, as it is stored."""
        blocks = self.env["telecom.block"].search([("partner_id", "=", self.acme.id)])
        return {
            "label": self.account.label,
            "networks": self.account.network_ids.mapped("network"),
            "redirects": [
                (one.number_id.number, one.condition, one.after_seconds, one.target)
                for one in self.env["telecom.redirect"].search([])
            ],
            "blocks": [
                (one.number_id.number or "all", one.kind, one.category, one.is_own)
                for one in blocks
            ],
        }


@tagged("post_install", "-at_install")
class TestVoipPortalOnDesk(VoipTourCase):
    def test_accounts_redirections_and_blocks(self):
        self._walk()
        self.assertEqual(self._left(), LEFT)


@tagged("post_install", "-at_install")
class TestVoipPortalOnPhone(VoipTourCase):
    browser_size = "375x812"
    touch_enabled = True

    def test_accounts_redirections_and_blocks(self):
        self._walk()
        self.assertEqual(self._left(), LEFT)
