# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What calls bring and cost, and which are sold at a loss."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import READER
from .reconciliation_common import ACCOUNTANT, ReconciliationCommon
from .test_rating import row

MOBILE = "600000099"


@tagged("post_install", "-at_install")
class TestMargin(ReconciliationCommon):
    def _sums(self, *groups):
        return self.env["telecom.margin"]._read_group(
            [],
            groups,
            ["call_count:sum", "revenue:sum", "cost:sum", "margin:sum"],
        )

    def _rounded(self, rows):
        return [
            tuple(round(one, 6) if isinstance(one, float) else one for one in line)
            for line in rows
        ]

    def test_by_category_and_month(self):
        """Landline 0.05 + 0.02 a minute, mobile 0.09; costs as the file says."""
        self._process(
            row("1", amount="0.01"),
            row("2", amount="0.03", start="2026-11-05 10:00:00"),
            row("3", amount="0.10", called=MOBILE),
        )
        self.assertEqual(
            self._rounded(self._sums("category")),
            [
                ("landline", 2, 0.14, 0.04, 0.1),
                ("mobile", 1, 0.09, 0.1, -0.01),
            ],
        )
        months = self._rounded(self._sums("month:month"))
        self.assertEqual([one[1:] for one in months][1], (1, 0.07, 0.03, 0.04))
        numbers = self._rounded(self._sums("partner_id", "number_id", "carrier_id"))
        self.assertEqual(
            numbers, [(self.customer, self.number, self.carrier, 3, 0.23, 0.14, 0.09)]
        )

    def test_amounts_are_in_the_currency_of_the_company(self):
        """Prices in dollars, costs in pounds, at 1.25 and 0.5 to the euro."""
        dollar, pound = self.env.ref("base.USD"), self.env.ref("base.GBP")
        (dollar | pound).active = True
        self._set_rates(dollar, d05=1.25)
        self._set_rates(pound, d05=0.5)
        prices = [("EUR", "EUR"), ("USD", "EUR"), ("EUR", "GBP"), ("USD", "GBP")]
        for price, cost in prices:
            tariffs = [
                self._create_tariff(
                    "T",
                    {"price": amount},
                    currency_id=self.env.ref(f"base.{name}").id,
                )
                for name, amount in ((price, 10), (cost, 4))
            ]
            self.company.telecom_tariff_id, self.carrier.cost_tariff_id = tariffs
            self._forget_earlier_tariffs()
            self._forget_marks()
            self._process(row(f"{price}{cost}"), name=f"{price}{cost}.csv")
        rows = self.env["telecom.margin"].search([], order="id")
        self.assertEqual(
            rows.mapped(
                lambda r: (round(r.revenue, 6), round(r.cost, 6), round(r.margin, 6))
            ),
            [(10, 4, 6), (8, 4, 4), (10, 8, 2), (8, 8, 0)],
        )
        calls = self.env["telecom.call"].browse(rows.ids)
        self.assertEqual(calls.mapped("margin"), [6, 4, 2, 0])

    def test_calls_without_a_price_cost_all_the_same(self):
        self._process(row("1", called="00442079460001", amount="0.5"))
        self.assertEqual(
            self._rounded(self._sums("rating_state")), [("unrated", 1, 0, 0.5, -0.5)]
        )
        self.assertFalse(self.env["telecom.margin.loss"].search([]))

    # === LOSSES === #

    def _losses(self):
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"category": "mobile", "price": 0.12}, {"price": 0.01}
        )
        self._process(
            row("1"),
            row("2", called=MOBILE),
            row("3", called=MOBILE, seconds=120),
            row("4", called=MOBILE, start="2026-11-05 10:00:00"),
        )
        return self.env["telecom.margin.loss"].search([])

    def test_losses_the_largest_first(self):
        """A minute of mobile brings 0.09 and costs 0.12."""
        october, november = self._losses()
        self.assertRecordValues(
            october,
            [
                {
                    "partner_id": self.customer.id,
                    "carrier_id": self.carrier.id,
                    "category": "mobile",
                    "call_count": 2,
                    "duration": 180,
                    "revenue": 0.27,
                    "cost": 0.36,
                    "margin": -0.09,
                }
            ],
        )
        self.assertEqual(round(november.margin, 6), -0.03)

    def test_one_click_to_calls_and_rates(self):
        october = self._losses()[0]
        calls = self.env["telecom.call"].search(october.action_open_calls()["domain"])
        self.assertEqual(sorted(calls.mapped("duration")), [60, 120])
        rate = october.action_open_rate()
        self.assertEqual(rate["res_id"], self.tariff.rate_ids[1].id)
        cost = october.action_open_cost_rate()
        self.assertEqual(cost["res_id"], self.carrier.cost_tariff_id.rate_ids[0].id)

    def test_a_dearer_rate_ends_the_loss(self):
        self._losses()
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "34600", "price": 0.2}
        )
        self._run_cron("rate")
        self.assertFalse(self.env["telecom.margin.loss"].search([]))

    def test_losses_are_printed(self):
        losses = self._losses()
        reports = self.env["ir.actions.report"].with_context(
            force_report_rendering=True
        )
        name = "telecom_cdr.report_margin_loss"
        html = reports._render_qweb_html(name, losses.ids)[0].decode()
        self.assertIn("Customer One", html)
        self.assertIn("-0.12", html)
        pdf = reports._render_qweb_pdf(name, losses.ids)[0]
        self.assertEqual(pdf[:5], b"%PDF-")

    # === WHO === #

    def test_who_sees_margins(self):
        losses = self._losses()
        models = ("telecom.margin", "telecom.margin.loss")
        reader = self._new_user("reader", READER)
        accountant = self._new_user("accountant", ACCOUNTANT)
        for name in models:
            with self.assertRaises(AccessError):
                self.env[name].with_user(reader).search([])
            self.assertTrue(self.env[name].with_user(accountant).search([]))
        shown = losses[0].with_user(accountant)
        self.assertTrue(shown.rate_id.display_name)
        self.assertTrue(shown.cost_rate_id.display_name)
        neighbour = self._telecom_company("Neighbour")
        accountant.write(
            {"company_ids": [Command.set(neighbour.ids)], "company_id": neighbour.id}
        )
        theirs = self.env(
            user=accountant, context={"allowed_company_ids": neighbour.ids}
        )
        for name in models:
            self.assertFalse(theirs[name].search([]))
