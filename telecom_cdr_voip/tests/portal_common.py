# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two customers with SIP accounts, and a colleague who sees one number only."""

import re
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.telecom_cdr_portal.tests.common import PortalCase

from ..models import telecom_secret
from .provision_common import SECRET_KEY

PASSWORD = "correct-horse-1"
ACCOUNTS = "/my/telecom/accounts"
SLOW = 90  # seconds


class VoipPortalCase(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = patch.object(
            telecom_secret, "configured_keys", return_value=[SECRET_KEY]
        )
        cls.startClassPatcher(keys)
        cls.switch = cls.env["telecom.switch"].create(
            {"name": "PBX", "domain": "sip.example.net", "company_id": cls.company.id}
        )
        cls.fax = cls._create_number("+34910000003", cls.acme, label="Fax")
        cls.account = cls._create_account("acme-101", cls.acme, cls.number)
        cls.fax_account = cls._create_account("acme-102", cls.acme, cls.fax)
        cls.shared = cls._create_account("acme-103", cls.acme, cls.number | cls.fax)
        cls.bare = cls._create_account("acme-104", cls.acme, cls.number.browse())
        cls.rival_account = cls._create_account("rival-1", cls.rival, cls.rival_number)
        cls.clerk = cls._create_user("acme_clerk", cls.acme)
        cls.right = cls.env["telecom.portal.right"].create(
            {
                "partner_id": cls.clerk.partner_id.id,
                "number_ids": [Command.set(cls.number.ids)],
            }
        )

    @classmethod
    def _create_account(cls, login, partner, numbers, **values):
        account = cls.env["telecom.sip.account"].create(
            {
                "login": login,
                "switch_id": cls.switch.id,
                "company_id": cls.company.id,
                "partner_id": partner.id,
                "number_ids": [Command.set(numbers.ids)],
                **values,
            }
        )
        account._set_secret(PASSWORD)
        return account

    def _url(self, account, rest=""):
        return f"/my/telecom/account/{account.id}{rest}"

    def setUp(self):
        super().setUp()
        self.tokens = {}

    def url_open(self, url, *args, timeout=SLOW, **kwargs):
        """A busy machine is no failure."""
        return super().url_open(url, *args, timeout=timeout, **kwargs)

    def _voip(self, user=None):
        """What the pages ask, as a user."""
        return self.env(user=user or self.user)["telecom.portal.voip"]

    def _assert_refused(self, reason, method, *args):
        """A change is refused for a reason, and nothing of it stays."""
        with self.assertRaisesRegex(UserError, reason), self.cr.savepoint():
            method(*args)
        self.env.invalidate_all()

    def _sign_in(self, user):
        if self.session is None or self.session.login != user.login:
            self.tokens = {}
            self.authenticate(user.login, user.login)

    def _token(self):
        """The token of the forms that the user sees."""
        login = self.session.login
        if login not in self.tokens:
            page = self.url_open(ACCOUNTS).text
            found = re.search(r'csrf_token(?:" value=|: )"([^"]+)"', page)
            self.tokens[login] = found.group(1)
        return self.tokens[login]

    def _post(self, url, user=None, **data):
        """Send a form as a user would, with the token of the page."""
        self._sign_in(user or self.user)
        return self.url_open(url, data={"csrf_token": self._token(), **data})

    def _changes(self, partner=None):
        changes = self.env["telecom.portal.change"].search(
            [("partner_id", "=", (partner or self.acme).id)], order="id"
        )
        return [(one.what, one.old, one.new, one.user_id) for one in changes]
