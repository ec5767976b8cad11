# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import HEADER, MANAGER, READER, USER, TelecomCommon
from .test_file import zipped
from .test_rating import row

SUMS = (
    "row_count",
    "call_count",
    "unmatched_count",
    "unrated_count",
    "rated_count",
    "duplicate_count",
    "rejected_count",
    "difference",
    "duration",
)


@tagged("post_install", "-at_install")
class TestCompleteness(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls._process(
            row("A1", amount="0.10"),
            row("A2", caller="910000077", seconds=30, amount="0.20"),
            row("A3", called="00442079460001", seconds=10),
            "bad row",
        )
        cls._process(row("A1", amount="0.10"), row("A4", seconds=20), name="b.csv")
        cls._process(row("S1", start="2026-09-02 10:00:00"), name="september.csv")

    def _periods(self, user=None):
        self.env.invalidate_all()
        periods = self.env["telecom.completeness"].with_user(user or self.env.uid)
        return periods.search([("source_id", "=", self.source.id)])

    def test_rows_and_what_became_of_them(self):
        october, september = self._periods(self.operator)
        self.assertEqual(str(october.month), "2026-10-01")
        self.assertEqual(
            [october[name] for name in SUMS], [6, 4, 1, 1, 2, 1, 1, 0, 120]
        )
        self.assertEqual([september[name] for name in SUMS[:3]], [1, 1, 0])
        self.assertEqual(october.file_count, 2)
        self.assertAlmostEqual(october.sudo().cost, 0.3)
        with self.assertRaises(AccessError):
            october.read(["cost"])

    def test_what_balances_is_closed_by_a_click(self):
        periods = self._periods(self.operator)
        periods.action_close()
        self.assertEqual(self._periods().mapped("state"), ["closed"] * 2)
        closing = self._periods()[0].closing_id
        self.assertEqual((closing.user_id, closing.row_count), (self.operator, 6))
        self.assertFalse(closing.is_signed)

    def test_reader_closes_nothing(self):
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            self._periods(reader).action_close()
        self.assertEqual(self._periods().mapped("state"), ["open"] * 2)

    def test_what_does_not_balance_is_signed(self):
        self._upload(b"\x00" * 300, "junk.csv").action_process()
        self.env.cr.execute("UPDATE telecom_file SET create_date = '2026-10-06'")
        october = self._periods(self.operator)[0]
        self.assertEqual(october.open_file_count, 1)
        with self.assertRaisesRegex(UserError, "1 of these periods do not balance"):
            self._periods(self.operator).action_close()
        action = october.action_close()
        closings = self.env["telecom.completeness.close"].with_user(self.operator)
        values = {
            name.removeprefix("default_"): value
            for name, value in action["context"].items()
        }
        with self.assertRaisesRegex(UserError, "files not read: 1.*Say why"):
            closings.create(values)
        with Form(
            closings.with_context(**action["context"]),
            "telecom_cdr.telecom_completeness_close_view_sign",
        ) as form:
            form.note = "The carrier knows"
        self.assertTrue(form.record.is_signed)
        self.assertEqual(self._periods()[0].state, "signed")
        self.assertEqual(form.record.user_id, self.operator)

    def test_rows_that_vanish_are_found(self):
        self.env.cr.execute("DELETE FROM telecom_call WHERE duration = 20")
        self.assertEqual(self._periods()[0].difference, 1)
        self.assertEqual(
            self.env["telecom.completeness"].search_count([("difference", "!=", 0)]), 1
        )

    def test_what_changes_later_is_seen(self):
        self._periods().action_close()
        self._process(row("A9"), name="late.csv")
        october, september = self._periods()
        self.assertEqual((october.state, september.state), ("changed", "closed"))
        first = october.closing_id
        october.action_close()
        self.assertEqual(self._periods()[0].state, "closed")
        self.assertEqual(first.reopened_by_id, self.env.user)

    def test_reopening_is_kept(self):
        self._periods(self.operator).action_close()
        october = self._periods(self.operator)[0]
        closing = october.closing_id
        october.action_reopen()
        self.assertEqual(self._periods()[0].state, "open")
        self.assertEqual(closing.reopened_by_id, self.operator)
        self.assertTrue(closing.reopened_at)
        manager = self._new_user("manager", MANAGER)
        with self.assertRaises(AccessError):
            closing.with_user(manager).unlink()
        with self.assertRaisesRegex(UserError, "does not change"):
            closing.with_user(manager).note = "x"

    def test_what_is_kept_is_what_stands_there(self):
        """Whatever a client says, the figures are those of the moment."""
        october = self._periods()[0]
        closing = self.env["telecom.completeness.close"].create(
            {"source_id": self.source.id, "month": october.month, "row_count": 99}
        )
        self.assertEqual(closing.row_count, 6)

    def test_archives_count_once(self):
        archive = self._upload(zipped(x__csv=HEADER + row("Z1") + "\n"), "x.zip")
        archive.action_process()
        october = self._periods()[0]
        self.assertEqual((october.file_count, october.row_count), (3, 7))
        self.assertEqual(october.difference, 0)
