# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestAccess(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER)
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)

    def test_reader_sees_but_does_not_change(self):
        self._process(row("A1"))
        call = self._calls().with_user(self.reader)
        self.assertEqual(call.price, 0.07)
        with self.assertRaises(AccessError):
            call.action_rate()
        with self.assertRaises(AccessError):
            self.number.with_user(self.reader).label = "x"
        with self.assertRaises(AccessError):
            self.tariff.with_user(self.reader).name = "x"

    def test_user_solves_but_sets_no_prices(self):
        self.number.with_user(self.operator).label = "Reception"
        self.assertEqual(self.number.label, "Reception")
        with self.assertRaises(AccessError):
            self.tariff.rate_ids[0].with_user(self.operator).price = 0
        with self.assertRaises(AccessError):
            self.carrier.with_user(self.operator).name = "x"

    def test_manager_sets_prices(self):
        self.tariff.rate_ids[0].with_user(self.manager).price = 0.5
        self.assertEqual(self.tariff.rate_ids[0].price, 0.5)

    def test_costs_need_their_own_role(self):
        self._process(row("C1", amount="0.01"))
        for user in (self.reader, self.operator, self.manager):
            call = self._calls().with_user(user)
            for field in ("cost", "margin", "carrier_amount", "cost_rate_id"):
                with self.assertRaises(AccessError):
                    call.read([field])
            with self.assertRaises(AccessError):
                call.search([("cost", ">", 0)])
            with self.assertRaises(AccessError):
                self.env["telecom.call.summary"].with_user(user).search([]).read(
                    ["cost"]
                )
        self.manager.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.assertEqual(self._calls().with_user(self.manager).cost, 0.01)

    def test_cost_tariffs_and_markups_tell_costs(self):
        cost = self._create_tariff("Wholesale", {"price": 0.01})
        self.carrier.cost_tariff_id = cost
        self.assertTrue(cost.is_cost)
        for user in (self.reader, self.operator, self.manager):
            env = self.env(user=user)
            self.assertNotIn(cost, env["telecom.tariff"].search([]))
            self.assertFalse(cost.rate_ids & env["telecom.rate"].search([]))
            with self.assertRaises(AccessError):
                self.carrier.with_user(user).read(["cost_tariff_id"])
            with self.assertRaises(AccessError):
                self.tariff.rate_ids[0].with_user(user).read(["markup"])
        self.reader.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.assertEqual(cost.with_user(self.reader).rate_ids.price, 0.01)

    def test_a_new_price_keeps_the_markup(self):
        rate = self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "category": "other",
                "method": "markup",
                "markup": 20,
            }
        )
        successor = rate.with_user(self.manager)._succeed(
            self.env.cr.now(), {"connect_fee": 0.1}
        )
        self.assertEqual(successor.sudo().markup, 20)
        self.assertTrue(rate.date_end)

    def test_formulas_may_tell_costs(self):
        rate = self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "category": "other",
                "method": "formula",
                "formula": "cost * units",
                "units_formula": "1 + 0.3",
            }
        )
        for user in (self.reader, self.operator, self.manager):
            own = rate.with_user(user)
            for name in ("formula", "units_formula"):
                with self.assertRaises(AccessError):
                    own.read([name])
                with self.assertRaises(AccessError):
                    own.search([(name, "ilike", "0.3")])
            view = own.get_view(self.env.ref("telecom_cdr.telecom_rate_view_form").id)
            self.assertNotIn('name="units_formula"', view["arch"])
            self.assertIn("hidden_formula", view["arch"])
        self.reader.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.assertEqual(rate.with_user(self.reader).formula, "cost * units")

    def test_who_may_not_see_a_formula_neither_loses_nor_writes_it(self):
        rate = self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "category": "other",
                "method": "formula",
                "formula": "cost * units",
                "units_formula": "1 + 0.3",
            }
        )
        own = rate.with_user(self.manager)
        own.label = "Special"
        with self.assertRaises(AccessError):
            own.formula = "1"
        wizard = self.env["telecom.rate.successor"].with_user(self.manager)
        wizard = wizard.create({"rate_id": rate.id, "date_start": "2026-10-01"})
        with self.assertRaises(AccessError):
            wizard.read(["formula"])
        wizard.action_apply()
        copied = self.tariff.with_user(self.manager).copy()
        for tariff in (self.tariff, copied.sudo()):
            last = tariff.rate_ids.filtered(lambda r: r.method == "formula")
            last = last.sorted("date_start")[-1].sudo()
            self.assertEqual(
                (last.formula, last.units_formula, last.label),
                ("cost * units", "1 + 0.3", "Special"),
            )
        self.assertEqual(len(self.tariff.rate_ids), 4)

    def test_secrets_are_for_the_system_only(self):
        self.source.password = "s3cret"
        self.assertTrue(self.source.with_user(self.manager).has_secret)
        for field in ("password", "private_key", "private_key_passphrase"):
            with self.assertRaises(AccessError):
                self.source.with_user(self.manager).read([field])
        with self.assertRaises(AccessError):
            self.company.with_user(self.manager).read(["telecom_identity_key"])
        self.assertFalse(self.source.copy().sudo().password)

    def test_operator_cannot_turn_a_source_to_another_server(self):
        """The next connection would send the stored password there."""
        source = self.source.with_user(self.operator)
        with self.assertRaises(AccessError):
            source.host = "evil.example"
        with self.assertRaises(AccessError):
            source.action_test_connection()
        self.assertFalse(self.source.host)

    def test_companies_are_apart(self):
        self._process(row("M1"))
        other = self.env["res.company"].create({"name": "Other", "telecom_tz": "UTC"})
        stranger = self._new_user("stranger", MANAGER)
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        env = self.env(user=stranger, context={})
        for model in (
            "telecom.call",
            "telecom.call.summary",
            "telecom.carrier",
            "telecom.file",
            "telecom.number",
            "telecom.rate",
            "telecom.source",
            "telecom.tariff",
        ):
            self.assertTrue(self.env[model].search([]), model)
            self.assertFalse(env[model].search([]), model)
        call = self._calls().with_env(env)
        with self.assertRaises(AccessError):
            call.read(["called_number"])
        with self.assertRaises(AccessError):
            call.action_explain()

    def test_portal_and_plain_users_see_nothing(self):
        self._process(row("P1"))
        for login, groups in (
            ("portal", "base.group_portal"),
            ("plain", "base.group_user"),
        ):
            user = self._new_user(login, groups)
            with self.assertRaises(AccessError):
                self.env["telecom.call"].with_user(user).search([])
            with self.assertRaises(AccessError):
                self.env["telecom.file"].with_user(user).search([])

    def test_facts_do_not_change(self):
        self._process(row("F1"))
        call = self._calls()
        for field, value in (
            ("duration", 1),
            ("called_number", "+34"),
            ("start_at", "2026-01-01"),
        ):
            with self.assertRaisesRegex(UserError, "does not change"):
                call[field] = value
        self.assertEqual(call.duration, 60)

    def test_reader_invoices(self):
        self._load_accounts()
        self._process(row("I1"))
        day = self._calls().day
        invoicing = self.env["telecom.invoicing"].with_user(self.reader)
        move = invoicing._invoice(self.customer, day, day)
        self.assertEqual(move.amount_untaxed, 0.07)
        self.assertEqual(self._calls().state, "invoiced")
