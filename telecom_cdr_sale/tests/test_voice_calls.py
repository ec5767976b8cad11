# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The product Voice calls: its own price and the calls, at most one per customer."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.test_rating import row

from .test_sale_bundle import SaleCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-10-10 08:00:00")
class TestVoiceCalls(SaleCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.voice = cls.env["product.product"].create(
            {
                "name": "Voice calls",
                "type": "service",
                "list_price": 6.2,
                "taxes_id": False,
                "telecom_usage": True,
            }
        )
        cls._process(row("V1", seconds=61, start="2026-10-12 10:00:00"))

    def _amounts(self, *args, **values):
        lines = self._bill(*args, **values).invoice_line_ids
        return [(bool(line.telecom_kind), line.price_subtotal) for line in lines]

    def test_its_own_price_and_the_calls(self):
        """22 of 31 days of 6.20 are 4.40, two minutes 0.09; then 6.20 a month."""
        self._sell(self.voice)
        self.assertEqual(sorted(self._amounts()), [(False, 4.4), (True, 0.09)])
        self.assertEqual(
            self._amounts(date(2026, 11, 1), date(2026, 11, 30)), [(False, 6.2)]
        )

    def test_beside_a_package(self):
        self.voice.list_price = 0
        order = self._order(self.voice)
        order.order_line = [(0, 0, {"product_id": self.bundle.product_id.id})]
        order.action_confirm()
        self.assertEqual(
            order.order_line.telecom_subscription_ids.bundle_id.product_id,
            self.voice | self.bundle.product_id,
        )

    def test_one_per_customer(self):
        self._sell(self.voice)
        order = self._order(self.voice)
        with self.assertRaises(ValidationError) as caught:
            order.action_confirm()
        self.assertIn("has Voice calls already", str(caught.exception))
        held = self.env["telecom.bundle.subscription"].search([])
        held.date_end = "2026-10-10 09:00:00"
        with freeze_time("2026-10-11 08:00:00"):
            order.action_confirm()
        self.assertEqual(len(order.order_line.telecom_subscription_ids), 1)

    def test_a_company_below_has_its_own(self):
        """What the subsidiary has is not what its holding has, nor the other way."""
        below = self._create_customer("Subsidiary", parent_id=self.customer.id)
        order = self._order(self.voice)
        order.partner_id = below
        order.action_confirm()
        self.company.telecom_only_with_usage = True
        self.assertFalse(self._bill())
        self._sell(self.voice)
        held = self.env["telecom.bundle.subscription"].search([])
        self.assertEqual(held.partner_id, self.customer | below)
        self.assertEqual(sorted(self._amounts()), [(False, 4.4), (True, 0.09)])
        self.assertEqual(self._amounts(partners=below), [(False, 4.4)])

    def test_only_customers_who_have_it(self):
        self.company.telecom_only_with_usage = True
        self.assertFalse(self._bill())
        wizard = self.env["telecom.invoice.wizard"].create(
            {"date_from": "2026-10-01", "date_to": "2026-10-31"}
        )
        self.assertEqual((wizard.customer_count, wizard.without_usage_count), (0, 1))
        self._sell(self.voice)
        self.assertEqual(len(self._bill().invoice_line_ids), 2)

    def test_a_run_shows_who_is_left_out(self):
        self.company.telecom_only_with_usage = True
        run = self.env["telecom.run"].create(
            {
                "company_id": self.company.id,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
                "scope": "hand",
                "partner_ids": self.customer.ids,
            }
        )
        run.action_preview()
        line = self.env["telecom.run.customer"].search([("run_id", "=", run.id)])
        self.assertRecordValues(
            line, [{"state": "left_out", "left_reason": "usage", "call_count": 1}]
        )

    def test_a_hot_bill_leaves_out_who_has_none(self):
        """As runs do; with Voice calls it is the two minutes: 0.09."""
        self.company.telecom_only_with_usage = True
        bill = self._hot_bill()
        self.assertEqual(bill.call_count, 0)
        self.assertIn("has no Voice calls, and only customers", bill.waiting_text)
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            bill.action_draft()
        self.assertIn("Customer One has no Voice calls", str(caught.exception))
        self._sell(self.voice)
        bill = self._hot_bill()
        self.assertFalse(bill.waiting_text)
        move = self.env["account.move"].browse(bill.action_draft()["res_id"])
        self.assertEqual(move.amount_untaxed, 0.09)

    def _hot_bill(self):
        bills = self.env["telecom.hot.bill"].with_user(self.reader)
        return bills.with_company(self.company).create(
            {"partner_id": self.customer.id, "date_to": "2026-10-31 22:59:59"}
        )

    def test_a_product_makes_one_bundle(self):
        bundles = self.env["telecom.bundle"].search(
            [("product_id", "=", self.voice.id)]
        )
        self.assertEqual(bundles.mapped("name"), ["Voice calls"])
        self.voice.telecom_usage = False
        self.voice.telecom_usage = True
        self.assertEqual(
            self.env["telecom.bundle"].search([("product_id", "=", self.voice.id)]),
            bundles,
        )
