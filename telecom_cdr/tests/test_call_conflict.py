# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A call that comes again with other values: the better record, or a person decides."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MAPPING, READER, TelecomCommon
from .test_rating import row

DAY = date(2026, 10, 31)


@tagged("post_install", "-at_install")
class TestCallConflict(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")

    def _conflict(self):
        """A call of 0.01, and a row that says 0.05."""
        first = self._process(row("C1", amount="0.01"))
        second = self._process(
            row("C1", amount="0.05"), row("C2", called="913000001"), name="b.csv"
        )
        self.assertBalanced(second)
        self.assertEqual((second.call_count, second.rejected_count), (1, 1))
        return first, second, second.rejection_ids

    def _of_id(self):
        """The call that is disputed."""
        return self._calls(("called_number", "=", "+34912000001"))

    def _invoice(self):
        return self.env["telecom.invoicing"]._invoice(self.customer, DAY, DAY)

    def _again(self, *files):
        for file in files:
            file.write({"state": "received", "position": False})
            file.action_process()
            self.assertBalanced(file)

    def test_both_are_shown(self):
        first, _second, waiting = self._conflict()
        self.assertRecordValues(
            waiting,
            [
                {
                    "is_decidable": True,
                    "call_id": self._of_id().id,
                    "our_file_id": first.id,
                    "our_amount": 0.01,
                    "our_parties": "+34 910 00 00 01 → +34 912 00 00 01",
                    "their_amount": 0.05,
                    "their_parties": "+34910000001 → +34912000001",
                    "their_duration": "0:01:00",
                    "our_duration": "0:01:00",
                }
            ],
        )

    def test_both_wait(self):
        """Neither record is invoiced until somebody says which is right."""
        _first, _second, waiting = self._conflict()
        moves = self._invoice()
        self.assertEqual(moves.telecom_call_count, 1)
        self.assertEqual(self._of_id().state, "rated")
        waiting.action_keep_ours()
        self.assertEqual(self._invoice().telecom_call_count, 1)
        self.assertEqual(self._of_id().state, "invoiced")

    def test_ours_is_kept(self):
        first, second, waiting = self._conflict()
        waiting.with_user(self._new_user("decider")).action_keep_ours()
        for _time in range(2):
            self.assertEqual(self._of_id().carrier_amount, 0.01)
            self.assertRecordValues(second, [{"merged_count": 1, "rejected_count": 0}])
            self.assertFalse(second.rejection_ids)
            self._again(second, first)

    def test_theirs_is_taken(self):
        first, second, waiting = self._conflict()
        waiting.with_user(self._new_user("decider")).action_take_theirs()
        for _time in range(2):
            call = self._of_id()
            self.assertEqual((call.carrier_amount, call.file_id), (0.05, second))
            self.assertEqual((call.state, call.price, call.cost), ("rated", 0.07, 0.05))
            self.assertRecordValues(
                first + second,
                [
                    {"call_count": 0, "merged_count": 1, "rejected_count": 0},
                    {"call_count": 2, "merged_count": 0, "rejected_count": 0},
                ],
            )
            self._again(first, second)

    def test_what_is_invoiced_stands(self):
        first = self._process(row("C1", amount="0.01"))
        self._invoice()
        second = self._process(row("C1", seconds=90, amount="0.05"), name="b.csv")
        waiting = second.rejection_ids
        self.assertEqual(waiting.reason, "conflict")
        self.assertTrue(waiting.our_move_id)
        with self.assertRaisesRegex(UserError, "so it stands"):
            waiting.action_take_theirs()
        self.assertEqual(self._of_id().file_id, first)
        waiting.action_keep_ours()
        self.assertRecordValues(second, [{"merged_count": 1, "rejected_count": 0}])

    def test_a_better_record_settles_it(self):
        """A longer record than both comes: they are poorer, nobody has to decide."""
        first, second, _waiting = self._conflict()
        third = self._process(row("C1", seconds=90, amount="0.05"), name="c.csv")
        self.assertEqual(self._of_id().duration, 90)
        self.assertFalse(second.rejection_ids)
        for file in first + second + third:
            self.assertBalanced(file)
        self.assertEqual((second.merged_count, second.rejected_count), (1, 0))

    def test_final_stands_over_partial(self):
        """The record of a call that still goes on is the poorer one, even if longer."""
        mapping = {**MAPPING, "extra.partial": "amount"}
        del mapping["carrier_amount"]
        self.source.format_id = self._create_format(mapping)
        partial = row("C1", seconds=90, amount="interim")
        for rows in ((partial, row("C1")), (row("C1"), partial)):
            files = self.env["telecom.file"]
            for index, text in enumerate(rows):
                files += self._process(text, name=f"{index}.csv")
            self.assertEqual(self._of_id().duration, 60)
            for file in files:
                self.assertBalanced(file)
            self.assertEqual(sorted(files.mapped("merged_count")), [0, 1])
            files.action_revert()

    def test_reverting_ours_lets_theirs_stand(self):
        first, second, _waiting = self._conflict()
        first.action_revert()
        self.assertEqual(second.state, "received")
        second.action_process()
        self.assertEqual(self._of_id().carrier_amount, 0.05)
        self.assertEqual((second.call_count, second.rejected_count), (2, 0))

    def test_reverting_the_better_record_brings_the_other_back(self):
        first = self._process(row("C1", seconds=30))
        second = self._process(row("C1", seconds=90), name="b.csv")
        self.assertEqual((first.call_count, first.merged_count), (0, 1))
        second.action_revert()
        first.action_process()
        self.assertEqual(self._of_id().duration, 30)
        self.assertEqual((first.call_count, first.merged_count), (1, 0))

    def test_it_cannot_be_two_calls(self):
        _first, _second, waiting = self._conflict()
        with self.assertRaisesRegex(UserError, "unique id of the stored call"):
            waiting.action_keep_both()

    def test_to_leave_it_out_is_to_keep_ours(self):
        _first, second, waiting = self._conflict()
        waiting.action_dismiss()
        self.assertRecordValues(second, [{"merged_count": 1, "rejected_count": 0}])

    def test_readers_decide_nothing(self):
        _first, _second, waiting = self._conflict()
        reader = self._new_user("reader_of_conflicts", READER)
        with self.assertRaises(AccessError):
            waiting.with_user(reader).action_take_theirs()
        self.assertEqual(self._of_id().carrier_amount, 0.01)
