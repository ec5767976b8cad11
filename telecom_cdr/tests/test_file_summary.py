# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.tests import tagged

from .common import HEADER, READER, USER, TelecomCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestFileSummary(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("es_ES")
        cls.operator = cls._new_user("operator", USER, email="op@example.com")
        cls.reader = cls._new_user(
            "reader", READER, email="reader@example.com", lang="es_ES"
        )
        cls.source.summary_user_ids = cls.operator | cls.reader

    def _send(self, **values):
        self.source.write(values)
        before = self.env["mail.mail"].search([])
        self._run_cron("summary")
        return self.env["mail.mail"].search([]) - before

    def _to(self, mails, user):
        return mails.filtered(lambda mail: user.partner_id in mail.recipient_ids)

    def _names(self, mail):
        return sorted(mail.attachment_ids.mapped("name"))

    def test_each_file_has_a_mail_to_each_reader(self):
        self._process(row("A1", amount="0.012345"), "bad row", name="may.csv")
        mails = self._send(summary_rule="each")
        self.assertEqual(len(mails), 2)
        mail = self._to(mails, self.operator)
        self.assertIn("may.csv", mail.body_html)
        self.assertIn("Daily", mail.subject)
        # Rows of the file tell costs.
        self.assertEqual(self._names(mail), ["may-customers.csv"])
        self.assertNotIn("0.012345", str(mail.body_html))
        raw = mail.attachment_ids.raw.decode("utf-8-sig")
        self.assertIn("Customer One", raw)
        self.assertNotIn("0.012345", raw)
        self.assertFalse(self._send())

    def test_rejected_rows_go_to_who_may_see_costs(self):
        self.operator.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self._process(row("A1"), "bad row", name="may.csv")
        mail = self._to(self._send(summary_rule="each"), self.operator)
        self.assertEqual(self._names(mail), ["may-customers.csv", "may-rows.csv"])
        rows = mail.attachment_ids.filtered(lambda a: a.name == "may-rows.csv")
        self.assertEqual(rows.raw, HEADER.encode() + b"bad row\n")

    def test_problems_only(self):
        self._process(row("A1"), name="good.csv")
        self.assertFalse(self._send(summary_rule="problems"))
        self._process(row("A2", caller="910000077"), name="unknown.csv")
        mail = self._to(self._send(), self.operator)
        self.assertIn("unknown.csv", mail.body_html)
        self.assertIn("No customer", mail.body_html)
        self.assertNotIn("good.csv", mail.body_html)
        self._upload(b"\x00" * 300, "junk.csv").action_process()
        mail = self._to(self._send(), self.operator)
        self.assertIn("no text file", mail.body_html)

    def test_once_a_day(self):
        with freeze_time("2026-10-06 06:00:00"):
            self._process(row("A1"), name="one.csv")
            self._process(row("A2"), name="two.csv")
            mails = self._send(summary_rule="daily")
            self.assertEqual(len(mails), 2)
            self.assertIn("one.csv", mails[0].body_html)
            self.assertIn("two.csv", mails[0].body_html)
            self._process(row("A3"), name="three.csv")
            self.assertFalse(self._send())
        with freeze_time("2026-10-07 06:00:00"):
            self.assertIn("three.csv", self._send()[0].body_html)

    def test_each_reader_has_the_own_language(self):
        self._process(row("A2", caller="910000077"), name="unknown.csv")
        mails = self._send(summary_rule="each")
        state = self.env["telecom.file"].with_context(lang="es_ES")
        word = dict(state._fields["state"]._description_selection(state.env))
        self.assertIn(word["processed"], self._to(mails, self.reader).body_html)
        self.assertIn("Processed", self._to(mails, self.operator).body_html)

    def test_who_lost_the_role_is_told_nothing(self):
        self.reader.group_ids -= self.env.ref("telecom_cdr.group_telecom_reader")
        self._process(row("A1"), name="may.csv")
        mails = self._send(summary_rule="each")
        self.assertEqual(mails.recipient_ids, self.operator.partner_id)

    def test_sources_that_name_nobody_send_nothing(self):
        self.source.summary_user_ids = False
        self._process(row("A1"), "bad row")
        self.assertFalse(self._send(summary_rule="each"))
