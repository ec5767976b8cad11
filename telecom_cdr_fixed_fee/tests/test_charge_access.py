# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER, USER

from .common import ChargeCommon

COSTS = ("cost", "unit_cost", "margin", "cost_currency_id", "raw")


@tagged("post_install", "-at_install")
class TestChargeAccess(ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("fee_reader", READER)
        cls.user = cls._new_user("fee_user", USER)
        cls.manager = cls._new_user("fee_manager", MANAGER)
        cls.waiting = cls._charge("X-1")

    def test_a_reader_sees_and_changes_nothing(self):
        charge = self.waiting.with_user(self.reader)
        self.assertEqual(charge.reference, "X-1")
        self.assertIn("X-1", charge.wait_text)
        for action in (
            lambda: charge.write({"partner_id": self.customer.id}),
            charge.action_match_and_price,
            charge.action_exclude,
            lambda: self.fee_tariff.with_user(self.reader).write({"name": "x"}),
        ):
            with self.assertRaises(AccessError):
                action()

    def test_nobody_sees_costs_without_the_role(self):
        for user in (self.reader, self.user, self.manager):
            for name in COSTS:
                with (
                    self.subTest(user=user.login, name=name),
                    self.assertRaises(AccessError),
                ):
                    self.waiting.with_user(user).read([name])
        self.user.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.waiting.with_user(self.user).read(COSTS)

    def test_costs_are_in_no_view_without_the_role(self):
        charges = self.env["telecom.charge"].with_user(self.user)
        for kind in ("list", "form", "pivot", "search"):
            arch = charges.get_view(view_type=kind)["arch"]
            for name in COSTS:
                self.assertNotIn(f'name="{name}"', arch, kind)

    def test_a_user_solves_but_sets_no_prices(self):
        charge = self.waiting.with_user(self.user)
        wizard = (
            self.env["telecom.charge.assign"]
            .with_user(self.user)
            .create({"charge_ids": charge.ids, "partner_id": self.customer.id})
        )
        wizard.action_assign()
        self.assertEqual(charge.state, "ready")
        charge.action_exclude()
        charge.action_include()
        charge.action_match_and_price()
        with self.assertRaises(AccessError):
            self.fee_tariff.with_user(self.user).write({"name": "x"})
        with self.assertRaises(AccessError):
            charge.unlink()

    def test_a_user_uploads_and_processes(self):
        file = self._upload_charges("a;b").with_user(self.user)
        file.action_process()
        self.assertEqual(file.rejected_count, 1)

    def test_a_manager_sets_tariffs(self):
        tariff = self.fee_tariff.with_user(self.manager)
        tariff.line_ids.filtered(lambda line: line.product_code == "LR*").price = 20.0
        self.env["telecom.fee.tariff.assignment"].with_user(self.manager).create(
            {"partner_id": self.customer.id, "tariff_id": tariff.id}
        )
        tariff.action_make_default()
        self.assertEqual(self._charge().price, 20.0)

    def test_another_company_sees_nothing(self):
        other = self._telecom_company("Neighbour")
        neighbour = self._new_user(
            "fee_neighbour",
            MANAGER,
        )
        neighbour.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        env = self.env(user=neighbour, context={"allowed_company_ids": other.ids})
        for model in (
            "telecom.charge",
            "telecom.fee.tariff",
            "telecom.fee.tariff.line",
            "telecom.fee.tariff.assignment",
        ):
            self.assertFalse(env[model].search([]), model)
        with self.assertRaises(AccessError):
            self.waiting.with_env(env).read(["reference"])

    def test_companies_do_not_share_references(self):
        """The same reference in two companies is two charges of two customers."""
        other = self._telecom_company("Neighbour")
        env = self.env(context={"allowed_company_ids": other.ids})
        self.number.with_env(env).sudo().search([("number", "=", "X-1")]).unlink()
        self.env["telecom.number"].with_env(env).create(
            {
                "number": "X-1",
                "kind": "customer_code",
                "partner_id": self.customer.id,
                "carrier_id": self.carrier.with_env(env)
                .sudo()
                .copy({"company_id": other.id})
                .id,
                "company_id": other.id,
            }
        )
        self.waiting.action_match_and_price()
        self.assertEqual(self.waiting.state, "unmatched")
