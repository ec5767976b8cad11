# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Down to the call: a carrier's file compared, and what is sent to the carrier."""

import base64
import csv
import io
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import HEADER, READER
from .reconciliation_common import ACCOUNTANT, ReconciliationCommon
from .test_rating import row

A = {"start": "2026-10-05 10:00:00", "amount": "0.01"}
B = {"start": "2026-10-06 10:00:00", "amount": "0.02"}
C = {"start": "2026-10-07 10:00:00", "amount": "0.03"}
D = {"start": "2026-10-08 10:00:00", "amount": "0.04"}
E = {"start": "2026-10-09 10:00:00", "amount": "0.05"}


WIZARD = "odoo.addons.telecom_cdr.wizards.telecom_reconciliation_compare"
FIVE = [
    ("duration", 7, "0:01:00", "0:01:30"),
    ("extra", 8, "", "0:01:00"),
    ("missing", 9, "0:01:00", ""),
    ("price", 6, "0.02", "0.5"),
]


class ComparingCase(ReconciliationCommon):
    def _compare(self, one, *rows, content=None, **values):
        text = HEADER + "\n".join(rows) + "\n" if content is None else content
        wizard = one.env["telecom.reconciliation.compare"].create(
            {
                "reconciliation_id": one.id,
                "source_id": self.source.id,
                "content": base64.b64encode(text.encode()),
                "content_name": "october.csv",
                **values,
            }
        )
        return wizard.action_compare()

    def _told(self, one):
        """Differences as (kind, day, ours, theirs)."""
        found = self.env["telecom.file.difference"].search(one._differences_domain())
        return sorted((d.kind, d.start_at.day, d.ours, d.theirs) for d in found)

    def _five(self):
        """Four calls stored; the carrier's file has other ideas."""
        self._process(
            row("1", **A), row("2", **B), row("3", **C), row("5", **E), name="d.csv"
        )
        one = self._reconcile()
        self._compare(
            one,
            row("1", **A),
            row("2", **{**B, "amount": "0.5"}),
            row("3", seconds=90, **C),
            row("4", **D),
        )
        return one


@tagged("post_install", "-at_install")
class TestReconciliationComparing(ComparingCase):
    def test_record_by_record(self):
        one = self._five()
        self.assertEqual(self._told(one), FIVE)
        self.assertRecordValues(
            one,
            [
                {
                    "missing_call_count": 1,
                    "extra_call_count": 1,
                    "other_duration_count": 1,
                    "other_price_count": 1,
                    # 0.50 - 0.02 for the price, 0.04 for the extra, -0.05 missing.
                    "claimed_amount": 0.47,
                    "compared_name": "october.csv",
                }
            ],
        )

    def test_nothing_of_it_is_stored(self):
        one = self._five()
        self.assertEqual(
            self._calls().mapped("carrier_amount"), [0.01, 0.02, 0.03, 0.05]
        )
        self.assertEqual(self.source.carrier_id.file_ids.mapped("name"), ["d.csv"])
        self.assertFalse(self.env["telecom.file.confirmation"].search([]))
        self.assertFalse(self.env["telecom.rejection"].search([]))
        self.assertFalse(self.env["telecom.rating.mark"].search([]))
        one.action_forget_comparison()
        self.assertFalse(self._told(one))
        # The very file may come later: it was never received.
        later = self._process(row("4", **D), name="october.csv")
        self.assertEqual((later.state, later.call_count), ("processed", 1))

    def test_compared_again_it_tells_the_same(self):
        one = self._five()
        before = self._told(one)
        rows = [
            row("4", **D),
            row("3", seconds=90, **C),
            row("2", **{**B, "amount": "0.5"}),
            row("1", **A),
        ]
        with patch("odoo.addons.telecom_cdr.models.call_import.CHUNK", 1):
            self._compare(one, *rows)
        self.assertEqual(self._told(one), before)

    def test_other_spellings_are_the_same_call(self):
        """No id, four seconds later, three seconds longer: within the tolerance."""
        self._process(row("1", **A), name="d.csv")
        one = self._reconcile()
        moved = {**A, "start": "2026-10-05 10:00:04"}
        self._compare(one, row("other", seconds=63, **moved))
        self.assertEqual(self._told(one), [])
        self._compare(one, row("other", **{**A, "start": "2026-10-05 10:00:06"}))
        self.assertEqual([told[0] for told in self._told(one)], ["extra", "missing"])

    def test_real_repeats_stay(self):
        """Two equal calls of ours, one row of theirs: one is missing."""
        self._process(row("", **A), row("", **A), name="d.csv")
        one = self._reconcile()
        self._compare(one, row("", **A))
        self.assertEqual([told[0] for told in self._told(one)], ["missing"])

    def test_other_days_are_left_alone(self):
        self._process(
            row("1", start="2026-09-30 23:59:58", amount="1"),
            row("2", start="2026-10-31 23:59:58", amount="1"),
            name="d.csv",
        )
        one = self._reconcile()
        self._compare(
            one,
            row("x", start="2026-09-15 10:00:00", amount="9"),
            row("y", start="2026-11-20 10:00:00", amount="9"),
            # The call of October's last seconds, which they count in November.
            row("z", start="2026-11-01 00:00:01", amount="1"),
        )
        self.assertEqual(self._told(one), [])

    def test_days_that_the_file_does_not_tell_of(self):
        self._process(row("1", **A), row("2", **B), row("5", **E), name="d.csv")
        one = self._reconcile()
        self._compare(one, row("1", **A), row("3", **C), is_whole=False)
        self.assertEqual(
            [told[:2] for told in self._told(one)], [("extra", 7), ("missing", 6)]
        )
        self._compare(one, row("1", **A), row("3", **C))
        self.assertEqual(len(self._told(one)), 3)

    def test_calls_of_numbers_that_are_not_ours_are_extra(self):
        """Skipped where files are read, yet the carrier bills them."""
        self.source.keep_unknown = False
        one = self._reconcile()
        self._compare(one, row("1", caller="910000077", **A))
        self.assertEqual(self._told(one), [("extra", 5, "", "0:01:00")])

    def test_our_own_tariff_is_compared(self):
        self.carrier.cost_tariff_id = self._create_tariff("Cost", {"price": 0.06})
        self._process(row("1", **A), row("2", **B), name="d.csv")
        one = self._reconcile()
        self._compare(
            one,
            row("1", **{**A, "amount": "0.06"}),
            row("2", **{**B, "amount": "0.07"}),
        )
        self.assertEqual(self._told(one), [("price", 6, "0.06", "0.07")])

    def test_files_that_confirm_others_need_not_be_dropped(self):
        monthly = self._create_source(
            name="Monthly", confirms_source_ids=[Command.set(self.source.ids)]
        )
        self._process(row("1", **A), name="d.csv")
        self._process(row("1", **A), row("4", **D), name="m.csv", source=monthly)
        one = self._reconcile()
        self.assertEqual(self._told(one), [("extra", 8, "", "0:01:00")])
        september = self._reconcile(date_from="2026-09-01", date_to="2026-09-30")
        self.assertEqual(self._told(september), [])

    def test_what_cannot_be_read_is_told(self):
        one = self._five()
        before = self._told(one)
        with self.assertRaisesRegex(UserError, "october.csv"), self.cr.savepoint():
            self._compare(one, content="something else\nentirely\n")
        self.assertEqual(self._told(one), before)
        with self.assertRaisesRegex(UserError, "Choose the file"):
            self._compare(one, content="")
        other = self._create_source(carrier_id=self._create_carrier(name="Other").id)
        with self.assertRaisesRegex(UserError, "source of Other. Choose one of Carr"):
            self._compare(one, row("1", **A), source_id=other.id)

    def test_who_may_compare(self):
        self._process(row("1", **A), name="d.csv")
        one = self._reconcile()
        person = self._new_user("accountant", ACCOUNTANT)
        self._compare(one.with_user(person), row("4", **D))
        self.assertEqual(len(self._told(one)), 2)
        reader = self._new_user("reader", READER)
        differences = self.env["telecom.file.difference"].with_user(reader)
        found = differences.search([("carrier_id", "=", self.carrier.id)])
        with self.assertRaises(AccessError):
            found.read(["amount_theirs"])
        with self.assertRaises(AccessError):
            self._compare(one.with_user(reader), row("4", **D))

    # === WHAT IS SENT === #

    def _csv(self, one):
        text = one._attach_table("csv").raw.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    def test_table_for_the_carrier(self):
        one = self._five()
        ids = dict(zip("1235", self._calls().ids, strict=True))
        head, *rows = self._csv(one)
        self.assertEqual(
            head[:3], ["What differs", "Our reference", "Line of your file"]
        )
        number, called = "+34910000001", "+34912000001"
        time = "10:00:00"
        parties = [time, number, called]
        three, five, two = (str(ids[name]) for name in "352")
        self.assertEqual(
            [line[1:] for line in rows],
            [
                [three, "4", "2026-10-07", *parties, "90", "60", "", "", ""],
                ["", "5", "2026-10-08", *parties, "60", "", "0.04", "", "0.04"],
                [five, "", "2026-10-09", *parties, "", "60", "", "0.05", "-0.05"],
                [two, "3", "2026-10-06", *parties, "", "", "0.5", "0.02", "0.48"],
            ],
        )
        self.assertEqual(
            one._kind_sums(),
            [
                ("duration", 1, 0, 0, 0),
                ("extra", 1, 0.04, 0, 0.04),
                ("missing", 1, 0, 0.05, -0.05),
                ("price", 1, 0.5, 0.02, 0.48),
            ],
        )

    def test_callers_who_withheld_their_number_are_left_out(self):
        """Their own network knows them."""
        self.format.direction_default = "incoming"
        caller = {"caller": "912000001", "called": "910000001"}
        self._process(row("1", **A, **caller), row("2", **B, **caller), name="d.csv")
        self.env.cr.execute(
            "UPDATE telecom_call SET is_withheld = TRUE WHERE id = %s",
            (self._calls()[0].id,),
        )
        one = self._reconcile()
        self._compare(one, row("3", **{**C, **caller, "caller": "anonymous"}))
        rows = [(line[5], line[6]) for line in self._csv(one)[1:]]
        called = "+34910000001"
        self.assertEqual(rows, [("", called), ("", called), ("+34912000001", called)])

    def test_spreadsheet(self):
        openpyxl = __import__("openpyxl")
        one = self._five()
        raw = one._attach_table("xlsx").raw
        book = openpyxl.load_workbook(io.BytesIO(raw))
        sheets = book.worksheets
        self.assertEqual(len(sheets), 5)
        self.assertEqual(
            [cell.value for cell in sheets[0][5]],
            ["Calls of another price", 1, 0.5, 0.02, 0.48],
        )
        self.assertEqual(sheets[4]["A1"].value, "Calls of another price")
        self.assertEqual(sheets[4]["L3"].value, 0.48)

    def test_letter_as_pdf_in_the_language_of_the_carrier(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.vendor.lang = "es_ES"
        one = self._five()
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        name = "telecom_cdr.report_reconciliation"
        html = reports._render_qweb_html(name, one.ids)[0].decode()
        self.assertIn("Northern Telecom", html)
        self.assertIn("+34 912 00 00 01", html)
        # The decimal comma of the carrier, and its dates.
        self.assertIn("0,48", html)
        self.assertIn("06/10/2026", html)
        pdf, kind = reports._render_qweb_pdf(name, one.ids)
        self.assertEqual((kind, pdf[:5]), ("pdf", b"%PDF-"))

    def test_a_letter_prints_the_first_of_many(self):
        one = self._five()
        module = "odoo.addons.telecom_cdr.models.mixin_reconciliation_document"
        self._compare(
            one, row("4", **D), row("6", **{**D, "start": "2026-10-10 09:00:00"})
        )
        with patch(f"{module}.PRINTED_ROWS", 1):
            extra = next(s for s in one._letter() if s["kind"] == "extra")
        self.assertEqual((extra["count"], len(extra["rows"]), extra["more"]), (2, 1, 1))

    def test_writing_to_the_carrier(self):
        self._bill(("Calls", 1))
        one = self._five()
        person = self._new_user(
            "accountant",
            f"{ACCOUNTANT},base.group_partner_manager",
            email="a@us.example",
        )
        action = one.with_user(person).action_send()
        composer = Form(
            self.env["mail.compose.message"]
            .with_user(person)
            .with_context(**action["context"], force_report_rendering=True)
        ).save()
        self.assertEqual(composer.partner_ids, self.vendor)
        self.assertEqual(
            sorted(composer.attachment_ids.mapped("mimetype")),
            [
                "application/pdf",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ],
        )
        self.assertIn("2026-10", composer.subject)
        composer._action_send_mail()
        message = one.message_ids[0]
        self.assertEqual(message.partner_ids, self.vendor)
        self.assertEqual(len(message.attachment_ids), 2)

    def test_a_carrier_without_a_vendor_gets_no_letter(self):
        self.carrier.partner_id = False
        with self.assertRaisesRegex(UserError, "who sends its bills"):
            self._reconcile().action_send()


@tagged("post_install", "-at_install")
class TestComparingInTheBackground(ComparingCase):
    """Large files: by the schedule, a chunk at a time, each committed."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch(f"{WIZARD}.AT_ONCE_BYTES", 0))
        self.startPatcher(patch("odoo.addons.telecom_cdr.models.call_import.CHUNK", 1))

    def _steps(self, one):
        """Work on with time for one chunk only; how far it was each time."""
        told = []
        while one.comparing_state == "waiting":
            one._for_its_user()._go_on_or_fail(lambda: 0)
            one.invalidate_recordset()
            told.append(round(one.comparing_progress))
        return told

    def test_the_same_as_at_once(self):
        one = self._five()
        self.assertEqual((one.comparing_state, self._told(one)), ("waiting", []))
        self.assertEqual(one.comparing_name, "october.csv")
        for _turn in range(10):
            self._run_cron("compare")
        self.assertFalse(one.comparing_problem)
        self.assertEqual(self._told(one), FIVE)
        self.assertRecordValues(
            one,
            [
                {
                    "comparing_state": False,
                    "comparing_name": False,
                    "compared_name": "october.csv",
                    "claimed_amount": 0.47,
                }
            ],
        )
        self.assertIn("4 rows, 0 of them unreadable", one.message_ids[0].body)
        self.assertFalse(one.comparing_content)
        self.assertFalse(self._tables())

    def _tables(self):
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'telecom_compared_call_%%'"
            " AND relkind = 'r'"
        )
        return self.env.cr.fetchall()

    def test_it_goes_on_where_it_was(self):
        """Four chunks of a row each, with an interruption behind each of them."""
        one = self._five()
        progress = self._steps(one)
        self.assertEqual(self._told(one), FIVE)
        self.assertEqual(progress, [*sorted(progress[:-1]), 0])
        self.assertEqual(progress[-3:], [100, 100, 0])
        self.assertGreaterEqual(len(progress), 4)
        self.assertFalse(self._tables())

    def test_days_of_a_file_that_is_no_whole_month(self):
        """Its days are known over interruptions, too."""
        self._process(row("1", **A), row("2", **B), row("5", **E), name="d.csv")
        one = self._reconcile()
        self._compare(one, row("1", **A), row("3", **C), is_whole=False)
        self._steps(one)
        self.assertEqual(
            [told[:2] for told in self._told(one)], [("extra", 7), ("missing", 6)]
        )

    def test_what_cannot_be_read_is_told_on_the_form(self):
        one = self._reconcile()
        self._compare(one, content="something else\nentirely\n")
        with self.assertLogs("odoo.addons.telecom_cdr.models", "ERROR"):
            self._run_cron("compare")
        self.assertEqual((one.comparing_state, self._told(one)), ("failed", []))
        self.assertIn("october.csv", one.comparing_problem)
        one.action_stop_comparing()
        self.assertFalse(one.comparing_state or one.comparing_problem)

    def test_one_at_a_time_and_stopped(self):
        one = self._five()
        one._for_its_user()._go_on_or_fail(lambda: 0)
        one.invalidate_recordset()
        for attempt in (
            one.action_compare,
            one.action_forget_comparison,
            lambda: self._compare(one, row("1", **A)),
        ):
            with (
                self.assertRaisesRegex(UserError, "being compared with october.csv"),
                self.cr.savepoint(),
            ):
                attempt()
        one.action_stop_comparing()
        self.assertFalse(one.comparing_state or one.comparing_name)
        self.assertEqual((self._told(one), self._tables()), ([], []))
        self._run_cron("compare")
        self.assertFalse(one.compared_at)

    def test_who_asked_for_it_is_told(self):
        self._process(row("1", **A), name="d.csv")
        one = self._reconcile()
        person = self._new_user("accountant", ACCOUNTANT)
        self._compare(one.with_user(person), row("4", **D))
        self._run_cron("compare")
        told = self.env["mail.message"].search(
            [("body", "ilike", "comparison with october.csv is done")]
        )
        self.assertEqual(told.partner_ids, person.partner_id)
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            one.with_user(reader).action_stop_comparing()
