# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conversions and checks of a format: as lines, as text, in a file, in the preview."""

import base64
import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..parsers.verdicts import MESSAGES
from .common import HEADER, MANAGER, MAPPING, READER, USER, TelecomCommon
from .refusal import RefusalMixin

ROW = "{},9910000001,0600000099,{},{},{}\n"


@tagged("post_install", "-at_install")
class TestFormatSteps(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)

    def _line(self, target):
        return self.format.column_ids.filtered(lambda line: line.target == target)

    def _steps(self):
        return json.loads(self.format.steps)

    # === AS LINES AND AS TEXT === #

    def test_lines_become_text(self):
        self._line("calling_number").write(
            {"steps": "strip | replace ^9 -> | digits", "check": "^9"}
        )
        self._line("carrier_amount").steps = "empty null, - | implied_decimals 5"
        self.assertEqual(
            self._steps(),
            {
                "calling_number": ["strip", {"replace": ["^9", ""]}, "digits"],
                "carrier_amount": [
                    {"empty": ["null", "-"]},
                    {"implied_decimals": 5},
                ],
            },
        )
        self.assertEqual(json.loads(self.format.checks), {"calling_number": "^9"})
        self._line("carrier_amount").steps = False
        self.assertEqual(list(self._steps()), ["calling_number"])

    def test_text_becomes_lines(self):
        self.format.write(
            {
                "steps": json.dumps({"start": [{"date_parts": "DDMMYYYY"}, "strip"]}),
                "checks": json.dumps({"duration": r"^\d+$"}),
            }
        )
        self.assertEqual(self._line("start").steps, "date_parts DDMMYYYY | strip")
        self.assertEqual(self._line("duration").check, r"^\d+$")
        self.assertEqual(json.loads(self.format.column_mapping), MAPPING)

    def test_all_in_one_definition_whatever_comes_first(self):
        values = {
            "steps": '{"start": ["epoch"]}',
            "column_mapping": '{"start": 1, "called_number": 2}',
            "checks": '{"called_number": "^6"}',
            "has_header": False,
        }
        for names in (list(values), list(reversed(values))):
            given = {name: values[name] for name in names}
            form = self.env["telecom.format"].create({"name": "One", **given})
            self.assertEqual(
                form.column_ids.mapped(lambda one: (one.target, one.steps, one.check)),
                [("start", "epoch", False), ("called_number", False, "^6")],
            )

    def test_a_new_mapping_keeps_the_steps_of_what_is_still_there(self):
        self._line("calling_number").steps = "digits"
        self._line("carrier_amount").steps = "pence"
        less = {name: MAPPING[name] for name in MAPPING if name != "carrier_amount"}
        with self.assertSays(ValidationError, "fields that have a column"):
            self.format.column_mapping = json.dumps(less)
        self.format.write(
            {
                "column_mapping": json.dumps(less),
                "steps": '{"calling_number": ["digits"]}',
            }
        )
        self.assertEqual(self._line("calling_number").steps, "digits")
        self.format.column_mapping = json.dumps({**less, "trunk": "id"})
        self.assertEqual(self._steps(), {"calling_number": ["digits"]})

    def test_bad_steps_are_refused_with_what_is_expected(self):
        line = self._line("calling_number")
        for values, words in (
            ({"steps": "stripp"}, "one of the steps strip, upper"),
            ({"steps": "replace ( -> x"}, "a regular expression"),
            ({"steps": "replace x"}, "' -> ' and what takes its place"),
            ({"steps": "pad much"}, "a number from 1 to 64"),
            ({"check": "["}, "a regular expression"),
        ):
            with self.assertSays(ValidationError, words):
                line.write(values)
        for values, words in (
            ({"steps": "{"}, "is not JSON"),
            ({"steps": "[]", "checks": "[1]"}, "an object with fields"),
            ({"steps": '{"trunk": ["strip"]}'}, "fields that have a column"),
            ({"steps": '{"start": ["frobnicate"]}'}, "one of the steps"),
            ({"steps": '{"start": "strip"}'}, "a list of up to 30 steps"),
            ({"checks": '{"start": "("}'}, "a regular expression"),
        ):
            with self.assertSays(ValidationError, words):
                self.format.write(values)
        self.assertEqual((self.format.steps, self.format.checks), ("{}", "{}"))

    def test_export_and_import_carry_them(self):
        self._line("calling_number").write({"steps": "remove_prefix ->", "check": "."})
        self.format.time_means = "end"
        text = self.format._export_definition()
        copy = self.env["telecom.format"]._import_definition(text)
        self.assertEqual(copy._definition(), self.format._definition())
        line = copy.column_ids.filtered(lambda one: one.target == "calling_number")
        self.assertEqual((line.steps, line.check), ("remove_prefix ->", "."))
        self.assertEqual(copy.time_means, "end")
        self.assertEqual(self.format.copy().steps, self.format.steps)
        bad = json.dumps({**json.loads(text), "steps": {"start": ["stripp"]}})
        with self.assertSays(UserError, "one of the steps"):
            self.env["telecom.format"]._import_definition(bad)

    def test_only_managers_change_steps(self):
        line = self._line("start")
        for user in (self.operator, self._new_user("reader", READER)):
            self.assertFalse(line.with_user(user).steps)
            with self.assertRaises(AccessError):
                line.with_user(user).steps = "strip"
        line.with_user(self.manager).steps = "strip"
        self.assertEqual(self._steps(), {"start": ["strip"]})

    def test_times_that_are_ends_need_a_duration(self):
        mapping = {"start": 1, "called_number": 2}
        with self.assertSays(ValidationError, "a column for duration"):
            self.format.write(
                {"time_means": "end", "column_mapping": json.dumps(mapping)}
            )

    # === IN A FILE === #

    def _convert(self):
        self.format.write(
            {
                "steps": json.dumps(
                    {
                        "start": ["epoch"],
                        "calling_number": [{"remove_prefix": "9"}],
                        "called_number": [{"number_plan": [["^0", r"+34"]]}],
                        "duration": [{"map": {"-1": "0"}}, {"duration": "text"}],
                        "carrier_amount": [{"empty": ["null"]}, "negate"],
                    }
                ),
                "checks": '{"unique_id": "^[A-Z]"}',
            }
        )

    def test_a_file_is_read_through_its_steps(self):
        self._convert()
        file = self._upload(
            HEADER
            + ROW.format(1791194400, "1m 15s", "-0.02", "A1")
            + ROW.format(1791194460, "-1", "null", "A2")
            + ROW.format(1791194520, "soon", "-0.02", "A3")
            + ROW.format(1791194580, "5s", "-0.02", "4")
        )
        file.action_process()
        self.assertBalanced(file)
        parties = ("+34910000001", "+34600000099")
        self.assertEqual(
            self._calls().mapped(
                lambda call: (
                    str(call.start_at),
                    call.calling_number,
                    call.called_number,
                    call.duration,
                    call.carrier_amount,
                    call.partner_id,
                )
            ),
            [
                ("2026-10-05 10:00:00", *parties, 75, 0.02, self.customer),
                ("2026-10-05 10:01:00", *parties, 0, 0, self.customer),
            ],
        )
        self.assertEqual(
            file.rejection_ids.sorted("line_number").mapped(
                lambda one: (one.line_number, one.reason, one.message)
            ),
            [
                (
                    4,
                    "step",
                    "'soon' cannot be converted by the step 'duration text'.",
                ),
                (5, "check", "'4' is not what the format expects there: ^[A-Z]."),
            ],
        )

    def test_every_reason_can_be_kept(self):
        kept = dict(self.env["telecom.rejection"]._fields["reason"].selection)
        self.assertLessEqual(set(MESSAGES), set(kept))

    def test_times_that_are_ends(self):
        self.format.time_means = "end"
        self._process("2026-03-29 03:00:10,910000001,600000099,20,,A1")
        call = self._calls()
        self.assertEqual(str(call.start_at), "2026-03-29 00:59:50")
        self.assertEqual(call.duration, 20)

    def test_the_year_is_that_in_which_the_file_came(self):
        self.format.date_formats = '["%m/%d %I:%M%P"]'
        # Half past midnight in Madrid: the file came on 1 January there.
        with freeze_time("2025-12-31 23:30:00"):
            file = self._upload(
                HEADER
                + "12/31 11:00p,910000001,600000099,20,,A1\n"
                + "01/01 12:20,910000001,600000099,20,,A2\n"
                + "01/03 12:20,910000001,600000099,20,,A3\n"
            )
        self.env.cr.execute(
            "UPDATE telecom_file SET create_date = '2025-12-31 23:30:00' WHERE id = %s",
            (file.id,),
        )
        file.invalidate_recordset()
        file.action_process()
        self.assertEqual(
            self._calls().mapped(lambda call: str(call.start_at)),
            ["2025-01-02 23:20:00", "2025-12-31 22:00:00", "2025-12-31 23:20:00"],
        )

    def test_offsets_and_zones_are_columns(self):
        mapping = {**MAPPING, "utc_offset": "amount", "time_zone": "id"}
        del mapping["carrier_amount"], mapping["unique_id"]
        self.format.column_mapping = json.dumps(mapping)
        self._process(
            "2026-07-01 12:00:00,910000001,600000099,20,+0500,",
            "2026-07-01 12:00:01,910000001,600000099,20,,Atlantic/Canary",
            "2026-07-01 12:00:02,910000001,600000099,20,,",
        )
        self.assertEqual(
            self._calls().mapped(lambda call: str(call.start_at)),
            ["2026-07-01 07:00:00", "2026-07-01 10:00:02", "2026-07-01 11:00:01"],
        )

    # === IN THE PREVIEW === #

    def _preview(self, content):
        wizard = self.env["telecom.format.preview"].with_user(self.operator)
        values = {
            "format_id": self.format.id,
            "carrier_id": self.carrier.id,
            "sample": base64.b64encode(content.encode()),
            "sample_name": "sample.csv",
        }
        return wizard.create(values)

    def _walked(self, content):
        """The rows as the preview has them, by line."""
        wizard = self._preview(content)
        found = {}
        render = type(wizard.env["ir.qweb"])._render

        def watch(qweb, template, values=None, **options):
            found.update(values or {})
            return render(qweb, template, values, **options)

        self.patch(type(wizard.env["ir.qweb"]), "_render", watch)
        self.assertTrue(wizard.result)
        return {row["line"]: row for row in found["rows"]}

    def test_preview_shows_each_step_and_the_fact(self):
        self._convert()
        rows = self._walked(HEADER + ROW.format(1791194400, "1m 15s", "-0.02", "A1"))
        self.assertEqual(list(rows), [2])
        self.assertEqual((rows[2]["is_read"], rows[2]["messages"]), (True, []))
        fields = {field["label"]: field for field in rows[2]["fields"]}
        self.assertEqual(
            fields["Duration"],
            {
                "label": "Duration",
                "cell": "1m 15s",
                "steps": [
                    {"words": "map -1 -> 0", "cell": "1m 15s"},
                    {"words": "duration text", "cell": "75"},
                ],
                "fact": "0:01:15",
            },
        )
        self.assertEqual(
            (fields["Start"]["steps"], fields["Start"]["fact"]),
            (
                [{"words": "epoch", "cell": "2026-10-05T10:00:00Z"}],
                "2026-10-05 10:00:00",
            ),
        )
        self.assertEqual(fields["Called number"]["fact"], "+34600000099")
        self.assertEqual(fields["Unique id"]["steps"], [])

    def test_preview_shows_errors_in_their_place(self):
        self._convert()
        rows = self._walked(
            HEADER
            + ROW.format(1791194400, "1m 15s", "-0.02", "A1")
            + ROW.format(1791194520, "soon", "-0.02", "A3")
            + HEADER
            + ROW.format(1791194580, "5s", "-0.02", "4")
        )
        self.assertEqual(
            [(line, row["is_read"], row["messages"]) for line, row in rows.items()],
            [
                (2, True, []),
                (3, False, ["'soon' cannot be converted by the step 'duration text'."]),
                (4, False, []),
                (5, False, ["'4' is not what the format expects there: ^[A-Z]."]),
            ],
        )
        fields = {field["label"]: field for field in rows[3]["fields"]}
        self.assertEqual(
            [step["cell"] for step in fields["Duration"]["steps"]], ["soon", None]
        )
        self.assertEqual(fields["Duration"]["fact"], "")

    def test_preview_shows_it_to_people(self):
        self._convert()
        shown = str(
            self._preview(
                HEADER
                + ROW.format(1791194400, "<b>1</b>", "-0.02", "A1")
                + ROW.format(1791194400, "12s", "-0.02", "A2")
            ).result
        )
        for text in ("Row by row", "duration text", "refused", "rejected", "0:00:12"):
            self.assertIn(text, shown)
        self.assertNotIn("<b>1</b>", shown)
        self.assertIn("&lt;b&gt;1&lt;/b&gt;", shown)
        self.assertFalse(self._calls())
