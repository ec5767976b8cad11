# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A contact gets another payer: limits and masking of its numbers go along."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import TelecomCommon
from .refusal import RefusalMixin


@tagged("post_install", "-at_install")
class TestPayerMoved(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls._create_customer("Group")
        cls.shop = cls._create_customer(
            "Shop", is_company=False, parent_id=cls.customer.id
        )
        cls.shop_number = cls._create_number("+34910000002", cls.shop)
        cls.company.telecom_masked_digits = 3
        # Contacts are moved by people who know nothing of telephony.
        cls.clerk = new_test_user(
            cls.env,
            "contacts_clerk",
            groups="base.group_user,base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def _limit(self, **values):
        return self.env["telecom.limit"].create(
            {"partner_id": self.customer.id, "amount": 50, "period": "month", **values}
        )

    def _move(self, contact, **values):
        contact.with_user(self.clerk).write(values)
        self.env.invalidate_all()

    def _hidden(self, partner, number):
        choices = self.env["telecom.masking"]
        return choices._present(partner, number).hidden_digits

    def test_limits_of_numbers_go_along(self):
        wide, own = self._limit(), self._limit(number_id=self.shop_number.id)
        self._move(self.shop, parent_id=self.group.id)
        self.assertEqual(own.partner_id, self.group)
        self.assertEqual(wide.partner_id, self.customer)
        said = " ".join(self.shop.message_ids.mapped("body"))
        self.assertIn("Group pays for calls of +34910000002 from now on", said)

    def test_a_contact_that_becomes_a_company_pays_itself(self):
        own = self._limit(number_id=self.shop_number.id)
        self._move(self.shop, is_company=True)
        self.assertEqual(own.partner_id, self.shop)

    def test_a_payer_under_another_one_gives_all_it_has(self):
        wide = self._limit()
        self._move(self.customer, parent_id=self.group.id, is_company=False)
        self.assertEqual(self.number.commercial_partner_id, self.group)
        self.assertEqual(wide.partner_id, self.group)

    def test_whoever_has_other_numbers_is_asked_for(self):
        self._create_number("+34910000003", self.group)
        wide, own = self._limit(), self._limit(number_id=self.number.id)
        refused = "Customer One has settings for all of its numbers.*Group.*archive"
        with self.assertSays(UserError, refused):
            self._move(self.customer, parent_id=self.group.id, is_company=False)
        self.assertEqual((wide | own).partner_id, self.customer)
        self.assertFalse(self.customer.parent_id)
        wide.active = False
        self._move(self.customer, parent_id=self.group.id, is_company=False)
        self.assertEqual(own.partner_id, self.group)

    def test_digits_stay_hidden(self):
        self.customer._telecom_set_masking(True)
        self._move(self.shop, parent_id=self.group.id)
        self.assertEqual(self._hidden(self.group, self.shop_number), 3)
        self.assertEqual(self._hidden(self.group, self.number), 0)
        self.assertEqual(self._hidden(self.customer, None), 3)

    def test_a_department_of_the_former_payer_is_left(self):
        department = self.env["telecom.department"].create(
            {"name": "Sales", "partner_id": self.customer.id}
        )
        (self.number | self.shop_number).department_id = department
        self._move(self.shop, parent_id=self.group.id)
        self.assertFalse(self.shop_number.department_id)
        self.assertEqual(self.number.department_id, department)

    def test_other_moves_change_nothing(self):
        own = self._limit(number_id=self.shop_number.id)
        site = self._create_customer(
            "Site", is_company=False, parent_id=self.customer.id
        )
        before = self.shop.message_ids
        self._move(self.shop, parent_id=site.id)
        self.assertEqual(own.partner_id, self.customer)
        self.assertEqual(self.shop.message_ids, before)

    def test_merged_with_a_contact_of_another_customer(self):
        other = self._create_customer(
            "Shop again", is_company=False, parent_id=self.group.id
        )
        own = self._limit(number_id=self.shop_number.id)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.shop | other).ids, other)
        self.env.invalidate_all()
        self.assertEqual(self.shop_number.partner_id, other)
        self.assertEqual(own.partner_id, self.group)
