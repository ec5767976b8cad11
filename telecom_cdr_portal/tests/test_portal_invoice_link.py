# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from unittest.mock import Mock, patch

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .settings_common import SettingsCase


@tagged("post_install", "-at_install")
class TestPortalInvoiceLink(SettingsCase):
    """A link with an invoice's access key is open for whoever has it: so who sees only
    some numbers is given none, and what it opens is that invoice alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call_id = cls._create_call()
        cls.invoice = cls._create_invoice(cls.acme, [cls.call_id])
        cls.other = cls._create_invoice(cls.acme, [])
        cls.token = cls.invoice._portal_ensure_token()
        cls._limit_to(cls.clerk, number_ids=[Command.set(cls.second.ids)])
        cls.clerk.partner_id.email = "clerk@example.com"
        cls.user.partner_id.email = "main@example.com"

    def _get(self, url, user):
        login = user and user.login
        self.authenticate(login, login)
        return self.url_open(url)

    def _page(self, user, token=""):
        """Where a user gets to that opens the invoice, with a key or without."""
        url = f"/my/invoices/{self.invoice.id}"
        response = self._get(f"{url}?access_token={token}" if token else url, user)
        return response.url.removeprefix(self.base_url()).partition("?")[0], response

    def test_who_opens_the_invoice(self):
        """(user, by the key, without)"""
        own = f"/my/invoices/{self.invoice.id}"
        cases = [
            (self.user, own, own),
            (self.clerk, own, "/my"),
            (self.rival_user, own, "/my"),
            (None, own, "/web/login"),
        ]
        for user, by_key, without in cases:
            with self.subTest(user=user and user.login):
                self.assertEqual(self._page(user, self.token)[0], by_key)
                self.assertEqual(self._page(user)[0], without)
                wrong = self._page(user, "0" * 36)[0]
                self.assertEqual(wrong, without)

    def test_the_key_opens_nothing_else(self):
        """Neither another invoice, nor calls, nor the file of them, nor a call."""
        for user in (self.clerk, None):
            other = self._get(
                f"/my/invoices/{self.other.id}?access_token={self.token}", user
            )
            self.assertNotIn(f"/my/invoices/{self.other.id}", other.url)
        key = f"access_token={self.token}"
        for path in ("/my/calls", "/my/calls/download", "/my/telecom"):
            text = self._get(f"{path}?{key}", self.clerk).text
            self.assertNotIn("600 00 00 01", text)
            self.assertIn("/web/login", self._get(f"{path}?{key}", None).url)
        with mute_logger("odoo.http"):
            call = self._get(f"/my/telecom/call/{self.call_id}?{key}", self.clerk)
            self.assertEqual(call.status_code, 404)
            for user in (self.clerk, self.user):
                detail = f"/telecom_cdr/detail/{self.invoice.id}/csv?{key}"
                self.assertEqual(self._get(detail, user).status_code, 403)

    def test_files_of_an_invoice_need_the_key_of_the_file(self):
        file = self.env["ir.attachment"].create(
            {
                "name": "calls.csv",
                "raw": b"+34600000001",
                "res_model": "account.move",
                "res_id": self.invoice.id,
            }
        )
        [key] = file.generate_access_token()
        url = f"/web/content/{file.id}?access_token="
        with mute_logger("odoo.http"):
            for user in (self.clerk, self.rival_user, None):
                self.assertEqual(self._get(url + self.token, user).status_code, 404)
        # As the thread of the invoice's page links it.
        self.assertEqual(self._get(url + key, self.clerk).content, b"+34600000001")

    def test_no_page_gives_the_key(self):
        """Lists have none; a page that was opened by the key keeps it."""
        for path in ("/my", "/my/telecom", "/my/calls", "/my/invoices"):
            text = self._get(path, self.clerk).text
            self.assertNotIn(self.token, text)
            self.assertNotIn(f"/my/invoices/{self.invoice.id}", text)
        self.assertIn(self.token, self._get("/my/invoices", self.user).text)
        _path, page = self._page(self.clerk, self.token)
        self.assertIn(f"access_token={self.token}", page.text, "for its own download")

    def test_links_that_other_addons_list(self):
        """Sales orders, for instance, list their invoices by this method."""
        cases = [(self.clerk, {}, ""), (self.user, {}, self.token)]
        cases.append((self.clerk, {"access_token": self.token}, self.token))
        cases.append((self.clerk, {"access_token": "ñ"}, ""))
        for user, params, expected in cases:
            with self.subTest(user=user.login, params=params):
                url = self._asked_by(user, params, self.invoice.sudo())
                self.assertEqual(
                    url, f"/my/invoices/{self.invoice.id}?access_token={expected}"
                )
        self.assertIn(self.token, self.invoice.get_portal_url(), "in no request")

    def _asked_by(self, user, params, invoice):
        request = Mock(env=self.env(user=user), params=params)
        with patch(
            "odoo.addons.telecom_cdr_portal.models.account_move.request", request
        ):
            return invoice.get_portal_url()

    def test_mails_give_no_key_either(self):
        """One message to both: the button is for who may open the invoice."""
        contacts = self.user.partner_id | self.clerk.partner_id
        self.invoice.message_post(
            body="Your invoice",
            partner_ids=contacts.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        mails = self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "=", self.invoice.id)]
        )
        bodies = {
            contact: "".join(
                mail.body_html for mail in mails if contact in mail.recipient_ids
            )
            for contact in contacts
        }
        self.assertIn(self.token, bodies[self.user.partner_id])
        self.assertIn("Your invoice", bodies[self.clerk.partner_id])
        self.assertNotIn(self.token, bodies[self.clerk.partner_id])
