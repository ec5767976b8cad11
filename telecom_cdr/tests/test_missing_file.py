# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import MANAGER, READER, USER, TelecomCommon

DAY = r"cdr_(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"


@tagged("post_install", "-at_install")
class TestMissingFile(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.responsible = cls._new_user("responsible", MANAGER)

    def _expect(self, rhythm, **values):
        with freeze_time("2026-10-05 06:00:00"):
            self.source.write(
                {"rhythm": rhythm, "responsible_id": self.responsible.id, **values}
            )

    def _come(self, *names, at="2026-10-05 08:00:00"):
        """Files of these names, as if they had come then."""
        for name in names:
            file = self._upload(name.encode(), name)
            self.env.cr.execute(
                "UPDATE telecom_file SET create_date = %s WHERE id = %s", (at, file.id)
            )
        self.env["telecom.file"].invalidate_model(["create_date"])

    def _missing(self):
        domain = [("source_id", "=", self.source.id), ("state", "=", "missing")]
        found = self.env["telecom.missing.file"].search(domain)
        return sorted(found.mapped("display_name"))

    def _activities(self):
        return self.source.activity_ids.filtered("active")

    def _look(self, moment):
        with freeze_time(moment):
            self._run_cron("missing")

    def test_sources_without_a_rhythm_are_left_alone(self):
        self._come("cdr_1.csv", "cdr_3.csv")
        self._look("2026-10-09 12:00:00")
        self.assertFalse(self._missing())
        self.assertFalse(self._activities())

    def test_a_day_is_missed_once_its_grace_is_over(self):
        self._expect("daily", rhythm_pattern=DAY, rhythm_start="2026-10-05")
        self._come("cdr_20261005.csv")
        # The 6th ends at 22:00 UTC in Madrid, and has 12 hours of grace.
        self._look("2026-10-07 09:59:00")
        self.assertEqual(self._missing(), [])
        self._look("2026-10-07 10:01:00")
        self.assertEqual(self._missing(), ["File of 2026-10-06"])
        activity = self._activities()
        self.assertEqual(activity.user_id, self.responsible)
        self.assertIn("File of 2026-10-06", activity.note)

    def test_nobody_is_reminded_twice_and_it_goes_by_itself(self):
        self._expect("daily", rhythm_pattern=DAY, rhythm_start="2026-10-05")
        self._look("2026-10-06 12:00:00")
        first = self._activities()
        self._look("2026-10-06 12:00:00")
        self._look("2026-10-07 12:00:00")
        self.assertEqual(self._activities(), first)
        self.assertIn("2026-10-06", first.note)
        with freeze_time("2026-10-07 13:00:00"):
            self._come("cdr_20261005.csv")
            self.assertEqual(self._missing(), ["File of 2026-10-06"])
            self._come("cdr_20261006.csv")
        self.assertEqual(self._missing(), [])
        self.assertFalse(self._activities())
        self.assertEqual(self.source.missing_ids.mapped("state"), ["came"] * 2)

    def test_without_a_pattern_a_file_counts_for_the_day_it_came(self):
        self._expect("daily", rhythm_start="2026-10-05", grace_hours=6)
        self._come("a.csv", at="2026-10-05 08:00:00")
        # Within the grace behind the 6th: its file, most likely.
        self._come("b.csv", at="2026-10-07 02:00:00")
        self._look("2026-10-08 12:00:00")
        self.assertEqual(self._missing(), [])
        self._look("2026-10-09 12:00:00")
        self.assertEqual(self._missing(), ["File of 2026-10-08"])

    def test_months(self):
        pattern = r"(?P<year>\d{4})-(?P<month>\d\d)"
        self._expect("monthly", rhythm_pattern=pattern, rhythm_start="2026-08-15")
        self._come("bill-2026-09.csv")
        self._look("2026-11-02 00:00:00")
        self.assertEqual(self._missing(), ["File of 2026-08", "File of 2026-10"])

    def test_somebody_who_is_a_person_is_reminded(self):
        """Where nobody is named: not the user that scheduled actions run as."""
        self._expect("daily", rhythm_start="2026-10-05", responsible_id=False)
        self._look("2026-10-09 12:00:00")
        self.assertNotEqual(self._activities().user_id, self.env.ref("base.user_root"))

    def test_gaps_in_numbers(self):
        self._expect("sequence", rhythm_pattern=r"cdr_(\d+)")
        names = ("cdr_0003.csv", "cdr_0004.csv", "cdr_0006.csv", "cdr_0009.csv")
        self._come(*names)
        self._look("2026-10-06 12:00:00")
        self.assertEqual(self._missing(), ["File number 5", "Files number 7 to 8"])
        self.assertEqual(self.source.missing_count, 3)
        with freeze_time("2026-10-06 13:00:00"):
            self._come("cdr_0007.csv")
        self.assertEqual(self._missing(), ["File number 5", "File number 8"])
        self.assertEqual(len(self._activities()), 1)

    def test_an_operator_says_that_a_file_will_not_come(self):
        operator = self._new_user("operator", USER)
        self._expect("sequence", rhythm_pattern=r"cdr_(\d+)")
        self._come("cdr_3.csv", "cdr_5.csv")
        self._look("2026-10-06 12:00:00")
        missing = self.source.missing_ids.with_user(operator)
        with freeze_time("2026-10-06 12:00:00"):
            missing.action_waive()
        self.assertFalse(self._activities())
        self._look("2026-10-07 12:00:00")
        self.assertEqual(self._missing(), [])
        self.assertEqual(missing.solved_by_id, operator)
        with freeze_time("2026-10-07 12:00:00"):
            missing.action_expect()
        self.assertEqual(self._missing(), ["File number 4"])
        self.assertEqual(len(self._activities()), 1)

    def test_a_reader_cannot(self):
        self._expect("sequence", rhythm_pattern=r"cdr_(\d+)")
        self._come("cdr_3.csv", "cdr_5.csv")
        self._look("2026-10-06 12:00:00")
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            self.source.missing_ids.with_user(reader).action_waive()
        self.assertEqual(self._missing(), ["File number 4"])

    def test_the_workbench_shows_them(self):
        self._expect("sequence", rhythm_pattern=r"cdr_(\d+)")
        self._come("cdr_3.csv", "cdr_6.csv")
        self._look("2026-10-06 12:00:00")
        row = self.env["telecom.waiting"].search(
            [("source_id", "=", self.source.id), ("cause", "=", "missing")]
        )
        self.assertEqual((row.name, row.record_count), ("Files number 4 to 5", 2))

    def test_patterns_say_what_is_wanted_of_them(self):
        cases = [
            ("sequence", False, "no group for the number"),
            ("sequence", r"cdr_\d+", "no group for the number"),
            ("daily", r"(\d+)", "year, month and day"),
            ("sequence", "(", "no regular expression"),
        ]
        for rhythm, pattern, words in cases:
            with (
                self.subTest(pattern=pattern),
                self.assertRaisesRegex(ValidationError, words),
            ):
                self._expect(rhythm, rhythm_pattern=pattern)
