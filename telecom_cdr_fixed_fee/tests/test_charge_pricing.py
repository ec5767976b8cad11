# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ChargeCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargePricing(ChargeCommon):
    def _price(self, charge):
        charge.action_match_and_price()
        return charge.state, charge.price, charge.margin

    def test_own_price_mark_up_and_margin(self):
        rental = self._charge(quantity="2", total="21,50")
        self.assertEqual(self._price(rental), ("ready", 30.0, 8.5))
        phone = self._charge(code="EQ7", kind="O", total="33,33")
        self.assertEqual(self._price(phone), ("ready", 40.0, 6.67))
        self.assertEqual(phone.fee_line_id.product_code, "EQ*")

    def test_credits_are_negative(self):
        rental = self._charge(kind="C", total="-10,00")
        self.assertEqual((rental.state, rental.wait_reason), ("unpriced", "no_line"))
        self.fee_tariff.line_ids = [
            Command.create({"product_code": "LR*", "kind": "credit", "price": 15.0})
        ]
        self.assertEqual(self._price(rental), ("ready", -15.0, -5.0))
        phone = self._charge(code="EQ7", kind="C", total="-33,33")
        self.assertEqual(self._price(phone), ("ready", -40.0, -6.67))

    def test_what_is_not_passed_on_is_not_charged(self):
        self.fee_tariff.line_ids = [
            Command.create({"product_code": "LR09", "method": "none"})
        ]
        charge = self._charge(code="LR09")
        self.assertEqual(self._price(charge), ("excluded", 0.0, -10.0))
        self.assertEqual(charge.wait_reason, "not_passed_on")

    def test_an_unknown_product_code_waits_until_the_tariff_has_it(self):
        charge = self._charge(code="ZZ9")
        self.assertEqual((charge.state, charge.wait_reason), ("unpriced", "no_line"))
        self.assertIn("ZZ9", charge.wait_text)
        self.assertEqual(charge.partner_id, self.customer)
        self.fee_tariff.line_ids = [Command.create({"price": 1.0})]
        self._run_settle_cron()
        self.assertEqual((charge.state, charge.price), ("ready", 1.0))

    def test_no_tariff_at_all_waits_until_there_is_one(self):
        self.company.telecom_fee_tariff_id = False
        charge = self._charge()
        self.assertEqual((charge.state, charge.wait_reason), ("unpriced", "no_tariff"))
        self.assertIn(self.customer.name, charge.wait_text)
        self.fee_tariff.action_make_default()
        self._run_settle_cron()
        self.assertEqual(charge.state, "ready")

    def test_lines_are_dated_by_the_start_of_the_period(self):
        line = self.fee_tariff.line_ids.filtered(
            lambda line: line.product_code == "LR*"
        )
        line.date_end = "2026-02-01"
        self.fee_tariff.line_ids = [
            Command.create(
                {"product_code": "LR*", "price": 16.0, "date_start": "2026-02-01"}
            )
        ]
        january = self._charge()
        february = self._charge(period_from="01/02/2026", period_to="28/02/2026")
        self.assertEqual((january.price, february.price), (15.0, 16.0))

    @mute_logger("odoo.sql_db")
    def test_two_prices_for_the_same_charges_are_refused(self):
        with self.assertRaises(ExclusionViolation):
            self.fee_tariff.line_ids = [
                Command.create({"product_code": "lr*", "price": 1.0})
            ]
            self.env.flush_all()

    def test_the_customers_tariff_as_assigned_in_the_period(self):
        own = self._create_fee_tariff("Own", {"price": 7.0})
        self.env["telecom.fee.tariff.assignment"].create(
            {
                "partner_id": self.customer.id,
                "tariff_id": own.id,
                "date_start": "2026-02-01",
                "date_end": "2026-03-01",
            }
        )
        prices = [
            self._charge(
                period_from=f"01/{month}/2026", period_to=f"02/{month}/2026"
            ).price
            for month in ("01", "02", "03")
        ]
        self.assertEqual(prices, [15.0, 7.0, 15.0])

    def test_setting_the_tariff_on_the_customer(self):
        own = self._create_fee_tariff("Own", {"price": 7.0})
        self.customer.telecom_fee_tariff_id = own
        assignment = self.env["telecom.fee.tariff.assignment"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertFalse(assignment.date_start, "a first one counts from ever")
        self.assertEqual(self._charge().price, 7.0)
        self.assertIn(
            self.customer,
            self.env["res.partner"].search([("telecom_fee_tariff_id", "=", own.id)]),
        )
        self.customer.telecom_fee_tariff_id = False
        self.env.invalidate_all()
        self.assertFalse(self.customer.telecom_fee_tariff_id)

    def test_a_contact_gets_no_tariff_of_its_own(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        with self.assertRaisesRegex(ValidationError, "who pays"):
            self.env["telecom.fee.tariff.assignment"].create(
                {"partner_id": contact.id, "tariff_id": self.fee_tariff.id}
            )

    def test_rounding_is_the_tariffs(self):
        self.fee_tariff.write({"rounding_digits": 4, "rounding": "down"})
        charge = self._charge(code="EQ1", kind="O", total="0,33339")
        self.assertEqual(charge.price, 0.4)
        charge = self._charge(code="EQ1", kind="O", total="0,33349")
        self.assertEqual(charge.price, 0.4001)

    def test_another_currency_at_the_rate_of_the_very_day(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        dollar.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "name": "2025-12-31",
                "rate": 1.5,
                "company_id": self.company.id,
            }
        )
        carrier = self._create_carrier(name="US", currency_id=dollar.id)
        source = self._create_source(
            name="US",
            carrier_id=carrier.id,
            format_id=self.charge_format.id,
            file_type="fixed_fee",
        )
        self._process_charges(charge_row(code="EQ1", total="10,00"), source=source)
        charge = self._charges()
        self.assertEqual(
            (charge.state, charge.wait_reason), ("unpriced", "no_currency_rate")
        )
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "name": "2026-01-01",
                "rate": 1.25,
                "company_id": self.company.id,
            }
        )
        self.assertEqual(self._price(charge), ("ready", 9.6, 1.6))

    def test_a_deleted_line_leaves_its_charges_waiting(self):
        charge = self._charge()
        charge.fee_line_id.unlink()
        self.assertEqual(charge.state, "unpriced")
        self._run_settle_cron()
        self.assertEqual(charge.wait_reason, "no_line")

    def test_implausible_prices_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "no plausible price"):
            self.fee_tariff.line_ids[0].price = 10**8

    def test_a_copy_has_the_lines(self):
        copy = self.fee_tariff.copy()
        self.assertEqual(copy.name, "Fees (copy)")
        self.assertEqual(len(copy.line_ids), 2)

    def _run_settle_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "telecom_cdr_fixed_fee.ir_cron_telecom_charge"
            ).method_direct_trigger()
        self.env.invalidate_all()
