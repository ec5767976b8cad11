# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FIRST, LAST, ChargeInvoicingCommon


@tagged("post_install", "-at_install")
class TestChargeSplit(ChargeInvoicingCommon):
    """The number changes hands on 10 January: 9 days and 22 days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.number.date_end = "2026-01-09 23:00:00"
        cls.heir = cls._create_customer("Heir")
        cls.second = cls._create_number(
            "+34910000001", cls.heir, date_start="2026-01-09 23:00:00"
        )

    def _split(self, **cells):
        self.company.telecom_fee_split = "days"
        self._charge(total="31,00", **cells)
        whole = self.env["telecom.charge"]._whole().search([("active", "=", False)])
        return whole, whole.part_ids.sorted("period_from")

    def test_as_ever_the_longest_holder_pays(self):
        charge = self._charge()
        self.assertEqual((charge.partner_id, charge.price), (self.heir, 15.0))
        self.assertFalse(charge.part_ids)

    def test_each_customer_pays_its_days(self):
        whole, parts = self._split()
        self.assertRecordValues(
            parts,
            [
                {
                    "partner_id": self.customer.id,
                    "number_id": self.number.id,
                    "cost": 9.0,
                    "price": 4.35,
                    "state": "ready",
                },
                {
                    "partner_id": self.heir.id,
                    "number_id": self.second.id,
                    "cost": 22.0,
                    "price": 10.65,
                    "state": "ready",
                },
            ],
        )
        self.assertEqual((whole.state, whole.wait_reason), ("excluded", "split"))
        self.assertEqual((whole.margin, whole.price), (0.0, 0.0))
        self.assertEqual(self._charges(), parts, "it is counted once")
        self.assertEqual(whole.file_id.charge_count, 1)
        self.assertChargesBalanced(whole.file_id)

    def test_by_days_of_the_month_where_the_line_says_so(self):
        line = self.fee_tariff.line_ids.filtered(lambda one: one.method == "price")
        line.write({"price": 31.0, "is_prorated": True})
        _whole, parts = self._split()
        self.assertEqual(parts.mapped("price"), [9.0, 22.0])

    def test_the_same_file_again_adds_nothing(self):
        whole, parts = self._split()
        file = self._process_charges(
            "A1;910000001;LR01;Again;R;01/01/2026;31/01/2026;1;;31,00", name="b.csv"
        )
        self.assertEqual((file.charge_count, file.duplicate_count), (0, 1))
        self.env["telecom.charge"]._settle_open(self.company)
        self.assertEqual(whole.part_ids, parts)

    def test_a_later_change_of_hands_moves_the_days(self):
        whole, _parts = self._split()
        self.number.date_end = "2026-01-04 23:00:00"
        self.second.date_start = "2026-01-04 23:00:00"
        self.env["telecom.charge"]._settle_open(self.company)
        costs = whole.part_ids.sorted("period_from").mapped("cost")
        self.assertEqual(costs, [4.0, 27.0])

    def test_it_is_whole_again_once_one_customer_held_it_all(self):
        whole, _parts = self._split()
        self.number.unlink()
        self.second.date_start = False
        self.env["telecom.charge"]._settle_open(self.company)
        self.assertEqual(self._charges(), whole)
        self.assertEqual((whole.partner_id, whole.price), (self.heir, 15.0))
        self.company.telecom_fee_split = "longest"
        self.assertTrue(whole.active)

    def test_days_that_nobody_held_wait(self):
        self.second.date_start = "2026-01-19 23:00:00"
        _whole, parts = self._split()
        self.assertEqual(parts.mapped("cost"), [9.0, 10.0, 12.0])
        self.assertEqual(parts.mapped("state"), ["ready", "unmatched", "ready"])

    def test_parts_that_are_invoiced_stand(self):
        whole, parts = self._split()
        moves = self.env["telecom.invoicing"]._invoice(
            self.customer | self.heir, FIRST, LAST
        )
        self.assertEqual(sorted(moves.mapped("amount_untaxed")), [4.35, 10.65])
        self.number.date_end = "2026-01-04 23:00:00"
        whole.action_match_and_price()
        self.assertEqual(whole.part_ids, parts)
        self.assertFalse(
            self.env["telecom.invoicing"]._invoice(
                self.customer | self.heir, FIRST, LAST
            )
        )
        with self.assertRaisesRegex(UserError, "cannot be taken back"):
            whole.file_id.action_revert()
        moves.button_cancel()
        whole.file_id.action_revert()
        self.assertFalse(self.env["telecom.charge"]._whole().search([]))
