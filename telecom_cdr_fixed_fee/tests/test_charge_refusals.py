# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is missing or contradicts itself gets a message, and nothing is half done."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeRefusals(ChargeInvoicingCommon):
    def _invoice(self):
        return self.env["telecom.invoicing"]._invoice(self.customer, FIRST, LAST)

    def _nothing_done(self, before):
        self.env.invalidate_all()
        self.assertEqual(self._charges().mapped("state"), ["ready"])
        self.assertFalse(self._charges().move_line_id)
        self.assertEqual(self.env["account.move"].search_count([]), before)

    def _refused(self, words):
        before = self.env["account.move"].search_count([])
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            self._invoice()
        self._nothing_done(before)

    def test_every_bad_row_is_set_aside_with_its_message(self):
        cases = {
            ("period", "no period"): charge_row(period_from=""),
            ("period", "needs the last day"): charge_row(period_to=""),
            ("period", "ends .* before it starts"): charge_row(period_to="01/12/2025"),
            ("sign", "only credits are negative"): charge_row(total="-10,00"),
            ("sign", "should be negative"): charge_row(kind="C"),
            ("quantity", "negative"): charge_row(quantity="-1"),
            ("amount", "no amount"): charge_row(total=""),
            ("kind", "is not known"): charge_row(kind="X"),
        }
        file = self._process_charges(charge_row(), *cases.values())
        self.assertChargesBalanced(file)
        self.assertEqual((file.charge_count, file.rejected_count), (1, len(cases)))
        for (reason, words), rejection in zip(cases, file.rejection_ids, strict=True):
            self.assertEqual(rejection.reason, reason)
            self.assertRegex(rejection.message, words)
        waiting = self.env["telecom.waiting"].search([("cause", "=", "rejected")])
        self.assertEqual(sum(waiting.mapped("record_count")), len(cases))

    def test_a_product_that_is_gone(self):
        self._process_charges(charge_row())
        shipped = self.env["ir.model.data"].search(
            [
                ("module", "=", "telecom_cdr_fixed_fee"),
                ("name", "=", "product_fee_line_rental"),
            ]
        )
        shipped.unlink()
        self._refused("no product for recurring charges.*Settings")
        self.company.telecom_product_recurring_id = self.env["product.product"].create(
            {"name": "Rental", "type": "service"}
        )
        self.assertEqual(len(self._invoice()), 1)

    def test_a_journal_that_is_missing(self):
        self._process_charges(charge_row())
        self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company.id)]
        ).active = False
        self._refused("journal")
        self.assertEqual(self._charges().state, "ready")

    def test_a_customer_without_address_or_tax_data(self):
        self.customer.write({"country_id": False, "vat": False, "street": False})
        self._process_charges(charge_row())
        move = self._invoice()
        move.action_post()
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 15.0))

    def test_a_locked_period(self):
        """The service period stands, the entry is of the first day that is open."""
        self._process_charges(charge_row())
        move = self._invoice()
        self.company.sale_lock_date = "2026-01-31"
        move.invoice_date = "2026-01-31"
        move.action_post()
        self.assertGreater(str(move.date), "2026-01-31")
        self.assertRecordValues(
            move.invoice_line_ids,
            [{"telecom_period_start": FIRST, "price_subtotal": 15.0}],
        )
        self.assertEqual(self._charges().state, "invoiced")

    def test_more_credits_than_charges_are_a_credit_note(self):
        self.fee_tariff.line_ids = [(0, 0, {"kind": "credit", "method": "markup"})]
        self._process_charges(
            charge_row(kind="C", total="-40,00", description="Outage"), charge_row()
        )
        move = self._invoice()
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 25.0))
        self.assertEqual(set(self._charges().mapped("state")), {"invoiced"})
        move.action_post()
        self.assertFalse(self._invoice())
        move._reverse_moves(cancel=True)
        self.assertEqual(set(self._charges().mapped("state")), {"ready"})

    def test_service_period_and_analytic_data(self):
        account = self.env["account.analytic.account"].create(
            {
                "name": "Office",
                "plan_id": self.env["account.analytic.plan"].create({"name": "P"}).id,
            }
        )
        self.number.analytic_distribution = {str(account.id): 100}
        self._process_charges(charge_row())
        [line] = self._invoice().invoice_line_ids
        self.assertEqual(line.analytic_distribution, {str(account.id): 100})
        self.assertEqual(
            (str(line.telecom_period_start), str(line.telecom_period_end)),
            ("2026-01-01", "2026-02-01"),
        )

    def test_a_run_waits_for_charges(self):
        self._process_charges(charge_row("X-1"), charge_row(code="ZZ9"), charge_row())
        run = self.env["telecom.run"].create(
            {"company_id": self.company.id, "date_from": FIRST, "date_to": LAST}
        )
        run.sudo()._update_gaps()
        gaps = {gap.kind: gap for gap in run.gap_ids}
        for state in ("unmatched", "unpriced"):
            gap = gaps[f"charge_{state}"]
            self.assertEqual((gap.record_count, gap.is_closed), (1, True))
            domain = gap.action_open()["domain"]
            self.assertEqual(self.env["telecom.charge"].search(domain).state, state)
        self._charges(("state", "!=", "ready")).action_exclude()
        run.sudo()._update_gaps()
        self.assertFalse(run.gap_ids.filtered("is_closed"))
