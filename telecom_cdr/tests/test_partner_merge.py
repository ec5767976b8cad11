# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row


@tagged("post_install", "-at_install")
class TestPartnerMerge(RefusalMixin, TelecomCommon):
    """Calls have no foreign keys: what they refer to must stay, or take them along."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.double = cls._create_customer("Customer Two")
        cls.other_number = cls._create_number("+34910000002", cls.double)
        cls._process(row("M1"), row("M2", caller="910000002"))

    def _merge(self, *sources):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        partners = self.customer.union(*sources)
        wizard._merge(partners.ids, self.customer)
        self.env.invalidate_all()

    def test_merge_carries_calls_over(self):
        self._merge(self.double)
        self.assertFalse(self.double.exists())
        self.assertEqual(self._calls().partner_id, self.customer)
        self.assertEqual(self.other_number.partner_id, self.customer)
        self.assertTrue(self.customer.is_telecom_used)

    def test_merged_calls_are_invoiced_together(self):
        self._load_accounts()
        self._merge(self.double)
        day = max(self._calls().mapped("day"))
        move = self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        self.assertEqual((move.partner_id, move.telecom_call_count), (self.customer, 2))

    def test_merge_of_two_with_tariffs_and_bundles(self):
        """Two tariffs at a time cannot be: that of the one who stays counts."""
        ours = self._create_tariff("Ours", {"price": 0.5})
        theirs = self._create_tariff("Theirs", {"price": 0.9})
        self.customer.telecom_tariff_id = ours
        self.double.telecom_tariff_id = theirs
        bundle = self._create_bundle("B", {"seconds": 30})
        subscription = self._give_bundle(bundle, self.double)
        self._run_cron("rate")
        self.assertEqual(self._calls(("partner_id", "=", self.double.id)).price, 0.45)
        self._merge(self.double)
        self.assertEqual(self.customer.telecom_tariff_id, ours)
        self.assertEqual(subscription.partner_id, self.customer)
        self._run_cron("rate")
        self.assertEqual(sorted(self._calls().mapped("price")), [0.25, 0.25])

    def test_merge_of_a_stranger_changes_nothing(self):
        stranger = self._create_customer("Stranger")
        self._merge(stranger)
        self.assertEqual(
            self._calls().mapped("partner_id.name"), ["Customer One", "Customer Two"]
        )

    def test_what_calls_use_is_not_deleted(self):
        rate = self._calls()[0].rate_id
        for record in (
            self.customer,
            self.number,
            rate,
            self._calls()[0].destination_id,
            self.carrier,
        ):
            with self.assertSays(UserError, "cannot be deleted"):
                record.unlink()
            self.assertTrue(record.exists(), record)
        self.assertEqual(len(self._calls()), 2)

    def test_what_no_call_uses_is_deleted(self):
        customer = self._create_customer("Unused")
        number = self._create_number("+34910000009", customer)
        (number + number.browse()).unlink()
        customer.unlink()
        self.assertFalse(customer.exists())
