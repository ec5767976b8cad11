# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Digits that a customer hides leave by no way: documents, lists, mails and logs."""

import base64
import io
import json
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MockEmail

from ..models.call_import import CallImport
from .common import HEADER, MANAGER, READER, USER, TelecomCommon
from .masking_common import DIGITS, HIDDEN, SPELLINGS, WHOLE, MaskingCommon, masked_row
from .reconciliation_common import ACCOUNTANT
from .test_call_detail import DetailCommon
from .test_mail import DOMAIN, message
from .test_rating import row
from .test_reconciliation_comparing import ComparingCase

COST = "telecom_cdr.group_telecom_cost"
SHAPES = ("kind", "category", "destination", "label", "all")


def cells(content):
    """All texts of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[[cell.value for cell in line] for line in page] for page in book]


@tagged("post_install", "-at_install")
class TestMaskingDocuments(MaskingCommon, DetailCommon):
    """What a customer gets."""

    def _rows(self):
        return [masked_row("1", seconds=61), row("2", start="2026-10-05 13:00:00")]

    def test_the_xml_of_an_invoice(self):
        """Whatever its lines are made of, also where a department has its own."""
        self._hide()
        for shape in self.env["telecom.invoice.shape"].search([]):
            self.company.telecom_invoice_shape_id = shape
            with self.cr.savepoint() as savepoint:
                move = self._invoice(*self._rows())
                builder = self.env["account.edi.xml.ubl_bis3"]
                xml, _errors = builder._export_invoice(move[:1])
                text = xml.decode() if isinstance(xml, bytes) else str(xml)
                self.assertIn("InvoiceLine", text)
                self.assertHidden(text)
                self.assertHidden(move.invoice_line_ids.read(["name"]))
                savepoint.rollback()
            self.env.invalidate_all()

    def test_what_a_customer_owes_now(self):
        self._hide()
        self._process(*self._rows())
        accountant = self._new_user("hot", READER)
        bill = (
            self.env["telecom.hot.bill"]
            .with_user(accountant)
            .create({"partner_id": self.customer.id, "date_to": "2026-10-31 22:59:59"})
        )
        self.assertEqual(bill.call_count, 2)
        self.assertHidden(bill.read())
        # Nobody finds calls by what was called: codes are those of our side.
        coded = bill.copy({"codes": f"{WHOLE},{DIGITS}"})
        self.assertEqual(coded.call_count, 0)

    def test_a_dispute_and_what_is_said_of_it(self):
        self._hide()
        self._process(*self._rows())
        [call] = self._calls(("called_number", "=", HIDDEN))
        contact = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.customer.id, "email": "ann@example.com"}
        )
        dispute = self.env["telecom.dispute"].create(
            {"call_id": call.id, "contact_id": contact.id, "user_id": self.env.uid}
        )
        dispute.action_grant()
        self.env.flush_all()
        told = [dispute.read(), dispute.message_ids.read(["body", "subject"])]
        mails = self.env["mail.mail"].search([("model", "=", dispute._name)])
        self.assertHidden([*told, mails.read(["body_html", "subject"])])


@tagged("post_install", "-at_install")
class TestMaskingForCarriers(MaskingCommon, ComparingCase):
    """What is compared with a carrier and sent to it: a customer hides digits."""

    def setUp(self):
        super().setUp()
        self._hide()
        self._process(
            masked_row("1", amount="0.01"),
            masked_row("2", amount="0.01", start="2026-10-06 12:00:00"),
            masked_row("3", amount="0.01", start="2026-10-07 12:00:00"),
            name="stored.csv",
        )
        self.one = self._reconcile()
        self._compare(
            self.one,
            masked_row("1", amount="0.01", seconds=90),
            masked_row("2", amount="0.05", start="2026-10-06 12:00:00"),
            masked_row("4", amount="0.01", start="2026-10-08 12:00:00"),
        )

    def test_lists_and_documents(self):
        accountant = self._new_user("a", ACCOUNTANT)
        found = self.env["telecom.file.difference"].with_user(accountant)
        found = found.search(self.one._differences_domain())
        kinds = {"duration", "extra", "missing", "price"}
        self.assertEqual(set(found.mapped("kind")), kinds)
        self.assertEqual(set(found.mapped("called_number")), {HIDDEN})
        self.assertHidden(found.read())
        self.assertFalse(found.search([("called_number", "ilike", DIGITS)]))
        one = self.one.with_user(accountant)
        _name, table = one._named_table("csv")
        self.assertIn(HIDDEN, table.decode())
        self.assertHidden(table.decode())
        _name, book = one._named_table("xlsx")
        self.assertHidden(str(cells(book)))
        self.assertHidden(str(one._letter()))
        self.assertIn("+34 600 00 0x xx", str(one._letter()))

    def test_the_message_to_the_carrier(self):
        action = self.one.action_send()
        composer = (
            self.env["mail.compose.message"]
            .with_context(**action["context"])
            .create({"body": "See the table."})
        )
        composer._action_send_mail()
        message = self.one.message_ids[0]
        for attachment in message.attachment_ids:
            if attachment.name.endswith(".xlsx"):
                self.assertHidden(str(cells(attachment.raw)))
        self.assertTrue(message.attachment_ids)
        self.assertHidden(str(message.body))

    def test_what_is_sold_at_a_loss(self):
        """Down to its calls, and as a file."""
        accountant = self._new_user("m", f"{ACCOUNTANT},base.group_allow_export")
        rows = self.env["telecom.margin"].with_user(accountant).search([])
        self.assertTrue(rows)
        self.assertHidden(rows.read())
        action = rows.action_open_calls()
        calls = self.env["telecom.call"].with_user(accountant).search(action["domain"])
        self.assertEqual(len(calls), 3)
        self.assertHidden([*calls.read(), calls.export_data(["called_number"])])


@tagged("post_install", "-at_install")
class TestMaskingInside(MaskingCommon, TelecomCommon):
    """Work lists, searches, mails and logs of the company itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        exporter = cls.env.ref("base.group_allow_export")
        roles = {"reader": READER, "operator": USER, "manager": MANAGER}
        cls.users = cls.env["res.users"]
        for login, groups in roles.items():
            user = cls._new_user(login, f"{groups},{COST}", email=f"{login}@x.example")
            user.group_ids = [Command.link(exporter.id)]
            cls.users |= user
        cls._hide()

    def test_searching_sorting_and_grouping_tell_nothing(self):
        """Two numbers that differ in hidden digits alone are the same to everybody."""
        self._read(
            masked_row("1", called="600000123"),
            masked_row("2", called="600000987", start="2026-10-05 12:00:01"),
            masked_row("3", called="600000001", start="2026-10-05 12:00:02"),
        )
        for user in self.users:
            calls = self.env["telecom.call"].with_user(user)
            for number in ("+34600000123", "+34600000987"):
                for operator in ("=", "in", ">=", "<=", "=like", "ilike"):
                    value = [number] if operator == "in" else number
                    found = calls.search([("called_number", operator, value)])
                    self.assertIn(len(found), (0, 3), (operator, number))
            for order in ("called_number, id", "called_number desc, id"):
                found = calls.search([], order=order)
                self.assertEqual(found.ids, sorted(found.ids))
            groups = calls.formatted_read_group([], ["called_number"], ["__count"])
            self.assertEqual(
                [(one["called_number"], one["__count"]) for one in groups],
                [(HIDDEN, 3)],
            )
            self.assertHidden(calls.search([]).export_data(["extra", "called_text"]))
            self.assertFalse(calls.search([("extra", "ilike", "0123")]))

    def test_what_waits(self):
        """Nobody's tariff has a rate: the group, its calls, and what is done there."""
        foreign, digits = "00442079460123", "2079460123"
        self._read(
            masked_row("1", called=foreign), masked_row("2", called=foreign, seconds=90)
        )
        self._read(masked_row("B", seconds="no"))
        for user in self.users:
            rows = self.env["telecom.waiting"].with_user(user).search([])
            self.assertEqual(set(rows.mapped("cause")), {"unrated", "rejected"})
            told = json.dumps([rows.read(), rows.mapped("name")], default=str)
            self.assertNotIn(digits, told)
            self.assertHidden(told)
            unrated = rows.filtered(lambda one: one.cause == "unrated")
            action = unrated.action_open()
            calls = self.env["telecom.call"].with_user(user).search(action["domain"])
            self.assertEqual(len(calls), 2)
            self.assertNotIn(digits, json.dumps(calls.read(), default=str))
            seen = (rows - unrated)._rejections()
            self.assertHidden(seen.read(["raw", "found", "message", "display_name"]))
            with self.assertRaisesRegex(AccessError, "lawful access"):
                b"".join(seen.file_id._excerpt(seen))

    def test_a_stored_file_is_tested(self):
        file = self._read(masked_row("1"), masked_row("B", seconds="no"))
        operator = self.users[1]
        run = self.env["telecom.test.run"].with_user(operator)
        run = run.create({"source_id": self.source.id, "file_id": file.id})
        run.action_run()
        told = run.with_context(bin_size=False)
        self.assertHidden(str(told.report))
        for name in ("customers_csv", "calls_csv"):
            self.assertHidden(base64.b64decode(told[name]).decode("utf-8-sig"))
        self.assertHidden(str(cells(base64.b64decode(told.results_xlsx))))
        self.assertIn(HIDDEN, base64.b64decode(told.calls_csv).decode("utf-8-sig"))

    def test_a_file_is_shown_to_nobody_who_looks_for_its_format(self):
        file = self._read(masked_row("1"))
        wizard = self.env["telecom.format.assistant"].with_user(self.users[2])
        with self.assertRaisesRegex(AccessError, "lawful access"):
            wizard.create(
                {
                    "file_id": file.id,
                    "source_id": self.source.id,
                    "carrier_id": self.carrier.id,
                }
            ).action_propose()

    def test_the_mail_on_a_file(self):
        self.source.summary_user_ids = self.users[:2]
        self.source.summary_rule = "each"
        before = self.env["mail.mail"].search([])
        self._read(masked_row("1"), masked_row("B", seconds="no"))
        broken = self._upload(f"nothing,of,{DIGITS}\n{WHOLE}", "broken.csv")
        broken.action_process()
        self._run_cron("summary")
        mails = self.env["mail.mail"].search([]) - before
        self.assertGreaterEqual(len(mails), 2)
        for mail in mails:
            self.assertHidden(f"{mail.subject} {mail.body_html}")
            for attachment in mail.attachment_ids:
                self.assertHidden(attachment.raw.decode("utf-8-sig"))

    def test_no_words_of_files_are_searched(self):
        """Odoo keeps the words of texts to search in: of these it does not."""
        self._read(masked_row("1"))
        kept = self.env["ir.attachment"].sudo()
        file_domain = [("res_model", "=", "telecom.file"), ("res_field", "!=", False)]
        self.assertTrue(kept.search(file_domain))
        self.assertFalse(kept.search([*file_domain, ("index_content", "!=", False)]))
        for user in self.users:
            found = (
                kept.with_user(user)
                .sudo(False)
                .search([*file_domain, ("index_content", "ilike", DIGITS)])
            )
            self.assertFalse(found)

    def test_the_log_of_the_server(self):
        """An error that nobody expected quotes what it likes."""
        file = self._upload(HEADER + masked_row("1") + "\n", "odd.csv")
        with (
            self.assertLogs("odoo", "DEBUG") as logs,
            patch.object(
                CallImport, "run", side_effect=ValueError(f"odd: {DIGITS}, {WHOLE}")
            ),
            patch.object(self.env.cr, "rollback"),
        ):
            file._process_or_fail(None, lambda: 60)
        text = "\n".join(logs.output)
        self.assertIn("ValueError", text)
        self.assertIn("_process_one", text)
        self.assertHidden(text)
        self.assertEqual(file.state, "failed")
        self.assertIn("ValueError: odd: 600000xxx", file.last_error)
        self.assertHidden([file.last_error, *file.message_ids.mapped("body")])


@tagged("post_install", "-at_install")
class TestMaskingMails(MaskingCommon, MockEmail, TelecomCommon):
    """Files that came by mail and wait for their source."""

    def test_files_that_wait(self):
        self.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": DOMAIN, "bounce_alias": "bounce", "catchall_alias": "all"}
        )
        self.company.telecom_mail_alias_name = "cdr"
        self._create_source(
            name="Mails", protocol="email", email_senders="cdr@carrier.example"
        )
        self._hide()
        content = (HEADER + masked_row("1") + "\n").encode()
        stranger = "Ann <ann@stranger.example>"
        found = self.env["mail.thread"].message_process(
            None, message(f"cdr@{DOMAIN}", ("may.csv", content), sender=stranger)
        )
        mail = self.env["telecom.mail"].browse(found)
        self.assertEqual(mail.state, "waiting")
        attachment = mail.message_ids.attachment_ids.filtered("name")[:1]
        self.assertEqual(attachment.name, "may.csv")
        for groups in (READER, USER, MANAGER):
            user = self._new_user(f"u{len(groups)}", groups)
            with self.assertRaises(AccessError):
                attachment.with_user(user).read(["raw"])
            words = self.env["ir.attachment"].with_user(user)
            domain = [("res_model", "=", "telecom.mail")]
            domain.append(("index_content", "ilike", DIGITS))
            self.assertFalse(words.search(domain))
        lawful = self._new_user("l", f"{USER},telecom_cdr.group_telecom_lawful")
        self.env.invalidate_all()
        self.assertIn(DIGITS, attachment.with_user(lawful).raw.decode())
        entry = self.env["telecom.lawful.log"].search([])
        self.assertRecordValues(entry, [{"user_id": lawful.id, "kind": "file"}])
        self.assertIn("Your calls", entry.asked)
        for spelling in SPELLINGS:
            self.assertNotIn(spelling, str(mail.message_ids.mapped("body")))
