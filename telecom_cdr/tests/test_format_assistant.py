# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The format assistant: from a sample to a format, by who may and may not."""

import ast
import base64
import json
import re
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..models.guess_messages import TEXTS
from .common import MANAGER, READER, USER, TelecomCommon

SAMPLE = """Call begin;Who;Whom;Secs;Price
13/10/2026 09:00:00;910000001;600000099;65;0,034
14/10/2026 10:30:00;910000001;+44 7700 900123;120;0,250
15/10/2026 11:45:30;910000002;600000098;x;0,010
"""
READY = """calldate,src,dst,billsec,disposition,uniqueid
2026-10-05 09:00:00,1007,600000099,65,ANSWERED,1791183600.1
2026-10-05 09:10:00,1007,600000098,0,NO ANSWER,1791184200.2
"""


@tagged("post_install", "-at_install")
class TestFormatAssistant(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._new_user("assistant_user", USER)
        cls.manager = cls._new_user("assistant_manager", MANAGER)
        cls.reader = cls._new_user("assistant_reader", READER)

    def _assistant(self, text=SAMPLE, user=None, **values):
        content = text if isinstance(text, bytes) else text.encode()
        model = self.env["telecom.format.assistant"].with_user(user or self.manager)
        return model.create(
            {
                "sample": base64.b64encode(content),
                "sample_name": "october.csv",
                **values,
            }
        )

    def _proposed(self, text=SAMPLE, user=None, **values):
        assistant = self._assistant(text, user, **values)
        assistant.action_propose()
        return assistant

    def _column(self, assistant, key):
        return assistant.column_ids.filtered(lambda line: line.key == key)

    def test_the_proposal_and_the_rows_as_they_are_read(self):
        assistant = self._proposed()
        self.assertRecordValues(
            assistant,
            [
                {
                    "state": "done",
                    "name": "october",
                    "layout": "delimited",
                    "encoding": "auto",
                    "delimiter": ";",
                    "has_header": True,
                    "skipped_lines": 0,
                    "decimal_mark": ",",
                    "date_formats": "%d/%m/%Y %H:%M:%S",
                }
            ],
        )
        lines = assistant.column_ids
        self.assertEqual(
            lines.mapped(lambda line: (line.key, line.target)),
            [
                ("Call begin", "start"),
                ("Who", "calling_number"),
                ("Whom", "called_number"),
                ("Secs", False),
                ("Price", "carrier_amount"),
            ],
        )
        price = self._column(assistant, "Price")
        self.assertEqual(price.trust, "good")
        self.assertEqual(price.examples, "0,034 · 0,250 · 0,010")
        self.assertEqual(
            price.reason, "The heading 'Price' means it, and the values fit."
        )
        self.assertIn("No column with a duration was found", assistant.notes)
        self.assertIn("+34600000099", assistant.result)

    def test_a_correction_shows_each_error_in_place(self):
        assistant = self._proposed()
        self._column(assistant, "Secs").target = "duration"
        result = assistant.result
        self.assertIn("0:01:05", result)
        self.assertIn("is no duration of 0 or more, in seconds", result)
        self._column(assistant, "Secs").steps = "map x -> 7"
        self.assertNotIn("is no duration", assistant.result)

    def test_a_wrong_setting_says_so_where_the_rows_would_be(self):
        assistant = self._proposed()
        assistant.date_formats = "%Y"
        self.assertIn("a pattern with month and day", assistant.result)
        assistant.write({"date_formats": "%d/%m/%Y %H:%M:%S", "further": "{"})
        self.assertIn("valid JSON", assistant.result)
        with self.assertRaisesRegex(UserError, "valid JSON"):
            assistant.action_create()

    def test_columns_are_found_again_by_a_corrected_layout(self):
        assistant = self._proposed()
        assistant.write({"has_header": False, "skipped_lines": 1})
        assistant.action_columns()
        self.assertEqual(
            assistant.column_ids.mapped(lambda line: (line.key, line.target)),
            [
                ("1", "start"),
                ("2", "calling_number"),
                ("3", "called_number"),
                ("4", False),
                ("5", "carrier_amount"),
            ],
        )
        self.assertFalse(assistant.has_header)

    def test_the_manager_creates_the_format_for_the_source(self):
        assistant = self._proposed(source_id=self.source.id)
        self._column(assistant, "Secs").write(
            {"target": "duration", "steps": "map x -> 7"}
        )
        action = assistant.action_create()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("telecom.source", self.source.id)
        )
        made = self.source.format_id
        self.assertEqual(made.name, "october")
        self.assertEqual(
            json.loads(made.column_mapping),
            {
                "start": "Call begin",
                "calling_number": "Who",
                "called_number": "Whom",
                "duration": "Secs",
                "carrier_amount": "Price",
            },
        )
        self.assertEqual(json.loads(made.steps), {"duration": [{"map": {"x": "7"}}]})
        self.assertEqual((made.delimiter, made.decimal_mark), (";", ","))
        copy = made._import_definition(made._export_definition())
        self.assertEqual(copy._definition(), made._definition())

    def test_an_exported_format_is_imported(self):
        text = self.format._export_definition()
        action = self._assistant(text).action_propose()
        made = self.env["telecom.format"].browse(action["res_id"])
        self.assertEqual(action["res_model"], "telecom.format")
        self.assertNotEqual(made, self.format)
        self.assertEqual(made._definition(), self.format._definition())
        with self.assertRaises(AccessError):
            self._assistant(text, self.user).action_propose()
        with self.assertRaisesRegex(UserError, "keys that are not known: colour"):
            self._assistant(
                '{"name": "One", "column_mapping": {}, "colour": 1}'
            ).action_propose()

    def test_a_ready_format_is_proposed_by_name_and_used(self):
        ready = self.env["telecom.format"].create(
            {
                "name": "Our PBX",
                "has_header": True,
                "column_mapping": json.dumps(
                    {
                        "start": "calldate",
                        "calling_number": "src",
                        "called_number": "dst",
                        "duration": "billsec",
                        "disposition": "disposition",
                        "unique_id": "uniqueid",
                    }
                ),
            }
        )
        assistant = self._proposed(READY, source_id=self.source.id)
        self.assertIn(ready, assistant.ready_ids)
        assistant.ready_id = ready
        assistant.action_use_ready()
        self.assertEqual(self.source.format_id, ready)

    def test_a_user_may_look_but_not_create(self):
        assistant = self._proposed(user=self.user)
        self.assertIn("+34600000099", assistant.result)
        count = self.env["telecom.format"].search_count([])
        self._column(assistant, "Secs").target = "duration"
        with self.assertRaises(AccessError):
            assistant.action_create()
        self.assertEqual(self.env["telecom.format"].search_count([]), count)
        with self.assertRaises(AccessError):
            self._assistant(user=self.reader)

    def test_from_a_received_file(self):
        # What the carrier charges is in it.
        self.manager.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        file = self._upload(SAMPLE)
        assistant = (
            self.env["telecom.format.assistant"]
            .with_user(self.manager)
            .create({"file_id": file.id})
        )
        assistant.action_propose()
        self.assertEqual(assistant.delimiter, ";")
        user = (
            self.env["telecom.format.assistant"]
            .with_user(self.user)
            .create({"file_id": file.id})
        )
        with self.assertRaises(AccessError):
            user.action_propose()

    def test_no_sample_or_none_that_can_be_read(self):
        cases = [
            (b"", "Choose a sample file first"),
            (b"\n\n", "The sample is empty"),
            (b"%PDF-1.7 " + bytes(range(256)), "This is no text file"),
            (b"hello\nworld\n", "No columns were found in the sample"),
        ]
        for content, message in cases:
            with self.subTest(content=content[:10]):
                assistant = self._assistant(content)
                with self.assertRaisesRegex(UserError, message):
                    assistant.action_propose()

    def test_the_form_opens_from_a_source(self):
        model = self.env["telecom.format.assistant"].with_user(self.manager)
        context = {"default_source_id": self.source.id}
        with Form(model.with_context(**context)) as form:
            form.sample = base64.b64encode(SAMPLE.encode())
        form.record.action_propose()
        with Form(form.record) as form, form.column_ids.edit(3) as line:
            line.target = "duration"
        self.assertIn("0:01:05", form.record.result)

    def test_every_text_of_the_assistant_can_be_translated(self):
        folder = Path(__file__).parents[1] / "parsers" / "guess"
        said = set()
        for path in folder.glob("*.py"):
            tree = ast.parse(path.read_text())
            nodes = list(ast.walk(tree))
            docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            said |= {
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and id(node) not in docs
                if re.fullmatch(r"[A-Z][a-z]* [a-z].*", str(node.value))
            }
        self.assertEqual(said, {text._source for text in TEXTS})
