# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..models import mixin_run_work
from ..models.customer_periods import following_end, last_cutoff
from .common import MANAGER, READER, USER, TelecomCommon
from .test_rating import row

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


class RunCommon(TelecomCommon, AccountTestInvoicingCommon):
    """A run of October 2026, made by an accountant."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._new_user("accountant", READER)
        cls.second = cls._create_customer("Customer Two", email="two@example.com")
        cls._create_number("+34910000002", cls.second)
        cls.customer.email = "one@example.com"
        cls._forget_marks()

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

    @classmethod
    def _run_of(cls, user=None, **values):
        runs = cls.env["telecom.run"].with_user(user or cls.accountant)
        return runs.create(
            {
                "company_id": cls.company.id,
                "date_from": FIRST,
                "date_to": LAST,
                "invoice_date": LAST,
                **values,
            }
        )

    @classmethod
    def _previewed(cls, **values):
        run = cls._run_of(**values)
        run.action_preview()
        return run

    def _line(self, run, partner):
        return run.line_ids.filtered(lambda line: line.partner_id == partner)

    def _other_second(self, partner):
        """Two calls of the customer: 0.09 and 0.0450, 0.14 on the invoice."""
        return self._process(
            row("A1", seconds=61),
            row("A2", called="600000099", seconds=30),
            row("B1", caller="910000002", called="600000099", seconds=61),
            row("B2", caller="910000002", called="600000099", seconds=0),
        )

    @contextmanager
    def _batches_of(self, size):
        with patch.object(mixin_run_work, "BATCH", size):
            yield

    def _later(self):
        """Whatever is small is left to the schedule, too."""
        return patch.object(mixin_run_work, "AT_ONCE", -1)


@tagged("post_install", "-at_install")
class TestRun(RunCommon):
    def test_preview_is_what_the_drafts_are(self):
        bundle = self._create_bundle(
            "B", {"seconds": 1, "categories": False}, price=9.9
        )
        self._give_bundle(bundle, self.second)
        self._forget_marks()
        self._other_second(self.second)
        run = self._previewed()
        self.assertEqual((run.state, run.work), ("previewed", False))
        # 0.09 and 0.045 are two lines: 0.09 + 0.05; 61 s at 0.09 are 0.0915, and the
        # bundle covers one second of it: 0.09.
        self.assertRecordValues(
            run.line_ids.sorted(lambda one: one.partner_id.id),
            [
                {
                    "partner_id": self.customer.id,
                    "call_count": 2,
                    "duration": 91,
                    "call_amount": 0.14,
                    "other_amount": 0,
                    "total": 0.14,
                    "flag": "new",
                    "state": "ready",
                },
                {
                    "partner_id": self.second.id,
                    "call_count": 2,
                    "duration": 61,
                    "call_amount": 0.09,
                    "other_amount": 9.9,
                    "total": 9.99,
                    "flag": "new",
                    "state": "ready",
                },
            ],
        )
        self.assertEqual((run.call_count, run.total), (4, 10.13))
        self.assertFalse(run.move_ids)
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        run.action_start()
        self.assertEqual((run.state, run.work), ("invoiced", False))
        moves = run.move_ids.sorted(lambda one: one.partner_id.id)
        self.assertRecordValues(
            moves,
            [
                {
                    "partner_id": self.customer.id,
                    "amount_untaxed": 0.14,
                    "state": "draft",
                    "invoice_date": LAST,
                    "create_uid": self.accountant.id,
                },
                {
                    "partner_id": self.second.id,
                    "amount_untaxed": 9.99,
                    "state": "draft",
                    "invoice_date": LAST,
                    "create_uid": self.accountant.id,
                },
            ],
        )
        self.assertEqual(
            run.line_ids.sorted(lambda one: one.partner_id.id).mapped(
                "invoiced_amount"
            ),
            [0.14, 9.99],
        )
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        self.assertEqual(moves[0].action_telecom_run()["res_id"], run.id)
        self.assertFalse(moves[0].copy().telecom_run_id)

    def test_the_month_before(self):
        """What is odd against the invoices of the run before comes first."""
        september = {"date_from": date(2026, 9, 1), "date_to": date(2026, 9, 30)}
        third = self._create_customer("Customer Three")
        self._create_number("+34910000003", third)
        self._forget_marks()
        # 600 s mobile are 0.90, 1200 s are 1.80; landline 60 s 0.07.
        self._process(
            row("S1", called="600000099", seconds=600, start="2026-09-05 10:00:00"),
            row(
                "S2",
                caller="910000002",
                called="600000099",
                seconds=1200,
                start="2026-09-05 10:00:00",
            ),
            row("S3", caller="910000003", start="2026-09-05 10:00:00"),
        )
        before = self._previewed(invoice_date=date(2026, 10, 2), **september)
        before.action_start()
        self._process(
            row("O1", called="600000099", seconds=1200),
            row("O2", caller="910000002", called="600000099", seconds=660),
            name="october.csv",
        )
        run = self._previewed()
        self.assertRecordValues(
            run.line_ids.sorted(lambda one: one.partner_id.id),
            [
                {"total": 1.8, "previous": 0.9, "change": 100, "flag": "more"},
                {"total": 0.99, "previous": 1.8, "change": -45, "flag": False},
                {"total": 0, "previous": 0.07, "change": -100, "flag": "gone"},
            ],
        )
        self.assertEqual((run.total, run.previous_total), (2.79, 2.77))
        odd = run.line_ids.sorted().mapped("flag")
        self.assertEqual(odd, ["more", "gone", False])
        following = before.action_next()
        self.assertRecordValues(
            run.browse(following["res_id"]),
            [
                {
                    "date_from": FIRST,
                    "date_to": LAST,
                    "invoice_date": date(2026, 11, 2),
                    "state": "draft",
                }
            ],
        )

    def test_the_next_run_keeps_its_day(self):
        """A shorter month does not move the days behind it."""
        for begin, *ends in (
            (date(2025, 12, 31), (2026, 1, 30), (2026, 2, 28), (2026, 3, 30)),
            (date(2026, 3, 31), (2026, 4, 30), (2026, 5, 30), (2026, 6, 30)),
            (date(2025, 12, 30), (2026, 1, 29), (2026, 2, 28), (2026, 3, 29)),
            (date(2025, 12, 21), (2026, 1, 20), (2026, 2, 20), (2026, 3, 20)),
            (date(2026, 1, 1), (2026, 1, 31), (2026, 2, 28), (2026, 3, 31)),
            (date(2026, 9, 1), (2026, 9, 30), (2026, 10, 31), (2026, 11, 30)),
            (date(2028, 1, 31), (2028, 2, 29), (2028, 3, 30), (2028, 4, 30)),
        ):
            with self.subTest(begin):
                first = begin
                last, *following = (date(*end) for end in ends)
                for end in following:
                    found = following_end(first, last)
                    self.assertEqual(found, end)
                    first, last = last + timedelta(days=1), found

    def test_the_next_run_after_february(self):
        run = self._run_of(
            date_from=date(2026, 1, 31),
            date_to=date(2026, 2, 28),
            invoice_date=date(2026, 2, 28),
        )
        self.assertRecordValues(
            run.browse(run.action_next()["res_id"]),
            [
                {
                    "date_from": date(2026, 3, 1),
                    "date_to": date(2026, 3, 30),
                    "invoice_date": date(2026, 3, 30),
                }
            ],
        )

    def test_a_customer_is_left_out_and_taken_in(self):
        self._other_second(self.second)
        run = self._previewed()
        self._line(run, self.second).action_leave_out()
        self.assertEqual(run.ready_count, 1)
        run.action_preview()
        self.assertRecordValues(
            self._line(run, self.second),
            [{"state": "left_out", "left_reason": "hand"}],
        )
        self._line(run, self.second).action_take_in()
        self._line(run, self.customer).action_leave_out()
        run.action_start()
        self.assertEqual(run.move_ids.partner_id, self.second)
        self.assertEqual(len(self._calls(("state", "=", "rated"))), 2)

    def test_who_is_left_out_by_himself(self):
        """On hold, below the least amount, or without any amount."""
        self._other_second(self.second)
        self.customer.telecom_is_on_hold = True
        run = self._previewed(minimum_amount=0.1)
        self.assertRecordValues(
            run.line_ids.sorted(lambda one: one.partner_id.id),
            [
                {"state": "left_out", "left_reason": "hold"},
                {"state": "left_out", "left_reason": "minimum"},
            ],
        )
        with self.assertRaisesRegex(UserError, "no customer is ready"):
            run.action_start()
        run.minimum_amount = 0.09
        run.action_preview()
        self.assertEqual(run.ready_count, 1)

    def test_no_invoice_without_an_amount(self):
        self._process(row("Z1", seconds=0))
        run = self._previewed(skip_zero=True)
        self.assertRecordValues(
            run.line_ids,
            [{"state": "left_out", "left_reason": "zero", "call_count": 1}],
        )
        run.skip_zero = False
        run.action_preview()
        self.assertRecordValues(run.line_ids, [{"state": "ready", "flag": "new"}])
        # Said after the preview: the invoice is not made all the same.
        run.skip_zero = True
        run.action_start()
        self.assertFalse(run.move_ids)
        self.assertEqual(run.line_ids.state, "nothing")
        self.assertEqual(self._calls().state, "rated")

    def test_gate(self):
        """Unmatched and unrated calls hold a run up until a manager lets them be."""
        self._process(
            row("G1", caller="910999999"),
            row("G2", caller="910999999", seconds=30),
            row("G3", called="00442079460001", seconds=61),
            row("G4", caller="910999999", start="2026-09-30 23:59:59"),
            row("G5"),
        )
        self._upload("held\n", "again.csv", state="held")
        run = self._previewed()
        counts = {gap.kind: gap.record_count for gap in run.gap_ids}
        self.assertEqual(counts, {"unmatched": 2, "unrated": 1, "held": 1})
        self.assertTrue(run.is_held_up)
        self.assertEqual(run.waiting_call_count, 3)
        self.assertEqual(self._line(run, self.customer).waiting_count, 1)
        with self.assertRaises(RedirectWarning) as caught:
            run.action_start()
        text, action, _button = caught.exception.args[:3]
        self.assertIn("Calls without a customer: 2 (0:01:30)", text)
        self.assertIn("Calls without a rate: 1 (0:01:01)", text)
        self.assertIn("Held files: 1", text)
        self.assertEqual(action, self.env.ref("telecom_cdr.telecom_waiting_action").id)
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            run.gap_ids[0].with_user(self.accountant).action_leave()
        boss = self._new_user("boss", MANAGER)
        run.gap_ids.with_user(boss).action_leave()
        self.assertFalse(run.is_held_up)
        notes = "".join(run.sudo().message_ids.mapped("body"))
        self.assertIn("boss", notes)
        self.assertIn("Calls without a customer: 2 (0:01:30)", notes)
        self._process(row("G6", caller="910888888"), name="more.csv")
        with self.assertRaisesRegex(RedirectWarning, "without a customer: 3"):
            run.action_start()
        run.action_count_gaps()
        run.gap_ids.with_user(boss).action_leave()
        run.action_start()
        self.assertEqual(run.move_count, 1)

    def test_gate_of_chosen_customers(self):
        """Calls without a rate of others are not theirs to wait for."""
        self._process(
            row("H1", called="00442079460001"),
            row("H2", caller="910000002"),
        )
        run = self._previewed(scope="hand", partner_ids=self.second.ids)
        self.assertFalse(run.gap_ids.filtered("record_count"))
        run.action_start()
        self.assertEqual(run.move_ids.partner_id, self.second)

    def test_missing_and_failed_files_hold_a_run_up(self):
        self._process(row("M1"))
        self.env["telecom.missing.file"].sudo().create(
            {"source_id": self.source.id, "day": date(2026, 10, 7)}
        )
        self._upload("x", "broken.csv").sudo().state = "failed"
        run = self._previewed()
        with self.assertRaisesRegex(RedirectWarning, "Missing files: 1") as caught:
            run.action_start()
        self.assertIn("Files that could not be read: 1", str(caught.exception))

    def test_cutoff_days(self):
        """Calls after the customer's cut-off day wait for the next run."""
        self.customer.telecom_cutoff_day = 20
        self._process(
            row("C1", start="2026-10-20 23:59:59"),
            row("C2", start="2026-10-21 00:00:00"),
            row("C3", caller="910000002", start="2026-10-31 23:59:59"),
        )
        run = self._previewed()
        self.assertEqual(
            run.line_ids.sorted(lambda one: one.partner_id.id).mapped("date_to"),
            [date(2026, 10, 20), LAST],
        )
        run.action_start()
        waiting = self._calls(("state", "=", "rated"))
        self.assertEqual(waiting.mapped("day"), [date(2026, 10, 21)])
        only = self._previewed(
            scope="cutoff", date_from=date(2026, 10, 21), date_to=date(2026, 11, 20)
        )
        self.assertEqual(only.line_ids.partner_id, self.customer)
        self.assertEqual(only.line_ids.call_count, 1)

    def test_last_cutoff(self):
        for day, cutoff, expected in [
            ("2026-10-31", 0, "2026-10-31"),
            ("2026-10-31", 20, "2026-10-20"),
            ("2026-10-15", 20, "2026-09-20"),
            ("2026-10-20", 20, "2026-10-20"),
            ("2026-02-28", 31, "2026-02-28"),
            ("2026-03-30", 31, "2026-02-28"),
        ]:
            with self.subTest(day=day, cutoff=cutoff):
                found = last_cutoff(date.fromisoformat(day), cutoff)
                self.assertEqual(found.isoformat(), expected)
        with self.assertRaisesRegex(UserError, "32 is no day of the month"):
            self.customer.telecom_cutoff_day = 32

    def test_selection_by_tag_class_and_conditions(self):
        self._other_second(self.second)
        tag = self.env["res.partner.category"].create({"name": "Shops"})
        group = self.env["telecom.customer.class"].create({"name": "Schools"})
        self.second.category_id = tag
        self.second.telecom_class_id = group
        self._forget_marks()
        for values in (
            {"category_ids": tag.ids},
            {"class_ids": group.ids},
            {"partner_domain": "[('email', '=', 'two@example.com')]"},
        ):
            run = self._previewed(scope="filter", **values)
            self.assertEqual(run.line_ids.partner_id, self.second, values)
        with self.assertRaisesRegex(UserError, "cannot be searched by"):
            run.partner_domain = "[('nothing', '=', 1)]"

    def test_customers_without_data_fail_alone(self):
        """A message on the line of who lacks something; the others go on."""
        self._other_second(self.second)
        self.second.write(
            {
                "street": "Calle Mayor 1",
                "city": "Madrid",
                "country_id": self.env.ref("base.es").id,
                "vat": "ESB12345674",
            }
        )
        run = self._previewed(required_data="tax")
        run.action_start()
        self.assertEqual(run.state, "invoiced")
        failed = self._line(run, self.customer)
        self.assertEqual(failed.state, "failed")
        self.assertIn(
            "Customer One has no street, city, country, tax ID", failed.message
        )
        self.assertEqual(run.move_ids.partner_id, self.second)
        activity = run.sudo().activity_ids
        self.assertEqual(activity.user_id, self.accountant)
        self.assertIn("1 customers could not be invoiced", activity.summary)
        self.customer.write(
            {
                "street": "Calle Mayor 2",
                "city": "Madrid",
                "country_id": self.env.ref("base.es").id,
                "vat": "ESA12345674",
            }
        )
        run.action_retry()
        self.assertEqual(set(run.line_ids.mapped("state")), {"invoiced"})
        self.assertFalse(run.sudo().activity_ids)
        self.assertEqual(len(run.move_ids), 2)

    @mute_logger("odoo.addons.telecom_cdr.models.mixin_run_work")
    def test_one_broken_customer_is_found_in_the_preview(self):
        self._other_second(self.second)
        moves = type(self.env["account.move"])
        create = moves.create
        message = "Account 700 is archived."

        def refusing(records, vals_list):
            if any(v.get("partner_id") == self.customer.id for v in vals_list):
                raise UserError(message)
            return create(records, vals_list)

        with patch.object(moves, "create", refusing):
            run = self._previewed()
            self.assertEqual(
                run.line_ids.sorted(lambda one: one.partner_id.id).mapped("state"),
                ["failed", "ready"],
            )
            self.assertEqual(run.line_ids[0].message, message)
            run.action_start()
        self.assertEqual(run.move_ids.partner_id, self.second)
        run.line_ids[0].action_retry()
        self.assertEqual(set(run.line_ids.mapped("state")), {"invoiced"})

    def test_what_would_fail_for_all(self):
        """Said before anything is begun: journal, product, locked date."""
        self._other_second(self.second)
        run = self._previewed()
        self.company.fiscalyear_lock_date = LAST
        self.assertIn("is locked until", run.problem)
        with self.assertRaisesRegex(UserError, "is locked until"):
            run.action_start()
        self.company.fiscalyear_lock_date = False
        product = self.company._telecom_product("mobile")
        product.active = False
        run.invalidate_recordset(["problem"])
        with self.assertRaisesRegex(UserError, "is archived: bring it back"):
            run.action_start()
        product.active = True
        journals = self.env["account.journal"].search(
            [("company_id", "=", self.company.id), ("type", "=", "sale")]
        )
        journals.active = False
        with self.assertRaisesRegex(UserError, "no journal for customer invoices"):
            run.action_start()
        self.assertEqual((run.state, run.work), ("previewed", False))
        self.assertFalse(run.move_ids)

    def test_two_runs_over_the_same_customers(self):
        """Every call and fee once: the second run finds that nothing is left."""
        self._give_bundle(self._create_bundle("B", {"seconds": 1}), self.customer)
        self._forget_marks()
        self._other_second(self.second)
        first, second = self._previewed(), self._previewed()
        self.assertEqual(first.total, second.total)
        first.action_start()
        second.action_start()
        self.assertEqual(len(first.move_ids), 2)
        self.assertFalse(second.move_ids)
        self.assertEqual(set(second.line_ids.mapped("state")), {"nothing"})
        with self.assertRaisesRegex(UserError, "is 'Drafts'"):
            first.action_start()

    def test_undo_deletes_drafts(self):
        self._other_second(self.second)
        run = self._previewed()
        run.action_start()
        run.move_ids.filtered(lambda m: m.partner_id == self.second).action_post()
        self.assertEqual(self._line(run, self.second).state, "posted")
        run.action_undo()
        self.assertEqual(run.move_ids.partner_id, self.second)
        self.assertEqual(run.state, "invoiced")
        self.assertEqual(len(self._calls(("state", "=", "rated"))), 2)
        self.assertEqual(self._line(run, self.customer).state, "ready")
        with self.assertRaisesRegex(UserError, "no drafts to delete"):
            run.action_undo()
        with self.assertRaisesRegex(UserError, "is kept"):
            run.unlink()

    def test_a_draft_deleted_by_hand_is_to_be_invoiced_again(self):
        self._other_second(self.second)
        run = self._previewed()
        run.action_start()
        run.move_ids.filtered(lambda m: m.partner_id == self.second).unlink()
        self.assertEqual(self._line(run, self.second).state, "ready")
        run.move_ids.button_cancel()
        self.assertEqual(self._line(run, self.customer).state, "ready")

    def test_roles(self):
        """An operator sees runs; the neighbour company sees nothing."""
        self._other_second(self.second)
        run = self._previewed()
        operator = self._new_user("operator", USER)
        seen = run.with_user(operator)
        self.assertEqual(seen.customer_count, 2)
        self.assertEqual(len(seen.line_ids), 2)
        with self.assertRaises(AccessError):
            seen.action_start()
        with self.assertRaises(AccessError):
            seen.line_ids.action_leave_out()
        with self.assertRaises(AccessError):
            self._run_of(operator)
        other = self.env["res.company"].create({"name": "Neighbour"})
        neighbour = self._new_user("neighbour", READER)
        neighbour.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        for model in ("telecom.run", "telecom.run.customer", "telecom.run.gap"):
            found = self.env[model].with_user(neighbour)
            found = found.with_context(allowed_company_ids=other.ids).search([])
            self.assertFalse(found, model)
        with self.assertRaises(AccessError):
            run.with_user(neighbour).with_context(
                allowed_company_ids=other.ids
            ).action_start()

    def test_another_selection_is_looked_at_first(self):
        self._other_second(self.second)
        run = self._previewed()
        run.date_to = date(2026, 10, 30)
        self.assertEqual(run.state, "draft")
        with self.assertRaisesRegex(UserError, "is 'New'"):
            run.action_start()
        run.action_preview()
        run.action_start()
        with self.assertRaisesRegex(UserError, "stay those of the preview"):
            run.date_to = LAST

    def test_number_of_queries_of_a_batch(self):
        """The preview of more customers asks no more often than Odoo's own invoices do.

        Those look up a journal and analytic distributions for each customer.
        """

        def customers(count, start):
            found = self.env["res.partner"]
            for i in range(start, start + count):
                partner = self._create_customer(f"Many {i}")
                self._create_number(f"+3491001{i:04}", partner)
                found |= partner
            self._forget_marks()
            rows = [
                row(f"N{i}", caller=f"91001{i:04}") for i in range(start, start + count)
            ]
            self._process(*rows, name=f"many{start}.csv")
            return found

        few, many = customers(3, 0), customers(12, 100)
        counts = []
        for partners in (few, few, many):
            run = self._run_of(scope="hand", partner_ids=partners.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            run.action_preview()
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(run.line_ids), len(partners))
        self.assertLessEqual(counts[2], counts[1] + 3 * (len(many) - len(few)))

    def test_wizard_leads_into_a_run(self):
        self._other_second(self.second)
        wizard = self.env["telecom.invoice.wizard"].with_user(self.accountant)
        wizard = wizard.create(
            {
                "partner_ids": self.second.ids,
                "date_from": FIRST,
                "date_to": LAST,
                "is_posted": True,
            }
        )
        run = self.env["telecom.run"].browse(wizard.action_run()["res_id"])
        self.assertRecordValues(
            run, [{"scope": "hand", "state": "previewed", "target": "post"}]
        )
        self.assertEqual(run.line_ids.partner_id, self.second)
        action = self.env["telecom.call.summary"].action_invoice()
        self.assertEqual(action["res_model"], "telecom.run")

    def test_form(self):
        with Form(self.env["telecom.run"].with_user(self.accountant)) as form:
            form.scope = "hand"
            form.partner_ids.add(self.customer)
        self.assertTrue(form.record.name.startswith("RUN/"))

    def test_preview_by_itself(self):
        """A company may have the preview prepared; nothing is invoiced."""
        self.company.telecom_run_day = 1
        self._process(row("P1"))
        today = patch.object(
            fields.Date,
            "context_today",
            lambda record, timestamp=None: date(2026, 11, 2),
        )
        with today:
            self._run_cron("run")
            self._run_cron("run")
        run = self.env["telecom.run"].search([("company_id", "=", self.company.id)])
        self.assertRecordValues(
            run,
            [
                {
                    "date_from": FIRST,
                    "date_to": LAST,
                    "state": "previewed",
                    "work": False,
                }
            ],
        )
        self.assertEqual(run.line_ids.call_count, 1)
        self.assertFalse(run.move_ids)


@tagged("post_install", "-at_install")
class TestRunInBackground(RunCommon):
    def _many(self, count):
        for i in range(count):
            partner = self._create_customer(f"Many {i}", email=f"m{i}@example.com")
            self._create_number(f"+3491002{i:04}", partner)
        self._forget_marks()
        self._process(*(row(f"N{i}", caller=f"91002{i:04}") for i in range(count)))

    def test_in_the_background_with_progress(self):
        self._many(5)
        with self._later(), self._batches_of(2):
            run = self._run_of()
            run.action_preview()
            self.assertEqual((run.state, run.work), ("draft", "preview"))
            self._run_cron("run")
            self.assertEqual((run.state, run.work), ("previewed", False))
            run.action_start()
            self.assertEqual((run.work, run.progress), ("invoice", 0))
            with self.assertRaisesRegex(UserError, "is at work"):
                run.line_ids.action_leave_out()
            with self.assertRaisesRegex(UserError, "Drafts are being made"):
                run.action_start()
            self._run_cron("run")
        self.assertEqual((run.state, run.work), ("invoiced", False))
        self.assertEqual(len(run.move_ids), 5)
        self.assertEqual(run.move_ids.create_uid, self.accountant)
        said = run.sudo().message_ids.filtered(
            lambda m: self.accountant.partner_id in m.partner_ids
        )
        self.assertEqual(len(said), 2)
        self.assertIn("Draft: 5", said[0].body)
        self.assertIn("0.35", said[0].body)

    def test_killed_between_batches_and_resumed(self):
        """What was committed stands; the next run of the action does the rest."""
        self._many(5)
        with self._later(), self._batches_of(2):
            run = self._run_of()
            run.action_preview()
            self._run_cron("run")
            run.action_start()
            works = type(run)
            step = works._invoice_step
            turns = []

            def killed(self):
                turns.append(1)
                if len(turns) == 2:
                    step(self)
                    raise KeyboardInterrupt
                return step(self)

            with (
                patch.object(works, "_invoice_step", killed),
                self.assertRaises(KeyboardInterrupt),
            ):
                self._run_cron("run")
            self.env.invalidate_all()
            self.assertEqual(run.work, "invoice")
            self._run_cron("run")
        self.assertEqual(run.state, "invoiced")
        self.assertEqual(len(run.move_ids), 5)
        self.assertEqual(len(run.move_ids.partner_id), 5)
        self.assertEqual(sum(run.move_ids.mapped("telecom_call_count")), 5)

    def test_post_and_send(self):
        """Each customer by the own method; who has no address is told of."""
        self._many(3)
        partners = self.env["res.partner"].search([("name", "like", "Many %")])
        partners[0].email = False
        partners[1].with_company(self.company).invoice_sending_method = "manual"
        run = self._previewed(target="send")
        run.action_start()
        self.assertEqual((run.state, run.work), ("posted", "send"))
        self.assertEqual(set(run.move_ids.mapped("state")), {"posted"})
        states = {line.partner_id: line.state for line in run.line_ids}
        self.assertEqual(
            [states[partner] for partner in partners], ["failed", "sending", "sending"]
        )
        names = run.move_ids.mapped("name")
        self._run_cron("run")
        self.assertEqual(run.work, "send")
        with self.mock_mails() as mails:
            with self.enter_registry_test_mode():
                cron = self.env.ref("account.ir_cron_account_move_send")
                cron.method_direct_trigger()
            self.env.invalidate_all()
            self._run_cron("run")
        self.assertEqual((run.state, run.work), ("sent", False))
        self.assertEqual(mails(), [partners[2].email_formatted])
        failed = self._line(run, partners[0])
        self.assertIn("has no e-mail address", failed.message)
        self.assertEqual(run.sudo().activity_ids.user_id, self.accountant)
        partners[0].email = "late@example.com"
        run.action_retry()
        with self.mock_mails() as mails:
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.env.invalidate_all()
            self._run_cron("run")
        self.assertEqual(mails(), [partners[0].email_formatted])
        self.assertEqual(set(run.line_ids.mapped("state")), {"sent"})
        self.assertEqual(run.move_ids.mapped("name"), names)

    @contextmanager
    def mock_mails(self):
        """Addresses that get a mail meanwhile, as Odoo hands it to the mail server."""
        before = self.env["mail.mail"].sudo().search([]).ids

        def sent():
            mails = self.env["mail.mail"].sudo().search([("id", "not in", before)])
            mails = mails.filtered(lambda mail: mail.model == "account.move")
            return [partner.email_formatted for partner in mails.recipient_ids]

        yield sent

    def test_posting_by_a_later_click(self):
        self._many(2)
        run = self._previewed()
        run.action_start()
        self.assertEqual(set(run.move_ids.mapped("state")), {"draft"})
        run.action_post()
        self.assertEqual(run.state, "posted")
        self.assertEqual(set(run.move_ids.mapped("state")), {"posted"})
        with self.assertRaisesRegex(UserError, "no drafts to delete"):
            run.action_undo()
