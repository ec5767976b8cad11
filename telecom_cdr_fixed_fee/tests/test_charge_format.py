# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import CHARGE_HEADER, ChargeCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeFormat(ChargeCommon):
    def test_definitions_that_cannot_be_used_are_refused_when_saved(self):
        for values, words in (
            ({"kind_words": "{"}, "not JSON"),
            ({"kind_words": '{"x": "weekly"}'}, "weekly"),
            ({"column_mapping": '{"reference": 1}'}, "period_from"),
            ({"delimiter": '"'}, "one character"),
            ({"date_formats": '["%d"]'}, "month and day"),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words):
                self.charge_format.copy(values)

    def test_source_and_format_hold_the_same_kind_of_file(self):
        with self.assertRaisesRegex(ValidationError, "Choose another format"):
            self._create_source(name="x", format_id=self.charge_format.id)
        with self.assertRaisesRegex(ValidationError, "Choose another format"):
            self.charge_source.format_id = self.format

    def test_export_and_import(self):
        text = self.charge_format._export_definition()
        again = self.env["telecom.format"]._import_definition(
            json.dumps({**json.loads(text), "name": "Again"})
        )
        self.assertEqual(again.name, "Again")
        self.assertEqual(
            again._charge_definition(), self.charge_format._charge_definition()
        )
        self.assertEqual(again._charge_spec(), self.charge_format._charge_spec())

    def test_formats_of_calls_are_exported_as_before(self):
        definition = json.loads(self.format._export_definition())
        self.assertNotIn("kind_words", definition)
        self.env["telecom.format"]._import_definition(json.dumps(definition))

    def test_preview_shows_charges_and_what_cannot_be_read(self):
        sample = CHARGE_HEADER + charge_row() + "\n" + charge_row(kind="?") + "\n"
        wizard = self.env["telecom.format.preview"].create(
            {
                "format_id": self.charge_format.id,
                "sample": base64.b64encode(sample.encode()),
            }
        )
        self.assertIn("910000001", wizard.result)
        self.assertIn("Recurring", wizard.result)
        self.assertIn("is not known", wizard.result)
        self.assertIn("period_from", wizard.result)

    def test_preview_of_a_file_that_is_none(self):
        wizard = self.env["telecom.format.preview"].create(
            {
                "format_id": self.charge_format.id,
                "sample": base64.b64encode(b"a;b\n1;2\n"),
            }
        )
        self.assertIn("has no column", wizard.result)
