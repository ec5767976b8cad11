# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.common import READER, USER

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row


@tagged("post_install", "-at_install")
class TestChargeConflict(ChargeInvoicingCommon):
    """A month that comes twice, and says something else the second time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls.first = cls._process_charges(charge_row(), charge_row("910000002"))

    def _second(self, *rows):
        return self._process_charges(*rows, name="second.csv")

    def test_other_words_are_the_same_charge(self):
        file = self._second(charge_row(description="Cuota de línea"))
        self.assertEqual((file.charge_count, file.duplicate_count), (0, 1))
        self.assertEqual(self._charges().mapped("description"), ["Line rental"] * 2)

    def test_another_amount_of_the_same_month_waits(self):
        file = self._second(charge_row(total="12,00"), charge_row("910000003"))
        self.assertEqual((file.charge_count, file.rejected_count), (1, 1))
        self.assertChargesBalanced(file)
        rejection = file.rejection_ids
        self.assertEqual(rejection.reason, "conflict")
        self.assertIn("charges.csv with another amount", rejection.message)
        self.assertEqual(rejection.charge_id, self._charges()[0])
        self.assertNotIn("12", rejection.message, "a cost")

    def test_what_may_be_real_is_taken(self):
        file = self._second(
            charge_row(total="12,00", kind="O"),
            charge_row(code="LR02"),
            charge_row(period_from="01/02/2026", period_to="28/02/2026"),
            charge_row(account="A2"),
        )
        self.assertEqual((file.charge_count, file.rejected_count), (4, 0))

    def test_a_file_that_is_released_as_new_is_taken_beside(self):
        file = self._upload_charges(charge_row(total="12,00"), name="second.csv")
        file.identity_salt = "new"
        file.action_process()
        self.assertEqual((file.charge_count, file.rejected_count), (1, 0))

    def _conflict(self):
        return self._second(charge_row(total="12,00")).rejection_ids

    def test_take_it_instead(self):
        rejection = self._conflict()
        second = rejection.file_id
        rejection.with_user(self.operator).action_charge_replace()
        charge = self._charges(("reference", "=", "910000001"))
        self.assertRecordValues(
            charge, [{"cost": 12.0, "file_id": second.id, "state": "ready"}]
        )
        for file, counts in ((self.first, (1, 1, 0)), (second, (1, 0, 0))):
            self.assertEqual(
                (file.charge_count, file.duplicate_count, file.rejected_count), counts
            )
            self.assertChargesBalanced(file)
        self.assertIn("stands instead", str(self.first.message_ids.mapped("body")))

    def test_take_it_beside(self):
        rejection = self._conflict()
        second = rejection.file_id
        rejection.with_user(self.operator).action_charge_beside()
        charges = self._charges(("reference", "=", "910000001"))
        self.assertEqual(charges.mapped("cost"), [10.0, 12.0])
        self.assertChargesBalanced(second)

    def test_leave_it_out(self):
        rejection = self._conflict()
        rejection.with_user(self.operator).action_dismiss()
        self.assertFalse(rejection.is_open)
        self.assertFalse(rejection.is_charge_conflict)
        self.assertEqual(len(self._charges()), 2)

    def test_an_invoiced_charge_stands(self):
        move = self.env["telecom.invoicing"]._invoice(self.customer, FIRST, LAST)
        rejection = self._conflict()
        with self.assertRaisesRegex(UserError, "so it stands. Credit"):
            rejection.action_charge_replace()
        self.assertEqual(move.amount_untaxed, 15.0)
        self.assertEqual(self.first.charge_count, 2)
        rejection.action_charge_beside()
        self.assertEqual(len(self._charges(("reference", "=", "910000001"))), 2)

    def test_a_reader_decides_nothing(self):
        rejection = self._conflict()
        reader = self._new_user("conflict_reader", READER)
        with self.assertRaises(Exception):  # noqa: B017  no right to files
            rejection.with_user(reader).action_charge_replace()
        self.assertTrue(rejection.exists())

    def test_the_same_id_is_the_same_charge(self):
        format_ = self.charge_format.copy(
            {
                "column_mapping": '{"reference": 1, "kind": 2, "period_from": 3, '
                '"total_amount": 4, "unique_id": 5}'
            }
        )
        source = self._create_source(
            name="Ids", format_id=format_.id, file_type="fixed_fee"
        )
        for amount in ("5,00", "6,00"):
            file = self._upload(
                f"r;k;p;t;i\n910000001;O;01/01/2026;{amount};7\n", source=source
            )
            file.action_process()
        rejection = file.rejection_ids
        with self.assertRaisesRegex(UserError, "it is that charge"):
            rejection.action_charge_beside()
        rejection.action_charge_replace()
        charge = self._charges(("kind", "=", "one_off"))
        self.assertEqual(charge.cost, 6.0)
        self.assertChargesBalanced(file)
