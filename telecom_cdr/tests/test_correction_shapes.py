# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Corrections of invoiced calls: on documents of the shape that the invoices have."""

from odoo.fields import Command
from odoo.tests import tagged

from .invoicing_common import LAST
from .test_invoice_shapes import ShapeCase


@tagged("post_install", "-at_install")
class TestCorrectionShapes(ShapeCase):
    """Mobile 0.09 a minute becomes 0.29: 0.20 more each of the 1 + 2 and 3 minutes.

    The first number owes 0.60 more, the second 0.60; landline calls stay.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan = cls.env["account.analytic.plan"].create({"name": "Plan"})
        cls.one, cls.other = cls.env["account.analytic.account"].create(
            [{"name": name, "plan_id": cls.plan.id} for name in ("One", "Other")]
        )

    def _correct(self, price=0.29):
        """Invoice four calls, post, change the price, and apply what that changes."""
        self._process_four()
        origins = self._invoice()
        origins.invoice_date = LAST
        origins.action_post()
        self.mobile_rate._succeed("2026-10-01 00:00:00", {"price": price})
        self._forget_marks()
        rerating = self.env["telecom.rerating"].create({"name": "Test"})
        rerating.action_propose()
        rerating.action_apply()
        self.env.invalidate_all()
        return origins, rerating.move_ids.sorted(
            lambda move: (move.invoice_origin or "", move.ref or "")
        )

    def _told(self, moves):
        return moves.mapped(lambda m: (m.invoice_origin, m.ref, m.amount_untaxed))

    def assertCorrected(self, moves, total):
        """Each correction is on a line, and lines are the sums of what they correct."""
        corrections = self._calls().correction_ids
        self.assertEqual(corrections.move_line_id.move_id, moves)
        self.assertAlmostEqual(sum(corrections.mapped("amount")), total, 6)
        for line in corrections.move_line_id:
            own = corrections.filtered(lambda c, line=line: c.move_line_id == line)
            self.assertAlmostEqual(sum(own.mapped("amount")), line.price_subtotal, 6)
            self.assertEqual(
                own.call_id.move_line_id, line.telecom_origin_line_id, line.name
            )

    def test_one_document_for_the_customer(self):
        origin, move = self._correct()
        self.assertEqual(
            self._told(move), [(False, f"Correction of {origin.name}", 1.2)]
        )
        self.assertEqual(move.invoice_line_ids.mapped("price_subtotal"), [0.6, 0.6])
        self.assertCorrected(move, 1.2)

    def test_a_document_for_each_number(self):
        self._shape(invoice_per="number")
        origins, moves = self._correct()
        names = {move.invoice_origin: move.name for move in origins}
        first, second = "+34 910 00 00 01", "+34 910 00 00 02"
        self.assertEqual(
            self._told(moves),
            [
                (first, f"Correction of {names[first]}", 0.6),
                (second, f"Correction of {names[second]}", 0.6),
            ],
        )
        self.assertCorrected(moves, 1.2)

    def test_a_document_for_each_department(self):
        sales = self.env["telecom.department"].create(
            {"name": "Sales", "partner_id": self.customer.id}
        )
        self.second.department_id = sales
        self._shape(invoice_per="department", is_by_number=False, line_by="all")
        origins, moves = self._correct()
        names = {move.invoice_origin: move.name for move in origins}
        self.assertEqual(
            self._told(moves),
            [
                (False, f"Correction of {names[False]}", 0.6),
                ("Sales", f"Correction of {names['Sales']}", 0.6),
            ],
        )
        self.assertCorrected(moves, 1.2)

    def test_a_document_for_each_contract_reference(self):
        """The reference stays that of the contract, as electronic invoices want it."""
        self.second.contract_reference = "PO 4711"
        self._shape(invoice_per="contract", is_by_number=False)
        origins, moves = self._correct()
        names = {move.ref: move.name for move in origins}
        self.assertEqual(
            sorted(self._told(moves), key=str),
            [
                (f"Correction of {names['PO 4711']}", "PO 4711", 0.6),
                (False, f"Correction of {names[False]}", 0.6),
            ],
        )
        self.assertCorrected(moves, 1.2)

    def test_each_document_is_an_invoice_or_a_credit_note_of_its_own(self):
        """Cheaper for one number, dearer for the other: 0.03 and 0.29 a minute."""
        self._shape(invoice_per="number")
        self._process_four()
        origins = self._invoice()
        origins.invoice_date = LAST
        origins.action_post()
        own = self._create_tariff("Own", {"price": 0.03})
        self.second.tariff_id = own
        self.mobile_rate._succeed("2026-10-01 00:00:00", {"price": 0.29})
        self._forget_marks()
        rerating = self.env["telecom.rerating"].create(
            {"name": "Test", "call_domain": "[('category', '=', 'mobile')]"}
        )
        rerating.action_propose()
        rerating.action_apply()
        moves = rerating.move_ids.sorted("invoice_origin")
        self.assertEqual(
            moves.mapped(lambda m: (m.move_type, m.amount_untaxed)),
            [("out_invoice", 0.6), ("out_refund", 0.18)],
        )
        self.assertCorrectedTotals(moves)

    def assertCorrectedTotals(self, moves):
        lines = self._calls().correction_ids.move_line_id
        self.assertEqual(lines.move_id, moves)

    def test_sent_to_the_contact_for_invoices(self):
        books = self.env["res.partner"].create(
            {"name": "Books", "type": "invoice", "parent_id": self.customer.id}
        )
        self._shape(address="invoice")
        _origins, move = self._correct()
        self.assertEqual(move.partner_id, books)
        self.assertCorrected(move, 1.2)

    def test_departments_as_sections(self):
        sales = self.env["telecom.department"].create(
            {"name": "Sales", "partner_id": self.customer.id}
        )
        self.second.department_id = sales
        self._shape(has_sections=True, is_by_number=False, line_by="all")
        _origins, move = self._correct()
        self.assertEqual(
            move.invoice_line_ids.mapped(lambda n: (n.display_type, n.price_subtotal)),
            [("product", 0.6), ("line_section", 0), ("product", 0.6)],
        )
        self.assertEqual(move.invoice_line_ids[1].name, "Sales")

    # === ANALYTIC ACCOUNTS === #

    def test_a_line_of_one_number_has_its_accounts(self):
        self.number.analytic_distribution = {str(self.one.id): 100}
        _origins, move = self._correct()
        first, second = move.invoice_line_ids
        self.assertEqual(first.analytic_distribution, {str(self.one.id): 100})
        self.assertFalse(second.analytic_distribution)

    def test_a_line_of_several_numbers_is_shared_by_what_each_is_corrected_by(self):
        """0.60 each: half and half. The invoice itself had 0.27 and 0.27 as well."""
        self.number.analytic_distribution = {str(self.one.id): 100}
        self.second.analytic_distribution = {str(self.other.id): 100}
        self._shape(is_by_number=False)
        _origins, move = self._correct()
        line = move.invoice_line_ids
        self.assertEqual(line.price_subtotal, 1.2)
        self.assertEqual(
            line.analytic_distribution, {str(self.one.id): 50, str(self.other.id): 50}
        )

    def test_accounts_that_an_accountant_chose_stay(self):
        self._process_four()
        origin = self._invoice()
        mobile = origin.invoice_line_ids.filtered(lambda n: n.telecom_kind == "mobile")
        mobile.analytic_distribution = {str(self.other.id): 100}
        origin.write({"invoice_date": LAST})
        origin.action_post()
        self.mobile_rate._succeed("2026-10-01 00:00:00", {"price": 0.29})
        self._forget_marks()
        rerating = self.env["telecom.rerating"].create(
            {"name": "Test", "partner_ids": [Command.set(self.customer.ids)]}
        )
        rerating.action_propose()
        rerating.action_apply()
        for line in rerating.move_ids.invoice_line_ids:
            self.assertEqual(line.analytic_distribution, {str(self.other.id): 100})
