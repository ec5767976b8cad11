# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestInvoicing(TelecomInvoicingCommon):
    def _invoice(self, partners=None, **values):
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": (partners or self.customer).ids,
                "date_from": FIRST,
                "date_to": LAST,
                **values,
            }
        )
        return self.env["account.move"].search(wizard.action_invoice()["domain"])

    def test_lines_by_product_and_number(self):
        self._create_number("+34910000002", self.customer)
        self._process(
            row("A1", seconds=61),
            row("A2", called="600000099", seconds=30),
            row("A3", caller="910000002", called="600000099", seconds=61),
        )
        move = self._invoice()
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(move.state, "draft")
        self.assertEqual(
            move.invoice_line_ids.mapped(
                lambda line: (
                    line.product_id.default_code,
                    line.telecom_number_id.number,
                    line.price_subtotal,
                )
            ),
            [
                ("CF", "+34910000001", 0.09),
                ("CM", "+34910000001", 0.05),
                ("CM", "+34910000002", 0.09),
            ],
        )
        self.assertEqual(move.telecom_call_count, 3)
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        self.assertEqual(self._calls().move_id, move)

    def test_a_line_is_the_sum_of_its_calls_rounded_once(self):
        """Law 5: 33 x 0.0165 = 0.5445 -> 0.54, not 33 x 0.02."""
        self._process(
            *(
                row(
                    f"C{i}",
                    called="600000099",
                    seconds=11,
                    start=f"2026-10-05 10:{i:02}:00",
                )
                for i in range(33)
            )
        )
        total = sum(Decimal(str(call.price)) for call in self._calls())
        self.assertEqual(total, Decimal("0.5445"))
        self.assertEqual(self._invoice().invoice_line_ids.price_subtotal, 0.54)

    def test_a_call_is_invoiced_once(self):
        self._process(row("O1"))
        first = self._invoice()
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()
        self.assertEqual(len(first), 1)
        with self.assertRaisesRegex(UserError, "invoiced"), self.cr.savepoint():
            self._calls().sudo().unlink()

    def test_the_database_refuses_a_second_link(self):
        self._process(row("O2"))
        move = self._invoice()
        values = (self._calls().id, move.invoice_line_ids.id)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation) as caught,
            self.cr.savepoint(),
        ):
            self.cr.execute("INSERT INTO telecom_call_invoice VALUES (%s, %s)", values)
        self.assertIn("telecom_call_invoice_pkey", str(caught.exception))

    def test_only_until_the_day(self):
        self._process(
            row("D1", start="2026-10-31 23:59:59"),
            row("D2", start="2026-11-01 00:00:00"),
        )
        self._invoice()
        self.assertEqual(self._calls().mapped("state"), ["invoiced", "rated"])

    def test_no_call_of_an_unfinished_file(self):
        file = self._process(row("U1"))
        self.env.cr.execute(
            "UPDATE telecom_file SET state = 'processing' WHERE id = %s", file.ids
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()
        self.assertEqual(self._calls().state, "rated")

    def test_bundle_fees_once_a_month(self):
        bundle = self._create_bundle("B", {"seconds": 600}, price=9.9)
        self._give_bundle(bundle, self.customer)
        self._process(row("F1"))
        move = self._invoice()
        fee = move.invoice_line_ids.filtered("telecom_subscription_id")
        self.assertEqual((fee.price_subtotal, fee.telecom_period_start), (9.9, FIRST))
        calls = move.invoice_line_ids - fee
        self.assertEqual(calls.price_subtotal, 0)
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()

    def test_credit_note_gives_calls_and_fees_back(self):
        self._give_bundle(self._create_bundle("B", {"seconds": 1}), self.customer)
        self._process(row("R1"))
        move = self._invoice(is_posted=True)
        refund = move._reverse_moves([{"invoice_date": LAST}])
        self.assertEqual(self._calls().state, "invoiced")
        refund.action_post()
        self.assertEqual(self._calls().state, "rated")
        self.assertEqual(move.telecom_call_count, 1)
        again = self._invoice()
        self.assertEqual(again.amount_untaxed, move.amount_untaxed)
        self.assertEqual(self._calls().move_id, again)

    def test_partial_credit_keeps_the_calls(self):
        self._process(row("R2", seconds=600))
        move = self._invoice(is_posted=True)
        refund = move._reverse_moves([{"invoice_date": LAST}])
        refund.invoice_line_ids.price_unit = 0.01
        refund.action_post()
        self.assertEqual(self._calls().state, "invoiced")

    def test_deleted_and_cancelled_drafts_let_calls_go(self):
        self._process(row("X1"))
        self._invoice().unlink()
        self.env.invalidate_all()
        self.assertEqual(self._calls().state, "rated")
        cancelled = self._invoice()
        cancelled.button_cancel()
        self.assertEqual(self._calls().state, "rated")
        self._invoice()
        with self.assertRaisesRegex(UserError, "invoiced again meanwhile"):
            cancelled.button_draft()

    def test_cancelled_draft_takes_its_calls_back(self):
        self._process(row("X2"))
        move = self._invoice()
        move.button_cancel()
        move.button_draft()
        self.assertEqual(self._calls().move_id, move)

    def test_analytic_distribution_of_the_number(self):
        plan = self.env["account.analytic.plan"].create({"name": "Plan"})
        account = self.env["account.analytic.account"].create(
            {"name": "Shop", "plan_id": plan.id}
        )
        self.number.analytic_distribution = {str(account.id): 100}
        self._process(row("Y1"))
        line = self._invoice().invoice_line_ids
        self.assertEqual(line.analytic_distribution, {str(account.id): 100})

    def test_contacts_are_billed_to_the_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        self.number.partner_id = contact
        self._process(row("P1"))
        self.assertEqual(self._calls().partner_id, self.customer)
        self.assertEqual(self._invoice(contact).partner_id, self.customer)

    def test_lines_speak_the_customers_language(self):
        self.env["res.lang"]._activate_lang("es_ES")
        product = self.env.company._telecom_product("landline")
        product.with_context(lang="es_ES").name = "Llamadas a fijos"
        self.customer.lang = "es_ES"
        self._give_bundle(self._create_bundle("B", {"seconds": 1}), self.customer)
        self._process(row("L1"))
        names = self._invoice().invoice_line_ids.mapped("name")
        self.assertIn("Llamadas a fijos +34 910 00 00 01", names[0])
        self.assertEqual(names[1], "B, octubre 2026")
