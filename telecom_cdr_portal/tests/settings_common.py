# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import http
from odoo.fields import Command

from .common import PortalCase

TAGS = re.compile(r"<[^>]*>")
SPACES = re.compile(r"\s+")


class SettingsCase(PortalCase):
    """Acme with a main user, a department, and a colleague."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_number("+34910000003", cls.acme, label="Fax")
        cls.sales = cls.env["telecom.department"].create(
            {"name": "Sales", "partner_id": cls.acme.id, "company_id": cls.company.id}
        )
        cls.clerk = cls._create_user("acme_clerk", cls.acme)
        cls.env["telecom.portal.right"].create(
            {"partner_id": cls.user.partner_id.id, "is_main": True}
        )

    @classmethod
    def _limit_to(cls, user, **values):
        """Let a user see only these numbers and departments."""
        return cls.env["telecom.portal.right"].create(
            {"partner_id": user.partner_id.id, "is_limited": True, **values}
        )

    def _portal(self, user=None):
        return self.env(user=user or self.user)["telecom.portal"]

    def _text(self, url, user=None):
        """What a page says, without tags."""
        return SPACES.sub(" ", TAGS.sub(" ", self._open(url, user)))

    def _post(self, url, **values):
        """Send a form as a browser would; gives the text of the page after it."""
        user = self.user
        self.authenticate(user.login, user.login)
        values["csrf_token"] = http.Request.csrf_token(self)
        response = self.url_open(url, data=values)
        self.assertEqual(response.status_code, 200, url)
        return SPACES.sub(" ", TAGS.sub(" ", response.text))

    def _changes(self):
        """What the history says, the oldest first."""
        changes = self.env["telecom.portal.change"].search([], order="id")
        return [
            (one.user_id.login, one.what, one.old or "", one.new or "")
            for one in changes
        ]

    def _amount(self, text):
        """An amount of euros as the portal writes it, whatever the company's is."""
        return self.portal._money_text(text, self.eur)


class OrdersCase(SettingsCase):
    """Two bundles that customers may order: SMALL for 10, LARGE for 20 a month."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.telecom_portal_may_bundles = True
        cls.small = cls._bundle("SMALL", 10)
        cls.large = cls._bundle("LARGE", 20)

    @classmethod
    def _bundle(cls, name, price, **values):
        product = cls.env["product.product"].create(
            {"name": name, "type": "service", "list_price": price, "taxes_id": False}
        )
        return cls.env["telecom.bundle"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "product_id": product.id,
                "is_shared": True,
                "is_offered": True,
                "offer_terms": f"Terms of {name}",
                "allowance_ids": [
                    Command.create({"service": "voice", "seconds": 6000})
                ],
                **values,
            }
        )
