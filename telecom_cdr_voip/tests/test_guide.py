# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The installation guide of a telephone, on paper."""

import io
import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tests.common import BaseCase
from odoo.tools.pdf import PdfReader

from odoo.addons.telecom_cdr.tests.common import READER, USER

from ..models.guide_text import filled
from .provision_common import PASSWORD, REALM, ProvisionCommon

REPORT = "telecom_cdr_voip.report_sip_guide"


class TestGuideText(BaseCase):
    def test_facts_in_their_places(self):
        cases = [
            # text, what comes of it
            ("<p>{login}</p>", "<p>ann</p>"),
            ("{login}{login}", "annann"),
            ("{label}", "&lt;b&gt; &amp; {login}"),
            ("{unknown} {Login} {{login}}", "{unknown} {Login} {ann}"),
            ("<style>a {color: red}</style>", "<style>a {color: red}</style>"),
        ]
        for text, expected in cases:
            with self.subTest(text):
                facts = {"login": "ann", "label": "<b> & {login}"}
                self.assertEqual(filled(text, facts), expected)


@tagged("post_install", "-at_install")
class TestGuide(HttpCase, ProvisionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.env.ref("telecom_cdr_voip.device_model_ata")
        device = cls.env["telecom.sip.device"].create(
            {"name": "Lobby", "model_id": cls.model.id, "company_id": cls.company.id}
        )
        cls.account.device_id = device
        cls.user = cls._new_user("voip_user", USER, password="voip_user_12")
        cls.reader = cls._new_user("voip_reader", READER, password="voip_reader_12")

    def _page(self, account, with_secret=False):
        reports = self.env["ir.actions.report"].with_context(lang="en_US")
        content, _kind = reports._render_qweb_html(
            REPORT, account.ids, data={"with_secret": with_secret}
        )
        return content.decode()

    def _shown(self):
        texts = self.account.message_ids.mapped("body")
        return [text for text in texts if "password was shown" in text]

    def test_facts_of_the_account(self):
        page = self._page(self.account)
        for text in ("reception", "pbx.example.net:5060", "192.0.2.0/24", REALM):
            self.assertIn(text, page)
        self.assertIn("+34 910 00 00 01", page)
        self.assertIn("FXS Port 1", page)
        self.assertNotIn("{", page[page.index("FXS Port 1") :].split("</ol>")[0])

    def test_the_password_only_on_demand(self):
        self.assertNotIn(PASSWORD, self._page(self.account))
        self.assertEqual(self._shown(), [])
        self.assertIn(PASSWORD, self._page(self.account, with_secret=True))
        self.assertEqual(len(self._shown()), 1)

    def test_without_a_device_the_guide_for_most(self):
        page = self._page(self.other)
        self.assertIn("SIP telephone", page)
        self.assertIn("registrar", page)

    def test_a_hostile_label_is_text(self):
        self.other.label = "<script>alert(1)</script>{login}"
        page = self._page(self.other)
        self.assertNotIn("<script>alert", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt;{login}", page)

    def test_ready_models(self):
        models = self.env["telecom.sip.device.model"]
        for name in ("generic", "softphone", "ata"):
            models |= self.env.ref(f"telecom_cdr_voip.device_model_{name}")
        for model in models:
            self.account.device_id.model_id = model
            guide = self.account._guide_html("s3cret-of-ann")
            for text in ("reception", "pbx.example.net", "5060", "s3cret-of-ann"):
                self.assertIn(text, guide, model.name)
            self.assertNotRegex(guide, r"\{[a-z_]+\}")

    def test_on_paper(self):
        account = self.account.with_context(force_report_rendering=True)
        for with_secret in (False, True):
            content = account._guide_pdf(with_secret)
            self.assertEqual(content[:5], b"%PDF-")
            text = self._text_of(content)
            self.assertIn("reception", text)
            self.assertIn("pbx.example.net:5060", text)
            self.assertEqual(PASSWORD in text, with_secret)

    def _text_of(self, content):
        pages = PdfReader(io.BytesIO(content)).pages
        return "".join(page.extract_text() for page in pages)

    def _fetch(self, login, with_secret):
        self.authenticate(login, f"{login}_12")
        options = {"account_ids": self.account.ids, "with_secret": with_secret}
        return self.url_open(f"/report/html/{REPORT}?options={json.dumps(options)}")

    def test_a_reader_gets_no_password_by_its_address(self):
        answer = self._fetch("voip_reader", False)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("pbx.example.net", answer.text)
        answer = self._fetch("voip_reader", True)
        self.assertNotIn(PASSWORD, answer.text)
        self.assertEqual(self._shown(), [])

    def test_a_user_gets_the_password_and_it_is_noted(self):
        self.assertIn(PASSWORD, self._fetch("voip_user", True).text)
        self.account.invalidate_recordset()
        [note] = self._shown()
        self.assertIn(self.user.name, note)

    def test_buttons(self):
        action = self.account.with_user(self.user).action_print_guide_with_secret()
        self.assertEqual(
            action["data"], {"account_ids": self.account.ids, "with_secret": True}
        )
        action = self.account.with_user(self.reader).action_print_guide()
        self.assertFalse(action.get("data"))
        with self.assertRaises(AccessError):
            self.account.with_user(self.reader).action_print_guide_with_secret()

    def test_not_of_another_company(self):
        company = self._telecom_company("Other")
        stranger = self._new_user("voip_stranger", USER)
        stranger.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        reports = self.env["ir.actions.report"].with_user(stranger)
        reports = reports.with_context(allowed_company_ids=company.ids)
        with self.assertRaises(AccessError):
            reports._render_qweb_html(REPORT, self.account.ids, data={})
