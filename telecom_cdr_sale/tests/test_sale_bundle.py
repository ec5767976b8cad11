# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A bundle sold on an order is the customer's, and its fee is billed once."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.telecom_cdr.tests.common import READER
from odoo.addons.telecom_cdr.tests.invoicing_common import (
    FIRST,
    LAST,
    TelecomInvoicingCommon,
)
from odoo.addons.telecom_cdr.tests.test_rating import row

SELLER = "base.group_user,sales_team.group_sale_salesman"


class SaleCommon(TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._new_user("bundle_seller", SELLER)
        cls.reader = cls._new_user("bundle_accountant", READER)
        cls.bundle = cls._create_bundle(
            "B", {"seconds": 600}, price=31, prorate_fee=True
        )

    def _order(self, product=None, **values):
        """A quotation that the seller makes."""
        return (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": (product or self.bundle.product_id).id,
                                **values,
                            }
                        )
                    ],
                }
            )
        )

    def _sell(self, *args, **values):
        order = self._order(*args, **values)
        order.action_confirm()
        return order

    def _bill(self, date_from=FIRST, date_to=LAST, partners=None):
        invoicing = self.env["telecom.invoicing"].with_user(self.reader)
        return invoicing.with_company(self.company)._invoice(
            partners or self.customer, date_from, date_to
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-10-10 08:00:00")
class TestSaleBundle(SaleCommon):
    def test_the_customer_has_what_was_sold(self):
        order = self._order(telecom_number_ids=[Command.set(self.number.ids)])
        line = order.order_line
        self.assertEqual(line.telecom_bundle_id, self.bundle)
        self.assertFalse(line.sudo().telecom_subscription_ids)
        order.action_confirm()
        given = line.telecom_subscription_ids
        self.assertRecordValues(
            given.sudo(),
            [
                {
                    "partner_id": self.customer.id,
                    "bundle_id": self.bundle.id,
                    "number_ids": self.number.ids,
                    "date_start": order.date_order,
                    "date_end": False,
                    "sale_order_id": order.id,
                }
            ],
        )
        self.assertEqual(order.telecom_subscription_count, 1)
        opened = order.action_telecom_subscriptions()
        found = self.env[opened["res_model"]].search(opened["domain"])
        self.assertEqual(found, given)
        self.assertEqual(Form(given).sale_order_id, order)
        self.assertEqual(given.action_open_order()["res_id"], order.id)

    def test_from_the_day_of_delivery(self):
        order = self._order()
        order.commitment_date = "2026-11-01 09:00:00"
        order.action_confirm()
        given = order.order_line.telecom_subscription_ids
        self.assertEqual(str(given.date_start), "2026-11-01 09:00:00")

    def test_the_fee_is_billed_at_the_price_of_the_order_and_once(self):
        """62 less 10 %: 22 of 31 days are 39.60, November is 55.80."""
        order = self._sell(price_unit=62, discount=10, tax_ids=False)
        line = order.order_line
        self.assertEqual((line.qty_to_invoice, line.invoice_status), (0, "no"))
        self.assertEqual(order.amount_to_invoice, 0)
        with self.assertRaises(UserError):
            order.sudo()._create_invoices()
        move = self._bill()
        self.assertEqual(move.amount_untaxed, 39.6)
        self.assertEqual(move.invoice_line_ids.sale_line_ids, line)
        self.assertEqual(
            (line.qty_invoiced, line.qty_to_invoice, line.invoice_status),
            (1, 0, "invoiced"),
        )
        self.assertFalse(order.invoice_count)
        self.assertEqual(order.with_user(self.env.user).invoice_ids, move)
        move.sudo().invoice_user_id = self.seller
        order.invalidate_recordset()
        self.assertEqual(order.invoice_ids, move)
        move.action_post()
        november = self._bill(date(2026, 11, 1), date(2026, 11, 30))
        self.assertEqual(november.amount_untaxed, 55.8)
        self.assertEqual((line.qty_invoiced, line.qty_to_invoice), (1, 0))

    def test_other_products_of_the_order_are_invoiced_by_it(self):
        other = self.env["product.product"].create(
            {"name": "Router", "type": "consu", "list_price": 50, "taxes_id": False}
        )
        order = self._order(tax_ids=False)
        order.order_line = [Command.create({"product_id": other.id})]
        order.action_confirm()
        move = order.sudo()._create_invoices()
        self.assertEqual(move.invoice_line_ids.product_id, other)
        self.assertEqual(move.amount_untaxed, 50)

    def test_a_cancelled_order_ends_it(self):
        """Ended at noon of the 20th: 11 of 31 days are left of the 22, at 31."""
        order = self._sell(tax_ids=False)
        draft = self._bill()
        self.assertEqual(draft.amount_untaxed, 22)
        with freeze_time("2026-10-20 10:00:00"):
            order.action_cancel()
        given = order.order_line.telecom_subscription_ids
        self.assertEqual(str(given.date_end), "2026-10-20 10:00:00")
        self.assertEqual(draft.state, "draft")
        back = self._bill()
        self.assertEqual((back.move_type, back.amount_untaxed), ("out_refund", 11))

    def test_what_has_not_begun_is_not_given(self):
        order = self._order()
        order.commitment_date = "2026-11-01 09:00:00"
        order.action_confirm()
        order.action_cancel()
        self.assertFalse(order.order_line.telecom_subscription_ids)
        order.action_draft()
        order.action_confirm()
        self.assertEqual(len(order.order_line.telecom_subscription_ids), 1)

    def test_several_of_it(self):
        order = self._sell(product_uom_qty=2)
        self.assertEqual(len(order.order_line.telecom_subscription_ids), 2)
        with self.assertRaisesRegex(UserError, "a whole number of times"):
            self._sell(product_uom_qty=1.5)

    # === ANOTHER QUANTITY === #

    def _given(self, order):
        """From when and until when the customer has it, in order."""
        given = order.order_line.telecom_subscription_ids.sudo()
        return sorted((str(one.date_start), str(one.date_end or "")) for one in given)

    def test_more_from_now_on_and_less_from_now_on(self):
        """Days of October at 1 a day: 22, and twice 20 to 25: 6."""
        order = self._sell(tax_ids=False)
        with freeze_time("2026-10-20 10:00:00"):
            order.order_line.product_uom_qty = 3
        with freeze_time("2026-10-25 10:00:00"):
            order.order_line.product_uom_qty = 1
        start = str(order.date_order)
        more = ("2026-10-20 10:00:00", "2026-10-25 10:00:00")
        self.assertEqual(self._given(order), [(start, ""), more, more])
        prices = self._bill().invoice_line_ids.mapped("price_unit")
        self.assertEqual(sorted(prices), [6, 6, 22])
        with freeze_time("2026-10-26 10:00:00"):
            order.order_line.product_uom_qty = 1
        self.assertEqual(len(self._given(order)), 3)

    def test_what_was_invoiced_stays(self):
        """October's 22 days; then 31, and 21 of 30 days of 31: 21.70."""
        order = self._sell(tax_ids=False)
        october = self._bill()
        october.action_post()
        with freeze_time("2026-11-10 08:00:00"):
            order.order_line.product_uom_qty = 2
            self.assertFalse(self._bill())
            november = self._bill(date(2026, 11, 1), date(2026, 11, 30))
        self.assertEqual((october.amount_untaxed, october.state), (22, "posted"))
        self.assertEqual(
            sorted(november.invoice_line_ids.mapped("price_unit")), [21.7, 31]
        )

    def test_none_of_it_any_more(self):
        order = self._sell(product_uom_qty=2)
        with freeze_time("2026-10-20 10:00:00"):
            order.order_line.product_uom_qty = 0
        given = (str(order.date_order), "2026-10-20 10:00:00")
        self.assertEqual(self._given(order), [given, given])
        with freeze_time("2026-10-21 10:00:00"):
            order.order_line.product_uom_qty = 1
        again = ("2026-10-21 10:00:00", "")
        self.assertEqual(self._given(order), [given, given, again])

    def test_what_has_not_begun_is_given_less_often(self):
        order = self._order(product_uom_qty=2)
        order.commitment_date = "2026-11-01 09:00:00"
        order.action_confirm()
        order.order_line.product_uom_qty = 1
        self.assertEqual(self._given(order), [("2026-11-01 09:00:00", "")])

    def test_a_part_of_it_is_refused(self):
        order = self._sell()
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            order.order_line.product_uom_qty = 1.5
        self.assertIn("a whole number of times", str(caught.exception))
        order.invalidate_recordset()
        self.assertEqual(order.order_line.product_uom_qty, 1)
        self.assertEqual(len(self._given(order)), 1)

    # === A LATER VERSION OF THE BUNDLE === #

    def _hand_over(self, day):
        given = self.env["telecom.bundle.subscription"]
        later = self.bundle._new_version("B2")
        self.bundle._hand_over(later, given._midnight(day, self.company))
        return later

    def test_a_later_version_keeps_the_price_of_the_order(self):
        """62 a month less 10 %: 55.80, though the later version costs 31."""
        order = self._sell(price_unit=62, discount=10, tax_ids=False)
        later = self._hand_over(date(2026, 11, 1))
        held = order.order_line.telecom_subscription_ids.sudo()
        self.assertEqual(held.bundle_id, self.bundle | later)
        november = self._bill(date(2026, 11, 1), date(2026, 11, 30))
        line = november.invoice_line_ids.filtered(
            lambda one: one.telecom_subscription_id.bundle_id == later
        )
        self.assertEqual((line.price_subtotal, line.discount), (55.8, 10))
        self.assertEqual(line.sale_line_ids, order.order_line)

    def test_a_later_version_counts_once(self):
        order = self._sell()
        later = self._hand_over(date(2026, 11, 1))
        november = "2026-10-31 23:00:00"
        first = (str(order.date_order), november)
        order.order_line.product_uom_qty = 1
        self.assertEqual(self._given(order), [first, (november, "")])
        with freeze_time("2026-10-20 10:00:00"):
            order.order_line.product_uom_qty = 2
            self.assertEqual(len(self._given(order)), 3)
            newest = order.order_line.telecom_subscription_ids.filtered(
                lambda one: str(one.date_start) == "2026-10-20 10:00:00"
            )
            self.assertEqual(newest.bundle_id, later)
            order.order_line.product_uom_qty = 0
        self.assertEqual(
            self._given(order), [(str(order.date_order), "2026-10-20 10:00:00")]
        )

    def test_a_line_that_is_added_later(self):
        order = self._sell()
        more = self._create_bundle("C", {"seconds": 60}, price=5)
        order.order_line = [Command.create({"product_id": more.product_id.id})]
        held = order.order_line.telecom_subscription_ids
        self.assertEqual(held.bundle_id, self.bundle | more)

    def test_numbers_of_another_customer_are_refused(self):
        other = self.customer.create({"name": "Neighbour"})
        number = self.number.copy({"partner_id": other.id, "number": "+34600000099"})
        order = self._order(telecom_number_ids=[Command.set(number.ids)])
        with self.assertRaises(ValidationError) as caught:
            order.action_confirm()
        self.assertIn("belongs to another customer", str(caught.exception))
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.order_line.telecom_subscription_ids)

    def test_a_seller_gives_none_without_an_order_and_sees_no_cost(self):
        subscriptions = self.env["telecom.bundle.subscription"].with_user(self.seller)
        with self.assertRaises(AccessError):
            subscriptions.create(
                {"partner_id": self.customer.id, "bundle_id": self.bundle.id}
            )
        with self.assertRaises(AccessError):
            self.env["telecom.call"].with_user(self.seller).search([])

    def test_who_sells_nothing_sees_no_bundle(self):
        clerk = self._new_user("bundle_clerk", "base.group_user")
        with self.assertRaises(AccessError):
            self.bundle.with_user(clerk).read(["name"])

    def test_the_seller_compares_before_it_is_confirmed(self):
        order = self._order()
        self.assertTrue(order.telecom_has_bundle)
        with self.assertRaisesRegex(UserError, "has no calls from 09/01/2026"):
            order.action_telecom_compare()
        # A landline minute of September: 0.05 and 0.02.
        self._process(row("S1", start="2026-09-10 10:00:00"))
        shown = order.action_telecom_compare()
        lines = self.env["telecom.bundle.comparison"].browse(shown["res_id"]).line_ids
        found = [(x["kind"], x["total"]) for x in self._as_seller(lines)]
        self.assertEqual(found, [("none", 0.07), ("bundle", 31)])

    def _as_seller(self, records):
        return records.with_user(self.seller).read(["kind", "name", "total"])
