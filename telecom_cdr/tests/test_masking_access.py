# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""No way out shows digits that a customer hides, but lawful access, which is logged."""

import base64
import csv
import io
import json

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .masking_common import DIGITS, HIDDEN, SPELLINGS, WHOLE, MaskingCommon, masked_row
from .test_call_detail import DetailCommon
from .test_rating import row

LAWFUL = "telecom_cdr.group_telecom_lawful"
ROLES = {"reader": READER, "operator": USER, "manager": MANAGER}
FACTS = ["calling_number", "called_number", "called_text", "display_name", "extra_text"]


@tagged("post_install", "-at_install")
class TestMaskingAccess(MaskingCommon, TelecomCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        exporter = cls.env.ref("base.group_allow_export")
        cls.users = {
            login: cls._new_user(login, groups, password=login)
            for login, groups in ROLES.items()
        }
        for user in cls.users.values():
            user.group_ids = [Command.link(exporter.id)]
        cls.lawful = cls._new_user("lawful", f"{USER},{LAWFUL}", password="lawful")
        cls.lawful.group_ids = [
            Command.link(cls.env.ref("telecom_cdr.group_telecom_cost").id)
        ]
        cls._hide()
        bad = masked_row("B", seconds="no")
        cls.file = cls._upload(
            "start,calling,called,duration,amount,id\n"
            + "\n".join([masked_row("1"), row("2"), bad])
        )
        cls.file.action_process()
        cls.call = cls._calls(("called_number", "=", HIDDEN)).ensure_one()
        cls.env.flush_all()

    def _logs(self):
        return self.env["telecom.lawful.log"].search([], order="id")

    # === CALLS === #

    def test_nobody_reads_digits_of_a_call(self):
        for user in self.users.values():
            call = self.call.with_user(user)
            self.assertEqual(call.called_number, HIDDEN)
            self.assertHidden(call.read())
            self.assertHidden(call.export_data(FACTS))
            self.assertHidden(call.name_search("600000"))
            domain = [("id", "=", call.id)]
            self.assertHidden(call.search_read(domain))
            groups = call.formatted_read_group(domain, ["called_number"], ["__count"])
            self.assertEqual(groups[0]["called_number"], HIDDEN)
            self.assertHidden(groups)

    def test_searching_is_no_way_to_guess(self):
        for user in self.users.values():
            calls = self.env["telecom.call"].with_user(user)
            for domain in (
                [("called_number", "=", WHOLE)],
                [("called_number", "ilike", DIGITS)],
                [("called_number", "=like", "+34600000123%")],
                [("called_number", ">", WHOLE[:-1]), ("called_number", "<", WHOLE)],
                [("display_name", "ilike", DIGITS)],
                [("display_name", "ilike", "0123")],
            ):
                self.assertFalse(calls.search(domain), domain)
            self.assertFalse(calls.name_search(DIGITS))
            self.assertEqual(calls.search([("called_number", "=", HIDDEN)]), self.call)

    def test_why_it_costs_what_it_costs(self):
        for user in self.users.values():
            call = self.call.with_user(user)
            action = call.action_explain()
            wizard = self.env[action["res_model"]].with_user(user)
            steps = wizard.browse(action["res_id"]).steps
            self.assertHidden(str(steps))
            self.assertIn("0.09", steps)

    def test_json_api(self):
        tomorrow = fields.Datetime.add(fields.Datetime.now(), days=1)
        for user in self.users.values():
            keys = self.env(user=user)["res.users.apikeys"]
            key = keys._generate("rpc", "look", tomorrow)
            answers = [
                self._json(key, "telecom.call", "search_read", domain=[]),
                self._json(key, "telecom.call", "read", ids=self.call.ids),
                self._json(
                    key,
                    "telecom.call",
                    "search_count",
                    domain=[["called_number", "ilike", DIGITS]],
                ),
                self._json(key, "telecom.rejection", "search_read", domain=[]),
                self._json(
                    key,
                    "telecom.call",
                    "export_data",
                    ids=self.call.ids,
                    fields_to_export=FACTS,
                ),
            ]
            self.assertEqual({one.status_code for one in answers}, {200})
            self.assertHidden("".join(one.text for one in answers))
            self.assertEqual(answers[2].json(), 0)
            names = ["content"]
            answer = self._json(
                key, "telecom.file", "read", ids=self.file.ids, fields=names
            )
            self.assertEqual(answer.status_code, 403)
            answer = self._json(key, "telecom.lawful.access", "create", vals_list=[{}])
            self.assertEqual(answer.status_code, 403)

    def _json(self, key, model, method, **arguments):
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(arguments),
            headers={
                "Authorization": f"bearer {key}",
                "Content-Type": "application/json",
                "X-Odoo-Database": self.env.cr.dbname,
            },
        )

    def test_what_the_calls_of_a_file_come_to(self):
        for kind in ("customers.csv", "calls.csv"):
            target = io.BytesIO()
            self.file.with_user(self.users["reader"])._write_results(kind, target)
            text = target.getvalue().decode("utf-8-sig")
            self.assertHidden(text)
            self.assertIn(HIDDEN, text)
            self.assertNotIn(f"'{HIDDEN}", text)

    def test_a_sample_and_a_dispute_have_no_more(self):
        action = self.call.with_user(self.users["manager"]).action_keep_as_sample()
        golden = self.env[action["res_model"]].browse(action["res_id"])
        self.assertHidden(golden.read())
        self.assertEqual(golden.expected_price, 0.09)

    def test_no_model_has_the_whole_numbers(self):
        self.assertNotIn("telecom.call.secret", self.env)
        told = json.dumps([*self.env["telecom.call"]._fields])
        self.assertNotIn("secret", told)

    # === FILES AND ROWS === #

    def test_rejected_rows_show_no_digits(self):
        rejection = self.file.rejection_ids
        for user in self.users.values():
            self.env.invalidate_all()
            seen = rejection.with_user(user)
            told = seen.read(["raw", "found", "message", "display_name"])
            self.assertHidden(told)
            self.assertIn("600000xxx", seen.raw)
            for name in ("raw", "found", "message"):
                self.assertFalse(seen.search([(name, "ilike", DIGITS)]))
            for name in ("kept_raw", "facts", "wording"):
                with self.assertRaises(AccessError):
                    seen.read([name])
            with self.assertRaisesRegex(AccessError, "lawful access"):
                b"".join(self.file.with_user(user)._excerpt(rejection))
        self.env.invalidate_all()
        self.assertIn(DIGITS, rejection.with_user(self.lawful).raw)
        self.assertFalse(self.file.sudo()._unprocessed_part(10_000))

    def test_raw_files_are_for_lawful_access(self):
        url = f"/web/content/telecom.file/{self.file.id}/content?download=true"
        for login, user in self.users.items():
            with self.assertRaises(AccessError):
                self.file.with_user(user).read(["content"])
            with self.assertRaises(AccessError):
                self.file.with_user(user).action_download()
            self.authenticate(login, login)
            self.assertNotEqual(self.url_open(url).status_code, 200)
            rows = self.url_open(f"/telecom_cdr/unprocessed/{self.file.id}")
            self.assertNotEqual(rows.status_code, 200)
            self.assertHidden(rows.text)
        self.assertFalse(self._logs())
        self.authenticate("lawful", "lawful")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertIn(DIGITS, answer.text)
        self.env.invalidate_all()
        entry = self._logs()[:1]
        self.assertRecordValues(
            entry, [{"user_id": self.lawful.id, "kind": "file", "call_count": 0}]
        )
        self.assertIn("calls.csv", entry.asked)

    def test_attachments_of_files_are_too(self):
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "telecom.file"),
                ("res_id", "=", self.file.id),
                ("res_field", "=", "content"),
            ]
        )
        for user in self.users.values():
            with self.assertRaises(AccessError):
                attachment.with_user(user).read(["datas"])
        self.assertFalse(self._logs())
        raw = attachment.with_user(self.lawful).raw
        self.assertIn(DIGITS, raw.decode())
        self.assertEqual(self._logs().user_id, self.lawful)

    def test_searching_for_attachments_gives_no_bytes(self):
        """A search of few models checks the model and no attachment by itself."""
        domain = [("res_model", "=", "telecom.file"), ("res_field", "=", "content")]
        costs = self._new_user("sees_costs", f"{READER},telecom_cdr.group_telecom_cost")
        for user in self.users.values():
            attachments = self.env["ir.attachment"].with_user(user)
            self.assertEqual(attachments.search_read(domain, ["datas"]), [])
        with self.assertRaises(AccessError):
            self.env["ir.attachment"].with_user(costs).search_read(domain, ["datas"])
        self.assertFalse(self._logs())
        found = self.env["ir.attachment"].with_user(self.lawful)
        rows = found.search_read(domain, ["datas"])
        told = base64.b64decode(rows[0]["datas"]).decode()
        self.assertIn(DIGITS, told)
        self.assertEqual(self._logs().user_id, self.lawful)

    def test_where_nobody_hides_files_are_as_ever(self):
        self.env.cr.execute("DELETE FROM telecom_masking")
        self.env.invalidate_all()
        seen = self.file.rejection_ids.with_user(self.users["operator"])
        self.assertIn(DIGITS, seen.raw)
        self.format.column_mapping = json.dumps(
            {"start": "start", "called_number": "called", "duration": "duration"}
        )
        content = self.file.with_user(self.users["operator"]).content
        self.assertIn(DIGITS, base64.b64decode(content).decode())
        self.assertFalse(self._logs())

    def test_messages_have_no_digits(self):
        broken = self._upload(f"nothing,of,{DIGITS}\n{WHOLE}", "broken.csv")
        with self.assertLogs("odoo", "DEBUG") as logs:
            broken.action_process()
        self.assertEqual(broken.state, "failed", broken.read())
        self.assertIn(f"File {broken.id}", "".join(logs.output))
        self.assertHidden("".join(logs.output))
        self.assertHidden([broken.last_error, *broken.message_ids.mapped("body")])
        self.assertHidden(self.file.message_ids.mapped("body"))

    # === LAWFUL ACCESS === #

    def _access(self, user=None, **values):
        return (
            self.env["telecom.lawful.access"]
            .with_user(user or self.lawful)
            .create({"company_id": self.company.id, **values})
        )

    def test_who_has_no_role_sees_nothing(self):
        for user in self.users.values():
            with self.assertRaises(AccessError):
                self._access(user, reason="curious", partner_id=self.customer.id)
            with self.assertRaises(AccessError):
                self.env["telecom.lawful.log"].with_user(user).search([])
        wizard = self._access(reason="Order 7", partner_id=self.customer.id)
        wizard.action_show()
        with self.assertRaises(AccessError):
            wizard.with_user(self.users["manager"]).read(["shown"])
        with self.assertRaises(AccessError):
            wizard.with_user(self.users["manager"])._csv()

    def test_it_is_shown_when_it_is_logged(self):
        wizard = self._access(
            reason="Order 7 of the court",
            partner_id=self.customer.id,
            date_from="2026-10-05",
            date_to="2026-10-05",
        )
        self.assertFalse(wizard.shown)
        wizard.action_show()
        self.assertIn(WHOLE, wizard.shown)
        self.assertRecordValues(
            self._logs(),
            [
                {
                    "user_id": self.lawful.id,
                    "company_id": self.company.id,
                    "kind": "shown",
                    "reason": "Order 7 of the court",
                    "asked": "Customer: Customer One\nFrom: 2026-10-05\nTo: 2026-10-05",
                    "call_count": 2,
                }
            ],
        )
        # Another question is another access.
        wizard.date_to = "2026-10-31"
        self.env.invalidate_all()
        self.assertFalse(wizard.shown)
        with self.assertRaises(AccessError):
            wizard.log_id = self._logs()

    def test_a_form_that_says_it_was_logged_shows_nothing(self):
        log = self.env["telecom.lawful.log"].create(
            {
                "user_id": self.lawful.id,
                "company_id": self.company.id,
                "moment": fields.Datetime.now(),
                "kind": "shown",
                "reason": "x",
            }
        )
        wizard = self.env["telecom.lawful.access"].with_user(self.lawful)
        said = {
            "log_id": log.id,
            "reason": "x",
            "partner_id": self.customer.id,
            "company_id": self.company.id,
        }
        with self.assertRaises(AccessError):
            wizard.onchange(said, ["partner_id"], {"shown": {}, "partner_id": {}})
        self.assertEqual(self._logs(), log)

    def test_it_asks_why_and_for_what(self):
        for values, text in (
            ({"partner_id": self.customer.id}, "why you need"),
            ({"partner_id": self.customer.id, "reason": " "}, "why you need"),
            ({"reason": "Order 7"}, "Choose a customer"),
        ):
            with self.assertRaisesRegex(UserError, text):
                self._access(**values).action_show()
        self.assertFalse(self._logs())

    def test_who_called_a_number(self):
        wizard = self._access(reason="Order 8", called_number=WHOLE)
        wizard.action_show()
        self.assertIn("+34910000001", wizard.shown)
        self.assertEqual(self._logs().call_count, 1)

    def test_as_a_file(self):
        wizard = self._access(reason="Order 9", number_id=self.number.id)
        url = wizard.action_download()["url"]
        self.authenticate("manager", "manager")
        self.assertNotEqual(self.url_open(url).status_code, 200)
        self.assertFalse(self._logs())
        self.authenticate("lawful", "lawful")
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        self.assertEqual({line["called"] for line in lines}, {WHOLE, "+34912000001"})
        self.env.invalidate_all()
        self.assertRecordValues(
            self._logs(), [{"kind": "exported", "reason": "Order 9", "call_count": 2}]
        )

    def test_the_log_stays(self):
        self._access(reason="Order 7", partner_id=self.customer.id).action_show()
        entry = self._logs()
        for user in (self.lawful, self.env.user):
            for change in ("write", "unlink", "copy"):
                values = [{"reason": "none"}] if change == "write" else []
                with self.assertRaises(UserError), self.cr.savepoint():
                    getattr(entry.with_user(user), change)(*values)
        with self.assertRaises(UserError):
            entry.sudo().unlink()
        self.assertEqual(entry.with_user(self.lawful).reason, "Order 7")

    def test_other_companies_have_their_own(self):
        other = self._telecom_company("Other")
        stranger = self._new_user("stranger", f"{USER},{LAWFUL}")
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self._access(reason="Order 7", partner_id=self.customer.id).action_show()
        logs = self.env["telecom.lawful.log"].with_user(stranger)
        logs = logs.with_context(allowed_company_ids=other.ids)
        self.assertFalse(logs.search([]))
        wizard = logs.env["telecom.lawful.access"].create(
            {"company_id": self.company.id, "reason": "x", "called_number": WHOLE}
        )
        with self.assertRaises(AccessError):
            wizard.action_show()
        wizard.company_id = other
        wizard.action_show()
        self.assertNotIn("+34910000001", wizard.shown)


@tagged("post_install", "-at_install")
class TestMaskingBills(MaskingCommon, DetailCommon):
    """Invoices, their annex and files, and the same amounts as without."""

    def _rows(self):
        return [
            masked_row("1", seconds=61),
            row("2", start="2026-10-05 13:00:00", seconds=61),
        ]

    def test_every_form_of_a_bill(self):
        self._hide()
        move = self._invoice(*self._rows())
        self.assertEqual(move.amount_untaxed, 0.18)
        # As many digits are hidden as the customer chose, not twice as many.
        self.customer.telecom_hidden_digits = 3
        for text in (
            self._file(move, "csv").decode(),
            str(self._xlsx(move)),
            self._pdf_text("telecom_cdr.action_report_call_detail", move),
            self._pdf_text("account.account_invoices", move),
        ):
            self.assertIn("+34 600 00 0x xx", text)
            for spelling in SPELLINGS:
                self.assertNotIn(spelling, text)

    def test_amounts_are_those_without(self):
        move = self._invoice(*self._rows())
        self.assertEqual(move.amount_untaxed, 0.18)
        self.assertIn("600 00 01 23", self._file(move, "csv").decode())
