# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER

from .common import ChargeCommon


@tagged("post_install", "-at_install")
class TestChargeCosts(ChargeCommon):
    """What the carrier should charge, what bundles include, and parts of months."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wholesale = cls._create_fee_tariff(
            "Wholesale",
            {"product_code": "LR01", "price": 10.0},
            {"product_code": "EQ1", "price": 31.0, "is_prorated": True},
            {"kind": "credit", "price": 2.0},
        )

    def _compare(self):
        self.carrier.fee_cost_tariff_id = self.wholesale

    def _add_line(self, **values):
        self.fee_tariff.line_ids = [Command.create(values)]

    def test_cost_is_compared_with_what_was_agreed(self):
        self._compare()
        cases = [
            ({}, "agrees", 10.0, 0.0),
            ({"quantity": "2", "total": "20,00"}, "agrees", 20.0, 0.0),
            ({"total": "12,50"}, "differs", 10.0, 2.5),
            ({"code": "LR09"}, "no_line", 0.0, 0.0),
            ({"code": "EQ1", "total": "31,00"}, "agrees", 31.0, 0.0),
            (
                {"code": "EQ1", "total": "11,00", "period_to": "10/01/2026"},
                "differs",
                10.0,
                1.0,
            ),
            ({"kind": "C", "total": "-2,00"}, "agrees", -2.0, 0.0),
        ]
        for number, (cells, check, agreed, difference) in enumerate(cases):
            charge = self._charge(account=f"A{number}", **cells)
            with self.subTest(charge.display_name):
                self.assertEqual(charge.cost_check, check)
                self.assertEqual(charge.agreed_cost, agreed)
                self.assertEqual(charge.cost_difference, difference)

    def test_nothing_is_compared_without_a_tariff(self):
        self.assertFalse(self._charge().cost_check)

    def test_cost_comes_from_the_tariff_where_the_file_tells_none(self):
        self._compare()
        self.charge_format.is_amount_optional = True
        self._add_line(product_code="LR01", method="markup", markup=50.0)
        charge = self._charge(quantity="3", total="")
        self.assertRecordValues(
            charge,
            [
                {
                    "cost": 30.0,
                    "price": 45.0,
                    "margin": 15.0,
                    "is_cost_derived": True,
                    "cost_check": "agrees",
                    "state": "ready",
                }
            ],
        )
        unknown = self._charge(code="LR09", total="")
        self.assertEqual((unknown.state, unknown.wait_reason), ("unpriced", "no_cost"))
        self.assertIn("wholesale tariff has no line", unknown.wait_text)
        # The file comes again: it is the same charge.
        again = self._process_charges(
            "A1;910000001;LR01;Other words;R;01/01/2026;31/01/2026;3;;",
            name="again.csv",
        )
        self.assertEqual((again.charge_count, again.duplicate_count), (0, 1))

    def test_rows_without_an_amount_are_refused_otherwise(self):
        file = self._process_charges(
            "A1;910000001;LR01;Rental;R;01/01/2026;31/01/2026;3;;"
        )
        self.assertEqual(file.rejection_ids.reason, "amount")
        self.assertChargesBalanced(file)

    def test_the_margin_counts_what_the_carrier_charges(self):
        self._compare()
        self.assertEqual(self._charge(total="12,50").margin, 2.5)

    def test_wholesale_prices_are_seen_with_the_role_only(self):
        self._compare()
        charge = self._charge()
        self.assertTrue(self.wholesale.is_cost)
        manager = self._new_user("fee_boss", MANAGER)
        for name in ("agreed_cost", "cost_difference", "cost_check", "cost_line_id"):
            with self.assertRaises(AccessError):
                charge.with_user(manager).read([name])
        with self.assertRaises(AccessError):
            self.wholesale.with_user(manager).read(["name"])
        with self.assertRaises(AccessError):
            self.wholesale.line_ids.with_user(manager).read(["price"])
        with self.assertRaises(AccessError):
            self.carrier.with_user(manager).read(["fee_cost_tariff_id"])
        manager.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.assertEqual(charge.with_user(manager).cost_check, "agrees")
        self.wholesale.with_user(manager).line_ids[0].price = 11.0

    def test_a_wholesale_tariff_has_prices_of_its_own(self):
        self._compare()
        with self.assertRaisesRegex(ValidationError, "its lines have a price"):
            self.wholesale.line_ids[0].method = "markup"
        markup = self._create_fee_tariff("Mark-up", {"method": "markup"})
        with self.assertRaisesRegex(ValidationError, "its lines have a price"):
            self.carrier.fee_cost_tariff_id = markup

    # === BUNDLES === #

    def _bundle(self, codes="LR* X1", **values):
        bundle = self._create_bundle("All in", {"service": "voice", "seconds": 600})
        bundle.fee_product_codes = codes
        return self._give_bundle(
            bundle, self.customer, **{"date_start": "2026-01-01", **values}
        )

    def test_included_in_a_bundle_that_the_customer_has(self):
        self._add_line(product_code="LR*", method="included")
        subscription = self._bundle()
        charge = self._charge()
        self.assertRecordValues(
            charge,
            [
                {
                    "state": "excluded",
                    "wait_reason": "included",
                    "fee_subscription_id": subscription.id,
                    "price": 0.0,
                    "margin": -10.0,
                }
            ],
        )
        self.assertIn("All in", charge.wait_text)
        other = self._create_customer("No bundle")
        self._create_number("+34910000002", other)
        self.assertEqual(self._charge("910000002").price, 15.0)

    def test_a_bundle_counts_while_it_runs_and_for_its_numbers(self):
        self._add_line(product_code="LR*", method="included")
        second = self._create_number("+34910000002", self.customer)
        subscription = self._bundle(
            date_end="2026-02-01", number_ids=[Command.set(second.ids)]
        )
        covered = self._charge("910000002")
        self.assertEqual(covered.wait_reason, "included")
        self.assertEqual(self._charge().state, "ready", "another number")
        later = self._charge(
            "910000002", period_from="02/02/2026", period_to="28/02/2026"
        )
        self.assertEqual(later.state, "ready", "after its end")
        subscription.date_end = "2026-01-01 12:00:00"
        subscription.bundle_id.fee_product_codes = "EQ*"
        self.env["telecom.charge"]._settle_open(self.company)
        self.assertEqual((covered.state, covered.price), ("ready", 15.0))

    # === PARTS OF MONTHS === #

    def test_an_own_price_by_days(self):
        self._add_line(product_code="LR01", price=31.0, is_prorated=True)
        cases = [
            (("01/01/2026", "31/01/2026"), 31.0),
            (("10/01/2026", "31/01/2026"), 22.0),
            (("15/01/2026", "14/02/2026"), 31.0),
            (("01/01/2026", "31/03/2026"), 93.0),
            (("01/02/2026", "14/02/2026"), 15.5),
        ]
        for (first, last), price in cases:
            with self.subTest(first=first, last=last):
                charge = self._charge(period_from=first, period_to=last)
                self.assertEqual(charge.price, price)
        self.assertEqual(self._charge(code="LR02", period_to="10/01/2026").price, 15.0)
