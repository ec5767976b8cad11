# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TelecomCommon

ROW = "{start},{caller},{called},{seconds},{amount},{id}"


def row(id_, called="912000001", seconds=60, start="2026-10-05 10:00:00", **values):
    """One row of a carrier's file."""
    defaults = {"caller": "910000001", "amount": ""}
    return ROW.format(
        id=id_, called=called, seconds=seconds, start=start, **{**defaults, **values}
    )


@tagged("post_install", "-at_install")
class TestRating(TelecomCommon):
    def _price(self):
        call = self._calls()
        call.ensure_one()
        return call.state, call.price

    def test_unanswered_call_costs_nothing(self):
        self._process(row("N1", seconds=0))
        self.assertEqual(self._price(), ("rated", 0))

    def test_no_rate_is_never_a_free_call(self):
        self._process(row("N2", called="00442079460001"))
        call = self._calls()
        self.assertEqual((call.state, call.price), ("unrated", 0))
        self.assertEqual(call.category, "international")
        self.assertFalse(call.rate_id)

    def test_incoming_without_any_rate_is_not_charged(self):
        self.format.direction_default = "incoming"
        self._process(row("N3", caller="912000001", called="910000001"))
        call = self._calls()
        self.assertEqual((call.state, call.partner_id), ("excluded", self.customer))

    def test_waiting_call_is_taken_up_when_its_rate_comes(self):
        self._process(row("N4", called="00442079460001"))
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "+44 20", "price": 0.6}
        )
        self._run_cron("rate")
        self.assertEqual(self._price(), ("rated", 0.6))
        self.assertEqual(self._calls().rate_id.prefix, "4420")

    def test_waiting_call_is_taken_up_when_its_number_comes(self):
        self._process(row("N5", caller="910000055"))
        self.assertEqual(self._calls().state, "unmatched")
        other = self._create_customer("Customer Two")
        self._create_number("910 00 00 55", other, date_start="2026-10-01")
        self._run_cron("rate")
        call = self._calls()
        self.assertEqual((call.state, call.partner_id), ("rated", other))
        self.assertEqual(call.price, 0.07)

    def test_server_action_rates_again(self):
        self._process(row("N6", called="00442079460001"))
        self._create_rate_without_mark(prefix="44", price=0.3)
        self.assertEqual(self._calls().action_rate(), 1)
        self.assertEqual(self._price(), ("rated", 0.3))
        self.assertEqual(self._calls().action_rate(), 0)

    def _create_rate_without_mark(self, **values):
        rate = self.env["telecom.rate"].create({"tariff_id": self.tariff.id, **values})
        self._forget_marks()
        return rate

    def test_longest_prefix_then_category_then_parent(self):
        parent = self._create_tariff("Parent", {"price": 1.2})
        self.tariff.parent_id = parent
        self._create_rate_without_mark(prefix="44", price=0.3)
        self._create_rate_without_mark(prefix="4420", price=0.6)
        self._process(
            row("P1", called="00442079460001", start="2026-10-05 10:00:00"),
            row("P2", called="00441184960001", start="2026-10-05 10:01:00"),
            row("P3", called="600000099", start="2026-10-05 10:02:00"),
            row("P4", called="0033199000001", start="2026-10-05 10:03:00"),
        )
        self.assertEqual(self._calls().mapped("price"), [0.6, 0.3, 0.09, 1.2])

    def test_tariff_of_number_before_customer_before_company(self):
        number_tariff = self._create_tariff("Number", {"price": 0.5})
        customer_tariff = self._create_tariff("Customer", {"price": 0.4})
        self.customer.telecom_tariff_id = customer_tariff
        self._process(row("T1"))
        self.assertEqual(self._price(), ("rated", 0.4))
        self.number.tariff_id = number_tariff
        self._run_cron("rate")
        self.assertEqual(self._price(), ("rated", 0.5))

    def test_new_tariff_counts_from_its_date(self):
        """Law 6: a call has the tariff of its start, also a year later."""
        old = self._create_tariff("Old", {"price": 0.6})
        new = self._create_tariff("New", {"price": 0.9})
        assignments = self.env["telecom.tariff.assignment"]
        owner = {"partner_id": self.customer.id}
        assignments._assign(owner, old)
        assignments._assign(owner, new, "2026-10-05 08:30:00")
        self._process(
            row("D1", start="2026-10-05 10:29:59"),
            row("D2", start="2026-10-05 10:30:00"),
        )
        self.assertEqual(self._calls().mapped("price"), [0.6, 0.9])

    def test_new_price_from_a_date(self):
        rate = self.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        self._process(row("R1", called="600000099"))
        self.assertTrue(rate.is_telecom_used)
        with self.assertRaisesRegex(UserError, "New price from"):
            rate.price = 0.2
        self.assertEqual(rate.price, 0.09)
        wizard = self.env["telecom.rate.successor"].create(
            {"rate_id": rate.id, "date_start": "2026-10-06 00:00:00", "price": 0.2}
        )
        wizard.action_apply()
        self._run_cron("rate")
        self._process(
            row("R2", called="600000099", start="2026-10-07 10:00:00"), name="b.csv"
        )
        self.assertEqual(self._calls().mapped("price"), [0.09, 0.2])

    def test_holder_at_the_start_pays(self):
        """Law 6: a ported number's calls belong to whoever held it then."""
        heir = self._create_customer("Heir")
        self.number.date_end = "2026-10-05 08:00:00"
        self._create_number("+34910000001", heir, date_start="2026-10-05 08:00:00")
        self._process(
            row("H1", start="2026-10-05 09:59:59"),
            row("H2", start="2026-10-05 10:00:00"),
        )
        self.assertEqual(
            self._calls().mapped("partner_id.name"), ["Customer One", "Heir"]
        )

    def test_markup_on_the_carriers_amount(self):
        self._create_rate_without_mark(
            category="international", method="markup", markup=30
        )
        self._process(
            row("M1", called="00442079460001", amount="0.0334"),
            row("M2", called="00442079460001", start="2026-10-05 10:05:00"),
        )
        self.assertEqual(
            self._calls().mapped(lambda c: (c.state, c.price)),
            [("rated", 0.0434), ("unrated", 0)],
        )

    def test_cost_by_the_carriers_tariff(self):
        cost = self._create_tariff("Cost", {"price": 0.012}, rounding_digits=5)
        self.carrier.cost_tariff_id = cost
        self._process(row("K1", seconds=90, amount="9"))
        call = self._calls()
        self.assertEqual(call.cost, 0.018)
        self.assertEqual(call.cost_rate_id, cost.rate_ids)
        self.assertEqual(call.margin, round(0.05 + 0.04 - 0.018, 9))

    def test_prefix_is_typed_as_people_do(self):
        destinations = self.env["telecom.destination"].create(
            [
                {
                    "name": "Own mobile",
                    "category": "mobile",
                    "prefix_text": "641, +3465",
                },
                {"name": "Own help", "category": "short", "prefix_text": "1004"},
                {"name": "Poland", "category": "international", "prefix_text": "0048"},
            ]
        )
        self.assertEqual(
            destinations.mapped("prefix_text"), ["34641, 3465", "341004", "48"]
        )

    def test_shipped_categories(self):
        called = {
            "600000099": "mobile",
            "712000099": "mobile",
            "812000099": "landline",
            "912000001": "landline",
            "900000100": "intelligent",
            "803000100": "premium",
            "11888": "short",
            "1004": "short",
            "00442079460001": "international",
        }
        rows = [
            row(f"G{i}", called=number, start=f"2026-10-05 10:0{i}:00")
            for i, number in enumerate(called)
        ]
        self._process(*rows)
        self.assertEqual(self._calls().mapped("category"), list(called.values()))

    def test_invoiced_calls_are_not_rated_again(self):
        self._load_accounts()
        self._process(row("I1"))
        call = self._calls()
        self.env["telecom.invoicing"]._invoice(self.customer, call.day, call.day)
        self.env.cr.execute("UPDATE telecom_rate SET price = 9")
        self.env.invalidate_all()
        self.assertEqual(call.action_rate(), 0)
        self.assertEqual(call.price, 0.07)
