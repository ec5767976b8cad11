# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A seller sells a bundle, in a real browser: the customer has it."""

from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.browser import ScreenCase

from .test_sale_bundle import SELLER


@tagged("post_install", "-at_install")
class TestScreensSale(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.bundle = cls._create_bundle("Friends 600", {"seconds": 36000}, price=31)
        cls._new_user("seller", SELLER, password="seller")

    def test_seller_sells_a_bundle(self):
        self._browse(
            "sale.action_quotations",
            """
            const fill = (input, text) => {
                input.focus();
                input.value = text;
                input.dispatchEvent(new Event("input", {bubbles: true}));
            };
            await click(".o_list_button_add");
            fill(await wait(() => seen("[name=partner_id] input")), "Customer One");
            await click(".o-autocomplete--dropdown-item", "Customer One");
            await click("[name=order_line] a", "Add a product");
            const product = "[name=order_line] [name=product_template_id] input";
            fill(await wait(() => seen(product)), "Friends 600");
            await click(".o-autocomplete--dropdown-item", "Friends 600");
            await wait("[name=tax_totals]", "31.00");
            await click("button[name=action_confirm]", "Confirm");
            await wait(".o_arrow_button_current", "Sales Order");
            if (!seen("button[name=action_telecom_subscriptions]"))
                await click(".o_button_more");
            await click("button[name=action_telecom_subscriptions]", "Bundles");
            await wait(".o_data_row td[name=bundle_id]", "Friends 600");
            expect(texts(".o_data_row td[name=partner_id]"), ["Customer One"]);
            expect(texts(".o_data_row td[name=state]"), ["Active"]);
            """,
            "seller",
        )
        order = self.env["sale.order"].search([("company_id", "=", self.company.id)])
        self.assertRecordValues(
            order.order_line.telecom_subscription_ids,
            [
                {
                    "partner_id": self.customer.id,
                    "bundle_id": self.bundle.id,
                    "date_start": order.date_order,
                    "date_end": False,
                }
            ],
        )
