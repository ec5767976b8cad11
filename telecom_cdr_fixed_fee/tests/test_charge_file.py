# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import zipfile

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import charge_import
from .common import CHARGE_HEADER, ChargeCommon, charge_row

FILE_LOGGER = "odoo.addons.telecom_cdr.models.telecom_file"


@tagged("post_install", "-at_install")
class TestChargeFile(ChargeCommon):
    def test_facts_of_a_row(self):
        file = self._process_charges(
            charge_row(quantity="2", unit="5,005", total="10,01", account="A7")
        )
        self.assertRecordValues(
            self._charges(),
            [
                {
                    "file_id": file.id,
                    "line_number": 2,
                    "carrier_id": self.carrier.id,
                    "company_id": self.company.id,
                    "account": "A7",
                    "reference": "910000001",
                    "product_code": "LR01",
                    "description": "Line rental",
                    "kind": "recurring",
                    "quantity": 2.0,
                    "unit_cost": 5.005,
                    "cost": 10.01,
                    "cost_currency_id": self.carrier.currency_id.id,
                }
            ],
        )
        self.assertEqual(file.state, "processed")
        self.assertEqual(str(file.period), "2026-01-01")

    def test_nothing_is_lost(self):
        file = self._process_charges(
            charge_row(),
            charge_row(),
            charge_row("910000002"),
            charge_row(kind="X"),
            charge_row(total="ten"),
            charge_row(period_from="30/02/2026"),
        )
        self.assertChargesBalanced(file)
        self.assertEqual(
            (file.row_count, file.charge_count, file.duplicate_count),
            (6, 2, 1),
        )
        self.assertRecordValues(
            file.rejection_ids,
            [
                {"line_number": 5, "reason": "kind"},
                {"line_number": 6, "reason": "amount"},
                {"line_number": 7, "reason": "date"},
            ],
        )
        self.assertIn("'30/02/2026' is no date", file.rejection_ids[2].message)

    def test_other_bad_rows_are_refused_with_their_reason(self):
        rows = {
            "period": charge_row(period_from=""),
            "sign": charge_row(total="-5,00"),
            "quantity": charge_row(quantity="-1"),
            "reference": charge_row(reference=""),
        }
        file = self._process_charges(charge_row(), *rows.values())
        self.assertEqual(file.rejection_ids.mapped("reason"), list(rows))
        self.assertIn("only credits are negative", file.rejection_ids[1].message)
        self.assertChargesBalanced(file)

    def test_another_currency_is_refused(self):
        format_ = self.charge_format.copy(
            {
                "column_mapping": '{"reference": 1, "kind": 2, "period_from": 3, '
                '"total_amount": 4, "currency": 5}'
            }
        )
        source = self._create_source(
            name="USD", format_id=format_.id, file_type="fixed_fee"
        )
        file = self._upload(
            "r;k;p;t;c\nR1;O;01/01/2026;5,00;USD\nR2;O;01/01/2026;5,00;EUR\n",
            source=source,
        )
        file.action_process()
        self.assertEqual(self._charges().mapped("reference"), ["R2"])
        self.assertEqual(file.rejection_ids.reason, "currency")
        self.assertIn(
            "in USD, the carrier's currency is EUR", file.rejection_ids.message
        )

    def test_repeats_in_a_file_are_told_in_its_chatter(self):
        file = self._process_charges(charge_row(), charge_row(description="Rental"))
        self.assertEqual((file.charge_count, file.duplicate_count), (1, 1))
        self.assertIn("Their lines: 3", file.message_ids[:1].body)

    def test_real_repeats_stay_where_the_format_says_so(self):
        self.charge_format.keep_first_only = False
        first = self._process_charges(charge_row(), charge_row(), name="a.csv")
        second = self._process_charges(*[charge_row()] * 3, name="b.csv")
        self.assertEqual((first.charge_count, first.duplicate_count), (2, 0))
        self.assertEqual((second.charge_count, second.duplicate_count), (1, 2))

    def test_a_charge_of_two_files_is_taken_once(self):
        self._process_charges(charge_row(), charge_row("910000002"), name="a.csv")
        again = self._process_charges(
            charge_row("910000002"), charge_row("910000003"), name="b.csv"
        )
        self.assertEqual((again.charge_count, again.duplicate_count), (1, 1))
        self.assertEqual(len(self._charges()), 3)
        self.assertChargesBalanced(again)

    def test_the_same_file_is_held_and_adds_nothing_once_released(self):
        self._process_charges(charge_row())
        again = self._upload_charges(charge_row(), name="again.csv")
        self.assertEqual(again.state, "held")
        again.action_release()
        again.action_process()
        self.assertEqual((again.charge_count, again.duplicate_count), (0, 1))
        self.assertEqual(len(self._charges()), 1)

    def test_the_same_file_released_as_new_charges_is_charged_beside(self):
        self._process_charges(charge_row())
        again = self._upload_charges(charge_row(), name="again.csv")
        again._release("new", "The line was rented twice")
        again.action_process()
        self.assertEqual((again.charge_count, again.duplicate_count), (1, 0))
        again.write({"state": "received", "position": False})
        again.action_process()
        self.assertEqual(again.charge_count, 1)
        self.assertEqual(len(self._charges()), 2)

    def test_the_same_id_with_another_amount_is_a_conflict(self):
        format_ = self.charge_format.copy(
            {
                "column_mapping": '{"reference": 1, "kind": 2, "period_from": 3, '
                '"total_amount": 4, "unique_id": 5}'
            }
        )
        source = self._create_source(
            name="Ids", format_id=format_.id, file_type="fixed_fee"
        )
        header = "r;k;p;t;i\n"
        self._upload(
            header + "R1;O;01/01/2026;5,00;7\n", source=source
        ).action_process()
        file = self._upload(
            header + "R1;O;01/01/2026;6,00;7\nR2;O;01/01/2026;1,00;8\n"
            "R2;O;01/01/2026;1,00;8\n",
            source=source,
        )
        file.action_process()
        self.assertEqual(file.rejection_ids.reason, "conflict")
        self.assertIn("id 7", file.rejection_ids.message)
        self.assertEqual((file.charge_count, file.duplicate_count), (1, 1))
        self.assertChargesBalanced(file)

    def test_an_empty_file_says_so(self):
        for content in ("", CHARGE_HEADER):
            file = self._upload(content, source=self.charge_source)
            file.action_process()
            self.assertEqual((file.state, file.row_count), ("processed", 0))
            self.assertIn("no charge in this file", file.message_ids[:1].body)

    @mute_logger(FILE_LOGGER)
    def test_a_file_that_cannot_be_read_fails_with_words(self):
        for content, words in (
            (bytes(range(256)) * 50, "no text file"),
            (b"a;b\n1;2\n", "no column account"),
        ):
            file = self._upload(content, source=self.charge_source)
            file.action_process()
            self.assertEqual(file.state, "failed")
            self.assertIn(words, file.last_error)
            self.assertFalse(self._charges())

    def test_members_of_an_archive(self):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.csv", CHARGE_HEADER + charge_row() + "\n")
            archive.writestr("b.csv", CHARGE_HEADER + charge_row("910000002") + "\n")
        file = self._upload(buffer.getvalue(), "x.zip", source=self.charge_source)
        file.action_process()
        self.assertEqual(file.child_ids.mapped("charge_count"), [1, 1])

    def test_a_run_out_of_time_goes_on_where_it_was(self):
        rows = [charge_row(f"R{n}") for n in range(30)]
        rows[20] = rows[3]
        rows[25] = charge_row(kind="X")
        file = self._upload_charges(*rows)
        self.patch(
            charge_import,
            "read",
            lambda *args, read=charge_import.read: read(*args, 7),
        )
        runs = 0
        while file.state != "processed":
            file._process(time_left=lambda: 0)
            runs += 1
            self.assertLess(runs, 10)
        self.assertGreater(runs, 3)
        self.assertEqual((file.row_count, file.charge_count), (30, 28))
        self.assertEqual((file.duplicate_count, file.rejected_count), (1, 1))
        self.assertEqual(len(self._charges()), 28)

    def test_revert_takes_charges_back_and_reads_the_repeats_elsewhere(self):
        first = self._process_charges(charge_row(), charge_row("R2"), name="a.csv")
        second = self._process_charges(charge_row(), charge_row("R3"), name="b.csv")
        first.action_revert()
        self.assertEqual((first.state, first.charge_count), ("discarded", 0))
        self.assertEqual(second.state, "received")
        second.action_process()
        self.assertEqual((second.charge_count, second.duplicate_count), (2, 0))
        self.assertChargesBalanced(second)
        self.assertEqual(
            self._charges().mapped("file_id"), second, "all charges are of the second"
        )

    def test_a_file_with_charges_is_not_deleted(self):
        file = self._process_charges(charge_row())
        with self.assertRaisesRegex(UserError, "its charges are stored"):
            file.unlink()

    def test_facts_do_not_change(self):
        charge = self._charge()
        for values in ({"cost": 1.0}, {"reference": "x"}, {"price": 1.0}):
            with self.assertRaisesRegex(UserError, "does not change"):
                charge.write(values)
        self.assertEqual(charge.cost, 10.0)
