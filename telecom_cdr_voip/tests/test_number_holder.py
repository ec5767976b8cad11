# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A number gets another holder: the telephones of the earlier one stay behind."""

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.telecom_cdr.tests.common import USER

from .voip_common import MOBILE, VoipCommon


@tagged("post_install", "-at_install")
class TestNumberHolder(VoipCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_number("+34910000003", cls.customer)
        cls.account.number_ids = [Command.link(cls.second.id)]
        cls.account.caller_number_id = cls.number
        cls.other.write({"number_ids": [Command.set(cls.number.ids)], "active": False})
        cls.operator = cls._new_user("operator", USER)

    def setUp(self):
        super().setUp()
        self.enterContext(freeze_time("2026-03-10 10:00:00"))
        self.redirect = self._redirect(MOBILE)

    def _call_in(self):
        return self._ask("910000001", login="", direction="in", reference="in")

    def _assert_left(self):
        """Of two numbers, the account keeps the one that its customer has."""
        self.assertEqual(self.account.number_ids, self.second)
        self.assertFalse(self.account.caller_number_id)
        self.assertFalse(self.other.number_ids)
        self.assertFalse(self.redirect.active)
        self.assertEqual(self.redirect.partner_id, self.customer)
        self.assertAnswer(self._ask(MOBILE), "ok", caller="+34910000003")
        answer = self._ask(MOBILE, calling="910000001")
        self.assertAnswer(answer, "number", allowed=False)

    def test_before(self):
        told = {"accounts": ("reception",), "redirect": MOBILE}
        self.assertAnswer(self._call_in(), "ok", **told)

    def test_another_customer_in_place(self):
        self.number.with_user(self.operator).partner_id = self.other_customer
        self._assert_left()
        self.assertAnswer(self._call_in(), "ok", accounts=(), redirect="")

    def test_from_stock_by_the_assistant(self):
        self.number.with_user(self.operator).partner_id = False
        self._assert_left()
        self._process("2026-03-09 12:00:00,910000001,600000001,100,,x1")
        waiting = self.env["telecom.waiting"].with_user(self.operator)
        one = waiting.search([("subject", "=", "+34910000001")])
        wizards = self.env["telecom.give.number"].with_user(self.operator)
        context = one.action_give_number()["context"]
        with Form(wizards.with_context(**context)) as form:
            form.partner_id = self.other_customer
        form.record.action_give()
        self.assertEqual(self.number.partner_id, self.other_customer)
        self.assertAnswer(self._call_in(), "ok", accounts=(), redirect="")

    def test_contact_of_the_same_customer_changes_nothing(self):
        contact = self._create_customer(
            "Shop", parent_id=self.customer.id, is_company=False
        )
        self.number.partner_id = contact
        self.assertEqual(self.account.number_ids, self.number | self.second)
        self.assertEqual(self.account.caller_number_id, self.number)
        told = {"accounts": ("reception",), "redirect": MOBILE}
        self.assertAnswer(self._call_in(), "ok", **told)

    def test_what_was_prepared_in_stock_is_for_who_gets_the_number(self):
        self.number.partner_id = False
        self.assertFalse(self.redirect.active)
        prepared = self._redirect("+34600000003")
        self.assertFalse(prepared.partner_id)
        self.assertAnswer(self._call_in(), "unknown_number")
        self.number.with_user(self.operator).partner_id = self.other_customer
        self.assertTrue(prepared.active)
        self.assertEqual(prepared.partner_id, self.other_customer)
        self.assertAnswer(self._call_in(), "ok", redirect="+34600000003")
        # The next holder gets nothing of it.
        self.number.partner_id = self.customer
        self.assertFalse(prepared.active)
        self.assertEqual(prepared.partner_id, self.other_customer)

    def test_what_was_prepared_in_stock_is_blocked_for_who_gets_the_number(self):
        self.number.partner_id = False
        prepared = self._redirect(MOBILE)
        self._block(
            partner_id=self.other_customer.id, kind="category", category="mobile"
        )
        self.number.partner_id = self.other_customer
        self.assertTrue(prepared.active)
        self.assertAnswer(self._call_in(), "ok", redirect="", allowed=True)

    def test_what_is_left_by_any_other_way_does_not_count(self):
        self._hand_over_unseen(self.number)
        self.assertTrue(self.redirect.active)
        self.assertIn(self.number, self.account.number_ids)
        self.assertAnswer(self._call_in(), "ok", accounts=(), redirect="")

    def test_redirection_is_whose_number_it_is_when_it_begins_again(self):
        self.number.partner_id = self.other_customer
        self.redirect.active = True
        self.assertEqual(self.redirect.partner_id, self.other_customer)
        self.assertAnswer(self._call_in(), "ok", accounts=(), redirect=MOBILE)
