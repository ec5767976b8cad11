# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import ChargeCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeMatching(ChargeCommon):
    def test_by_number_in_any_spelling(self):
        for reference in ("910000001", "+34910000001", "0034910000001", "910 00 00 01"):
            with self.subTest(reference):
                charge = self._charge(reference)
                self.assertEqual(charge.number_id, self.number)
                self.assertEqual(charge.partner_id, self.customer)
                self.assertEqual(charge.state, "ready")

    def test_the_payer_is_the_commercial_partner(self):
        contact = self.env["res.partner"].create(
            {"name": "Reception", "parent_id": self.customer.id}
        )
        self._create_number("+34910000009", contact)
        self.assertEqual(self._charge("910000009").partner_id, self.customer)

    def test_by_identifier_of_this_carrier_only(self):
        self._create_number("CIRCUIT-7", self.customer, kind="customer_code")
        self.assertEqual(self._charge("CIRCUIT-7").partner_id, self.customer)
        other = self._create_carrier(name="Other")
        source = self._create_source(
            name="Other",
            carrier_id=other.id,
            format_id=self.charge_format.id,
            file_type="fixed_fee",
        )
        file = self._process_charges(
            charge_row("CIRCUIT-7", "LR02"), source=source, name="other.csv"
        )
        charge = self._charges(("file_id", "=", file.id))
        self.assertEqual(
            (charge.state, charge.wait_reason), ("unmatched", "no_reference")
        )

    def test_by_reference_of_the_customer(self):
        customer = self._create_customer("Ref", ref="C-77")
        charge = self._charge("C-77")
        self.assertEqual((charge.partner_id, charge.state), (customer, "ready"))
        self.assertFalse(charge.number_id)

    def test_a_reference_of_two_customers_waits(self):
        self._create_customer("Ref", ref="C-77")
        second = self._create_customer("Ref 2", ref="C-77")
        charge = self._charge("C-77")
        self.assertEqual((charge.state, charge.wait_reason), ("unmatched", "ambiguous"))
        self.assertIn("Several customers", charge.wait_text)
        second.ref = "C-78"
        self._run_settle_cron()
        self.assertEqual(charge.state, "ready")

    def test_history_of_a_number(self):
        """Whoever held the number for most of the charged days pays."""
        self.number.date_end = "2026-01-10 00:00:00"
        heir = self._create_customer("Heir")
        self._create_number("+34910000001", heir, date_start="2026-01-10 00:00:00")
        periods = {
            ("01/01/2026", "31/01/2026"): heir,
            ("01/01/2026", "12/01/2026"): self.customer,
            ("01/12/2025", "31/12/2025"): self.customer,
            ("01/02/2026", "28/02/2026"): heir,
        }
        for (first, last), payer in periods.items():
            with self.subTest(first=first, last=last):
                charge = self._charge(period_from=first, period_to=last)
                self.assertEqual(charge.partner_id, payer)

    def test_days_are_those_of_the_companys_clock(self):
        """23:30 UTC of 31 December is 1 January in Madrid."""
        self.number.date_end = "2025-12-31 22:30:00"
        charge = self._charge()
        self.assertEqual(charge.state, "unmatched")
        self.number.date_end = "2025-12-31 23:30:00"
        charge.action_match_and_price()
        self.assertEqual(charge.state, "ready")

    def test_a_number_in_stock_waits(self):
        self._create_number("+34910000008", None)
        charge = self._charge("910000008")
        self.assertEqual((charge.state, charge.wait_reason), ("unmatched", "in_stock"))
        self.assertIn("nobody held it", charge.wait_text)

    def test_waiting_charges_are_taken_up_once_the_number_is_there(self):
        charge = self._charge("910000005")
        self.assertEqual(
            (charge.state, charge.wait_reason), ("unmatched", "no_reference")
        )
        self.assertIn("910000005", charge.wait_text)
        cron = self.env.ref("telecom_cdr_fixed_fee.ir_cron_telecom_charge")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        self._create_number("+34910000005", self.customer)
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]))
        self._run_settle_cron()
        self.assertEqual((charge.state, charge.partner_id), ("ready", self.customer))

    def test_a_change_of_the_holder_moves_what_is_not_invoiced(self):
        charge = self._charge()
        heir = self._create_customer("Heir")
        self.number.partner_id = heir
        self._run_settle_cron()
        self.assertEqual(charge.partner_id, heir)

    def test_a_deleted_number_lets_its_charges_go(self):
        charge = self._charge()
        self.number.unlink()
        self._run_settle_cron()
        self.assertEqual((charge.state, charge.number_id.ids), ("unmatched", []))

    def test_assign_a_customer_and_remember_the_reference(self):
        charges = self._charge("X-1") | self._charge("X-1", code="LR02")
        wizard = Form.from_action(self.env, charges[0].action_assign())
        self.assertEqual((wizard.reference, wizard.charge_count), ("X-1", 2))
        wizard.partner_id = self.customer
        wizard.save().action_assign()
        self.assertEqual(set(charges.mapped("state")), {"ready"})
        self.assertFalse(charges[0].is_manual, "the reference is known from now on")
        later = self._charge("X-1", period_from="01/02/2026", period_to="28/02/2026")
        self.assertEqual(later.partner_id, self.customer)

    def test_assign_a_customer_once_only(self):
        charge = self._charge("X-1")
        wizard = Form.from_action(self.env, charge.action_assign())
        wizard.partner_id = self.customer
        wizard.is_remembered = False
        wizard.save().action_assign()
        self.assertEqual((charge.state, charge.is_manual), ("ready", True))
        self.assertEqual(self._charge("X-1", code="LR02").state, "unmatched")
        charge.action_match_automatically()
        self.assertEqual(charge.state, "unmatched")

    def test_assign_a_number(self):
        charge = self._charge("X-1")
        wizard = Form.from_action(self.env, charge.action_assign())
        wizard.number_id = self.number
        self.assertEqual(wizard.partner_id, self.customer)
        wizard.save().action_assign()
        self.assertEqual(charge.number_id, self.number)
        self.assertEqual((charge.state, charge.partner_id), ("ready", self.customer))
        self._run_settle_cron()
        self.assertEqual(charge.number_id, self.number, "what is set by hand stays")

    def test_a_number_that_nobody_holds_is_not_assigned(self):
        stock = self._create_number("+34910000008", None)
        with self.assertRaisesRegex(UserError, "Nobody holds"):
            self._charge("X-1").write({"number_id": stock.id})

    def test_nothing_chosen(self):
        wizard = Form.from_action(self.env, self._charge("X-1").action_assign())
        with self.assertRaisesRegex(UserError, "Choose a customer or a number"):
            wizard.save().action_assign()

    def test_leave_out_and_charge_after_all(self):
        charge = self._charge()
        charge.action_exclude()
        self.assertEqual((charge.state, charge.wait_reason), ("excluded", "by_hand"))
        self.assertEqual((charge.price, charge.margin), (0.0, -10.0))
        self._run_settle_cron()
        self.assertEqual(charge.state, "excluded")
        charge.action_include()
        self.assertEqual((charge.state, charge.price), ("ready", 15.0))

    def _run_settle_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "telecom_cdr_fixed_fee.ir_cron_telecom_charge"
            ).method_direct_trigger()
        self.env.invalidate_all()
