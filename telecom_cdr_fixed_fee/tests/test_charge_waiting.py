# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, USER

from .common import ChargeCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeWaiting(ChargeCommon):
    """Charges in the workbench, each group with what solves it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls._process_charges(
            charge_row("X-1"),
            charge_row("X-1", code="LR02", total="5,00"),
            charge_row("910000077"),
            charge_row(code="ZZ9", total="3,00"),
            charge_row(),
        )

    def _rows(self, cause, user=None):
        waiting = self.env["telecom.waiting"].with_user(user or self.env.uid)
        return waiting.search(
            [("company_id", "=", self.company.id), ("cause", "=", cause)]
        )

    def _one(self, cause, subject, user=None):
        return self._rows(cause, user).filtered(lambda row: row.subject == subject)

    def test_groups_by_cause(self):
        self.assertEqual(
            [
                (row.name, row.record_count, row.cost, row.reason)
                for row in self._rows("charge_unmatched")
            ],
            [
                ("X-1", 2, 15.0, "no_reference"),
                ("910000077", 1, 10.0, "no_reference"),
            ],
        )
        [row] = self._rows("charge_unpriced")
        self.assertEqual((row.name, row.reason), ("ZZ9 · Recurring · Fees", "no_line"))
        ids = self.env["telecom.waiting"].search([]).ids
        self.assertEqual(len(set(ids)), len(ids))

    def test_the_overview_counts_them(self):
        causes = {
            row["cause"]: row["count"]
            for row in self.env["telecom.overview"].get_overview()["waiting"]
        }
        self.assertEqual(causes["charge_unmatched"], 3)
        self.assertEqual(causes["charge_unpriced"], 1)

    def test_a_row_opens_its_charges(self):
        for cause in ("charge_unmatched", "charge_unpriced"):
            for row in self._rows(cause, self.operator):
                domain = row.action_open()["domain"]
                charges = self.env["telecom.charge"].search(domain)
                self.assertEqual(len(charges), row.record_count)

    def test_costs_need_their_role(self):
        with self.assertRaises(AccessError):
            self._rows("charge_unmatched", self.manager).read(["cost"])

    def test_set_the_customer(self):
        row = self._one("charge_unmatched", "X-1", self.operator)
        action = row.action_charge_assign()
        wizards = self.env["telecom.charge.assign"].with_user(self.operator)
        with Form(wizards.with_context(**action["context"])) as form:
            form.partner_id = self.customer
        form.record.action_assign()
        self.assertFalse(self._one("charge_unmatched", "X-1"))
        charges = self._charges(("reference", "=", "X-1"))
        self.assertEqual(charges.mapped("state"), ["ready"] * 2)

    def test_write_a_rule(self):
        row = self._one("charge_unmatched", "X-1", self.operator)
        action = row.action_charge_rule()
        rules = self.env["telecom.fee.rule"].with_user(self.operator)
        with Form(
            rules.with_context(**action["context"]), action["view_id"][0]
        ) as form:
            form.reference_pattern = "X-*"
            form.action = "information"
        form.record.action_apply()
        self.assertFalse(self._one("charge_unmatched", "X-1"))

    def test_add_a_price(self):
        [row] = self._rows("charge_unpriced", self.manager)
        action = row.action_charge_price()
        lines = self.env["telecom.fee.tariff.line"].with_user(self.manager)
        with Form(
            lines.with_context(**action["context"]), action["view_id"][0]
        ) as form:
            self.assertEqual(form.tariff_id, self.fee_tariff)
            self.assertEqual((form.product_code, form.kind), ("ZZ9", "recurring"))
            form.price = 8.0
        form.record.action_take_up()
        charge = self._charges(("product_code", "=", "ZZ9"))
        self.assertEqual((charge.state, charge.price), ("ready", 8.0))
        self.assertFalse(self._rows("charge_unpriced"))

    def test_give_a_tariff(self):
        self.company.telecom_fee_tariff_id = False
        self.env["telecom.charge"]._settle_open(self.company)
        [row] = self._rows("charge_unpriced", self.manager)
        self.assertEqual((row.name, row.reason), ("Customer One", "no_tariff"))
        action = row.action_charge_price()
        assignments = self.env["telecom.fee.tariff.assignment"]
        assignments = assignments.with_user(self.manager)
        view = action["view_id"][0]
        with Form(assignments.with_context(**action["context"]), view) as form:
            form.tariff_id = self.fee_tariff
        form.record.action_take_up()
        self.assertEqual(self._charges(("state", "=", "ready")).mapped("price"), [15.0])

    def test_leave_out(self):
        self._one("charge_unmatched", "X-1", self.operator).action_charge_exclude()
        self.assertFalse(self._one("charge_unmatched", "X-1"))

    def test_what_solves_calls_does_not_solve_charges(self):
        row = self._one("charge_unmatched", "X-1")
        for action in (row.action_ignore, row.action_give_number, row.action_release):
            with self.assertRaisesRegex(UserError, "does not solve"):
                action()

    def test_charges_of_several_tariffs_are_priced_one_by_one(self):
        with self.assertRaisesRegex(UserError, "miss a line in one tariff"):
            self._charges(("state", "=", "ready")).action_add_price()

    def test_a_conflict_waits_there_too(self):
        self._process_charges(charge_row(total="12,00"), name="b.csv")
        [row] = self._rows("conflict")
        self.assertEqual(row.record_count, 1)
        self.assertTrue(
            self.env["telecom.rejection"].search(row.action_open()["domain"]).charge_id
        )
