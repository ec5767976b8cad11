# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .common import TelecomCommon

LANDLINE = "2026-10-05 10:00:00,910000001,912000001,61,0.0100,A1"
MOBILE = "2026-10-05 11:00:00,910000001,600000099,30,0.0200,A2"


@tagged("post_install", "-at_install")
class TestImport(TelecomCommon):
    def test_rows_become_rated_calls(self):
        file = self._process(LANDLINE, MOBILE)
        self.assertRecordValues(
            file,
            [
                {
                    "state": "processed",
                    "row_count": 2,
                    "call_count": 2,
                    "last_error": False,
                }
            ],
        )
        landline, mobile = self._calls()
        self.assertRecordValues(
            landline + mobile,
            [
                {
                    "calling_number": "+34910000001",
                    "called_number": "+34912000001",
                    "category": "landline",
                    "duration": 61,
                    "billed_duration": 120,
                    "price": 0.09,
                    "cost": 0.01,
                    "margin": 0.08,
                    "state": "rated",
                    "partner_id": self.customer.id,
                    "number_id": self.number.id,
                },
                {
                    "calling_number": "+34910000001",
                    "called_number": "+34600000099",
                    "category": "mobile",
                    "duration": 30,
                    "billed_duration": 30,
                    "price": 0.045,
                    "cost": 0.02,
                    "margin": 0.025,
                    "state": "rated",
                    "partner_id": self.customer.id,
                    "number_id": self.number.id,
                },
            ],
        )
        self.assertEqual(str(landline.start_at), "2026-10-05 08:00:00")
        self.assertEqual(str(landline.day), "2026-10-05")

    def test_day_is_the_local_one(self):
        self._process("2026-10-01 00:30:00,910000001,912000001,60,,B1")
        call = self._calls()
        self.assertEqual(str(call.start_at), "2026-09-30 22:30:00")
        self.assertEqual(str(call.day), "2026-10-01")

    def test_bad_rows_wait_and_the_others_go_on(self):
        file = self._process(
            LANDLINE,
            "2026-02-31 10:00:00,910000001,912000001,60,0.01,A3",
            "2026-10-05 10:00:00,910000001,912000001,-5,0.01,A4",
            "2026-10-05 10:00:00,910000001",
            "2026-10-05 10:00:00,910000001," + "9" * 40 + ",60,0.01,A5",
        )
        self.assertBalanced(file)
        self.assertEqual((file.call_count, file.rejected_count), (1, 4))
        self.assertEqual(
            file.rejection_ids.sorted("line_number").mapped(
                lambda r: (r.line_number, r.reason)
            ),
            [(3, "date"), (4, "duration"), (5, "columns"), (6, "number")],
        )
        self.assertIn("2026-02-31", file.rejection_ids.sorted("line_number")[0].raw)

    def test_unknown_numbers_wait_or_are_skipped(self):
        row = "2026-10-05 10:00:00,910000077,912000001,60,0.01,A6"
        kept = self._process(row)
        self.assertEqual(self._calls().mapped("state"), ["unmatched"])
        self.assertEqual((kept.call_count, kept.skipped_count), (1, 0))
        self.source.keep_unknown = False
        skipping = self._process(row, LANDLINE, name="other.csv")
        self.assertBalanced(skipping)
        self.assertEqual((skipping.call_count, skipping.skipped_count), (1, 1))

    def test_the_same_calls_in_another_file_are_duplicates(self):
        self._process(LANDLINE, MOBILE)
        again = self._process(MOBILE, LANDLINE, name="again.csv")
        self.assertBalanced(again)
        self.assertEqual((again.call_count, again.duplicate_count), (0, 2))
        self.assertEqual(len(self._calls()), 2)

    def test_equal_rows_count_by_how_often_they_stand_in_a_file(self):
        row = "2026-10-05 10:00:00,910000001,912000001,60,0.01,"
        two, three = [row] * 2, [row] * 3
        self._process(*two)
        self.assertEqual(len(self._calls()), 2)
        file = self._process(*three, name="three.csv")
        self.assertBalanced(file)
        self.assertEqual((file.call_count, file.duplicate_count), (1, 2))
        self.assertEqual(len(self._calls()), 3)

    def test_the_longer_record_of_a_call_stands(self):
        partial = "2026-10-05 10:00:00,910000001,912000001,30,0.01,P1"
        final = "2026-10-05 10:00:00,910000001,912000001,90,0.01,P1"
        first = self._process(partial)
        second = self._process(final, name="final.csv")
        late = self._process(partial, "", name="late.csv")
        self.assertEqual(self._calls().mapped("duration"), [90])
        for file in first + second + late:
            self.assertBalanced(file)
        self.assertEqual((first.call_count, first.merged_count), (0, 1))
        self.assertEqual((late.call_count, late.merged_count), (0, 1))

    def test_other_amount_under_the_same_id_is_a_conflict(self):
        self._process("2026-10-05 10:00:00,910000001,912000001,30,0.01,C1")
        file = self._process(
            "2026-10-05 10:00:00,910000001,912000001,30,0.05,C1", name="other.csv"
        )
        self.assertBalanced(file)
        self.assertEqual(file.rejection_ids.mapped("reason"), ["conflict"])
        self.assertEqual(self._calls().mapped("carrier_amount"), [0.01])

    def test_order_of_files_does_not_matter(self):
        """Law 3: the same calls, whichever file comes first."""
        rows = [
            f"2026-10-05 1{i}:00:00,910000001,91200000{i},{60 + i},0.01,O{i}"
            for i in range(6)
        ]
        self._process(*rows[:4])
        self._process(*rows[2:], name="second.csv")
        forward = self._calls().mapped(lambda c: (c.start_at, c.price, c.identity))
        self.env["telecom.file"].search(
            [("source_id", "=", self.source.id)]
        ).action_revert()
        self.assertFalse(self._calls())
        self._process(*reversed(rows[2:]), name="third.csv")
        self._process(*rows[:4], name="fourth.csv")
        backward = self._calls().mapped(lambda c: (c.start_at, c.price, c.identity))
        self.assertEqual(forward, backward)

    def test_formulas_stay_text(self):
        text = "=cmd()"
        self.format.column_mapping = (
            '{"start": 1, "calling_number": 2, "called_number": 3, "duration": 4,'
            ' "extra.note": 6}'
        )
        self._process(f"2026-10-05 10:00:00,910000001,912000001,60,0.01,{text}")
        self.assertEqual(self._calls().extra, {"note": text})
