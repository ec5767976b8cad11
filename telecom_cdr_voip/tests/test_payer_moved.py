# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A contact gets another payer: its telephones go on, with all that is set for them."""

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.telecom_cdr.tests.refusal import RefusalMixin

from .voip_common import LANDLINE, MOBILE, VoipCommon

TARGET = "+34600000077"


@tagged("post_install", "-at_install")
class TestPayerMoved(RefusalMixin, VoipCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls._create_customer("Group")
        cls.shop = cls._create_customer(
            "Shop", is_company=False, parent_id=cls.customer.id
        )
        cls.shop_number = cls._create_number("+34910000004", cls.shop)
        cls.other.number_ids = [Command.set(cls.shop_number.ids)]
        cls.clerk = new_test_user(
            cls.env,
            "contacts_clerk",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.enterContext(freeze_time("2026-03-10 10:00:00"))

    def _move(self, contact, parent):
        values = {"parent_id": parent.id, "is_company": False}
        contact.with_user(self.clerk).write(values)
        self.env.invalidate_all()

    def _call_in(self, number, reference="in"):
        asked = {"login": "", "direction": "in", "reference": reference}
        return self._ask(number.number, **asked)

    def test_a_customer_under_another_one(self):
        block = self._block(kind="category", category="landline")
        redirect = self._redirect(TARGET)
        self._limit(1)
        self._ask(MOBILE, reference="talking")
        self._move(self.customer, self.group)
        accounts = self.account | self.other
        self.assertEqual(accounts.partner_id, self.group)
        self.assertEqual(block.partner_id | redirect.partner_id, self.group)
        self.assertEqual(self._underway("talking").partner_id, self.group)
        self.assertAnswer(self._ask(LANDLINE, reference="a"), "blocked", allowed=False)
        # What is talked already is reserved of the same limit.
        self.assertAnswer(self._ask(MOBILE, reference="b"), "limit", allowed=False)
        self._underway("talking").action_release()
        answer = self._ask(MOBILE, reference="c")
        self.assertAnswer(answer, "ok", caller="+34910000001")
        told = {"accounts": ("reception",), "on_busy": "", "redirect": ""}
        self._underway("c").action_release()
        self.assertAnswer(
            self._call_in(self.number), "ok", **{**told, "redirect": TARGET}
        )

    def test_a_contact_takes_its_telephone_along(self):
        own = self._block(
            kind="category", category="landline", number_id=self.shop_number.id
        )
        redirect = self._redirect(TARGET, number=self.shop_number)
        wide = self._block(kind="prefix", prefix="346")
        self._move(self.shop, self.group)
        self.assertEqual(self.other.partner_id, self.group)
        self.assertEqual(self.account.partner_id, self.customer)
        self.assertEqual(own.partner_id, self.group)
        self.assertEqual(wide.partner_id, self.customer)
        self.assertEqual(redirect.partner_id, self.group)
        asked = {"login": "ann", "address": "203.0.113.9"}
        self.assertAnswer(self._ask(MOBILE, **asked), "ok", caller="+34910000004")
        self.assertAnswer(self._ask(LANDLINE, **asked), "blocked")
        told = {"accounts": ("ann",), "redirect": TARGET}
        self.assertAnswer(self._call_in(self.shop_number), "ok", **told)
        self.assertAnswer(self._ask(MOBILE), "blocked")

    def test_an_account_of_several_stays_and_says_what_left(self):
        self.account.number_ids = [Command.link(self.shop_number.id)]
        self.account.caller_number_id = self.shop_number
        self._move(self.shop, self.group)
        self.assertEqual(self.account.partner_id, self.customer)
        self.assertEqual(self.account.number_ids, self.number)
        self.assertFalse(self.account.caller_number_id)
        said = " ".join(self.account.message_ids.mapped("body"))
        self.assertIn("another customer pays for them now: +34910000004", said)
        self.assertAnswer(self._ask(MOBILE), "ok", caller="+34910000001")

    def test_a_contact_that_becomes_a_company(self):
        self.shop.with_user(self.clerk).write({"is_company": True})
        self.assertEqual(self.other.partner_id, self.shop)
        asked = {"login": "ann", "address": "203.0.113.9"}
        self.assertAnswer(self._ask(MOBILE, **asked), "ok", caller="+34910000004")

    def test_the_switch_is_told(self):
        self.env.cr.execute(
            "UPDATE telecom_sip_account SET changed_at = '2026-01-01 08:00:00'"
        )
        self.env.invalidate_all()
        self._move(self.shop, self.group)
        since = self.other.changed_at
        self.assertEqual(str(since), "2026-03-10 10:00:00")
        self.assertIn("ann", self.switch._provision("subscribers.csv", since))

    def test_blocks_of_all_numbers_would_count_for_others_too(self):
        self._create_number("+34910000005", self.group)
        block = self._block(kind="prefix", prefix="346")
        with self.assertSays(UserError, "Customer One has settings.*346.*Group"):
            self._move(self.customer, self.group)
        self.assertEqual(block.partner_id, self.customer)
        self.assertEqual(self.account.partner_id, self.customer)
        block.active = False
        self._move(self.customer, self.group)
        self.assertEqual(self.account.partner_id, self.group)

    def test_an_exception_of_the_fraud_watch_goes_along(self):
        rule = self.env["telecom.fraud.rule"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        rule.exception_ids = [
            Command.create(
                {"partner_id": self.customer.id, "is_off": True, "note": "Call centre"}
            )
        ]
        self._move(self.customer, self.group)
        self.assertEqual(rule.exception_ids.partner_id, self.group)

    def test_merged_with_a_contact_of_another_customer(self):
        again = self._create_customer(
            "Shop again", is_company=False, parent_id=self.group.id
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.shop | again).ids, again)
        self.env.invalidate_all()
        self.assertEqual(self.other.partner_id, self.group)
        asked = {"login": "ann", "address": "203.0.113.9"}
        self.assertAnswer(self._ask(MOBILE, **asked), "ok", caller="+34910000004")
