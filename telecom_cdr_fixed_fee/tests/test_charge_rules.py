# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER, USER

from .common import ChargeCommon


@tagged("post_install", "-at_install")
class TestChargeRules(ChargeCommon):
    """Rules that people write, for what references do not tell."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._new_user("rule_user", USER)

    def _rule(self, **values):
        return self.env["telecom.fee.rule"].create(
            {"partner_id": self.customer.id, **values}
        )

    def test_a_customer_by_patterns(self):
        rule = self._rule(
            carrier_id=self.carrier.id,
            account_pattern="A7",
            product_code_pattern="LR*",
            description_pattern="*main*",
        )
        charge = self._charge("X-1", account="A7", description="Rental main office")
        self.assertRecordValues(
            charge,
            [
                {
                    "state": "ready",
                    "partner_id": self.customer.id,
                    "number_id": False,
                    "fee_rule_id": rule.id,
                }
            ],
        )
        for cells in ({"account": "A8"}, {"account": "A7", "code": "EQ1"}):
            with self.subTest(**cells):
                other = self._charge("X-2", **{"description": "main", **cells})
                self.assertEqual(other.state, "unmatched")

    def test_whoever_holds_a_number_at_that_time(self):
        self.number.date_end = "2026-01-31 23:00:00"
        heir = self._create_customer("Heir")
        self._create_number("+34910000001", heir, date_start="2026-01-31 23:00:00")
        self._rule(
            reference_pattern="CIRC-*",
            action="number",
            number="910 00 00 01",
            partner_id=False,
        )
        january = self._charge("CIRC-1")
        february = self._charge(
            "CIRC-1", period_from="01/02/2026", period_to="28/02/2026"
        )
        self.assertEqual(january.partner_id, self.customer)
        self.assertEqual(january.number_id, self.number)
        self.assertEqual(february.partner_id, heir)

    def test_a_number_that_nobody_holds_waits_with_the_rules_name(self):
        rule = self._rule(
            reference_pattern="CIRC-*", action="number", number="9", partner_id=False
        )
        charge = self._charge("CIRC-1")
        self.assertEqual(
            (charge.state, charge.wait_reason), ("unmatched", "rule_number")
        )
        self.assertIn(rule.name, charge.wait_text)

    def test_not_ours_is_never_billed(self):
        self._rule(reference_pattern="X-*", action="information", partner_id=False)
        charge = self._charge("X-1")
        self.assertEqual((charge.state, charge.wait_reason), ("excluded", "not_ours"))
        self.assertEqual((charge.price, charge.margin), (0.0, -10.0))

    def test_numbers_and_references_come_first_and_rules_in_their_order(self):
        other = self._create_customer("Other", ref="C-77")
        second = self._rule(reference_pattern="*", sequence=20)
        first = self._rule(reference_pattern="X*", sequence=10, partner_id=other.id)
        self.assertFalse(self._charge().fee_rule_id)
        self.assertFalse(self._charge("C-77").fee_rule_id)
        charge = self._charge("X-1")
        self.assertEqual((charge.fee_rule_id, charge.partner_id), (first, other))
        second.sequence = 5
        charge.action_match_and_price()
        self.assertEqual(charge.fee_rule_id, second)

    def test_days_of_a_rule(self):
        self._rule(reference_pattern="X*", date_end="2026-02-01")
        self.assertEqual(self._charge("X-1").state, "ready")
        later = self._charge("X-1", period_from="01/02/2026", period_to="28/02/2026")
        self.assertEqual(later.state, "unmatched")

    def test_a_rule_that_says_nothing_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Say which charges"):
            self._rule()
        with self.assertRaisesRegex(ValidationError, "Say who pays"):
            self._rule(reference_pattern="X", partner_id=False)
        with self.assertRaisesRegex(ValidationError, "Say who pays"):
            self._rule(reference_pattern="X", action="number", number=" ")

    def test_a_deleted_or_archived_rule_lets_its_charges_go(self):
        for end in (lambda rule: rule.unlink(), lambda rule: rule.write({"active": 0})):
            charge = self._charge("X-1", code=f"LR{len(self._charges())}")
            rule = self._rule(reference_pattern="X*")
            charge.action_match_and_price()
            self.assertEqual(charge.state, "ready")
            end(rule)
            self.env["telecom.charge"]._settle_open(self.company)
            self.assertEqual((charge.state, charge.fee_rule_id.ids), ("unmatched", []))

    def test_an_operator_adds_a_rule_from_a_charge(self):
        charges = self._charge("X-1") | self._charge("X-1", code="LR02")
        action = charges.with_user(self.user).action_add_rule()
        rules = self.env["telecom.fee.rule"].with_user(self.user)
        with Form(
            rules.with_context(**action["context"]), action["view_id"][0]
        ) as form:
            self.assertEqual(form.reference_pattern, "X-1")
            self.assertEqual(form.carrier_id, self.carrier)
            form.partner_id = self.customer
        form.record.action_apply()
        self.assertEqual(charges.mapped("state"), ["ready"] * 2)
        self.assertEqual(form.record.charge_count, 2)

    def test_several_references_give_what_they_have_in_common(self):
        charges = self._charge("X-1", account="A7") | self._charge("X-2", account="A7")
        context = charges.action_add_rule()["context"]
        self.assertNotIn("default_reference_pattern", context)
        self.assertEqual(context["default_account_pattern"], "A7")
        self.assertEqual(context["default_product_code_pattern"], "LR01")

    def test_who_may_write_rules(self):
        rule = self._rule(reference_pattern="X*")
        reader = self._new_user("rule_reader", READER)
        with self.assertRaises(AccessError):
            rule.with_user(reader).write({"note": "x"})
        rule.with_user(self.user).write({"note": "x"})
        other = self._telecom_company("Neighbour")
        boss = self._new_user("rule_boss", MANAGER)
        boss.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        env = self.env(user=boss, context={"allowed_company_ids": other.ids})
        for model in ("telecom.fee.rule", "telecom.own.charge", "telecom.fee.drift"):
            self.assertFalse(env[model].search([]), model)
        with self.assertRaises(AccessError):
            rule.with_env(env).read(["name"])

    def test_rules_of_another_company_do_not_count(self):
        other = self._telecom_company("Neighbour")
        self._rule(reference_pattern="X*", company_id=other.id)
        self.assertEqual(self._charge("X-1").state, "unmatched")

    def test_a_number_that_is_no_longer_ours_says_so(self):
        self.number.date_end = "2025-11-30 23:00:00"
        charge = self._charge()
        self.assertEqual((charge.state, charge.wait_reason), ("unmatched", "ended"))
        self.assertEqual(charge.number_id, self.number)
        self.assertIn("no longer ours", charge.wait_text)

    def test_a_phone_number_is_remembered_as_one(self):
        charge = self._charge("910000077")
        wizard = Form.from_action(self.env, charge.action_assign())
        wizard.partner_id = self.customer
        wizard.save().action_assign()
        self.assertRecordValues(
            charge.number_id,
            [
                {
                    "number": "+34910000077",
                    "kind": "landline",
                    "partner_id": self.customer.id,
                }
            ],
        )
        self.assertEqual(charge.state, "ready")

    def test_information_only_by_carrier_or_source(self):
        for record in (self.carrier, self.charge_source):
            charge = self._charge(code=f"LR{len(self._charges())}")
            self.assertEqual(charge.state, "ready")
            record.is_fee_information = True
            self.env["telecom.charge"]._settle_open(self.company)
            self.assertRecordValues(
                charge,
                [
                    {
                        "state": "excluded",
                        "wait_reason": "information",
                        "partner_id": self.customer.id,
                        "price": 0.0,
                    }
                ],
            )
            unknown = self._charge("X-1", code=f"LR{len(self._charges())}")
            self.assertEqual(unknown.wait_reason, "information")
            record.is_fee_information = False
            self.env["telecom.charge"]._settle_open(self.company)
            self.assertEqual(charge.state, "ready")
            self.assertEqual(unknown.state, "unmatched")
