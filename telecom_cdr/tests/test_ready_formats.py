# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
from pathlib import Path

from lxml import etree

from odoo.tests import tagged

from ..parsers.formats import FormatSpec
from .common import TelecomCommon

OF_PEOPLE = {"name", "code", "note"}
DATA = Path(__file__).parents[1] / "data"


@tagged("post_install", "-at_install")
class TestReadyFormats(TelecomCommon):
    """The ready-made formats mean in Odoo what their records say.

    What they read is tested on the records themselves, without Odoo.
    """

    def _records(self):
        """The records of the data files: xml id -> values."""
        return {
            record.get("id"): {
                field.get("name"): ast.literal_eval(field.get("eval"))
                if field.get("eval")
                else field.text or ""
                for field in record
            }
            for path in sorted(DATA.glob("telecom_format_*_data.xml"))
            for record in etree.parse(str(path)).iter("record")
        }

    def test_every_record_is_installed(self):
        shipped = self.env["ir.model.data"].search(
            [("module", "=", "telecom_cdr"), ("model", "=", "telecom.format")]
        )
        self.assertEqual(sorted(shipped.mapped("name")), sorted(self._records()))

    def test_formats_are_what_their_records_say(self):
        for name, values in self._records().items():
            format_ = self.env.ref(f"telecom_cdr.{name}")
            own = {key: values[key] for key in values.keys() - OF_PEOPLE}
            self.assertEqual(format_._spec(), FormatSpec.from_dict(own), name)
            self.assertEqual(format_.code, values["code"])
            self.assertEqual(format_.note, values["note"])
            self.assertGreater(len(values["note"]), 40, name)
            self.assertEqual(name, f"telecom_format_{format_.code}")

    def test_requests_find_their_formats(self):
        codes = self.env["telecom.format"].search([]).mapped("code")
        for request in self.env["telecom.request"].search([("format_code", "!=", "")]):
            self.assertIn(request.format_code, codes, request.name)

    def test_a_smdr_file_becomes_calls(self):
        """Fixed columns, page headers and the year of the file's day."""
        self._create_number("1007", self.customer, kind="extension")
        format_ = self.env.ref("telecom_cdr.telecom_format_panasonic_smdr_a")
        source = self._create_source(format_id=format_.id)
        file = self._upload(
            "  Date     Time    Ext CO        Dial Number        Ring Duration  Acc\n"
            + "-" * 80
            + "\n10/05/26 10:03AM  1007 01 600000099                      00:01'02\n"
            "10/05/26 10:05AM  1007 01 <I>600000098              0'05 00:00'30\n",
            "smdr.txt",
            source,
        )
        file.action_process()
        self.assertEqual(file.state, "processed", file.last_error)
        self.assertBalanced(file)
        self.assertEqual(
            self._calls().mapped(
                lambda call: (
                    call.direction,
                    call.calling_number,
                    call.called_number,
                    str(call.start_at),
                    call.duration,
                    call.price,
                )
            ),
            [
                ("outgoing", "1007", "+34600000099", "2026-10-05 08:01:58", 62, 0.093),
                ("incoming", "+34600000098", "1007", "2026-10-05 08:04:30", 30, 0),
            ],
        )
