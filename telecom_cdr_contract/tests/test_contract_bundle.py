# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A bundle on a contract is the customer's, and the contract alone bills its fee."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER
from odoo.addons.telecom_cdr.tests.test_rating import row

from .contract_common import KEEPER, ContractCommon

# Midnight in Madrid, in summer and in winter.
OCTOBER, NOVEMBER, JANUARY = (
    "2026-09-30 22:00:00",
    "2026-10-31 23:00:00",
    "2026-12-31 23:00:00",
)


@tagged("post_install", "-at_install")
@freeze_time("2026-10-10 08:00:00")
class TestContractBundle(ContractCommon):
    def _given(self, contract):
        """From when and until when the customer has it, in order."""
        given = contract.sudo().contract_line_ids.telecom_subscription_ids
        return sorted((str(one.date_start), str(one.date_end or "")) for one in given)

    def test_the_customer_has_it_while_the_line_runs(self):
        contract = self._contract(self.bundle.product_id, date_end="2026-12-31")
        line = contract.contract_line_ids.sudo()
        self.assertEqual(line.telecom_bundle_id, self.bundle)
        self.assertRecordValues(
            line.telecom_subscription_ids,
            [
                {
                    "partner_id": self.customer.id,
                    "bundle_id": self.bundle.id,
                    "contract_id": contract.id,
                    "is_contract_fee": True,
                }
            ],
        )
        self.assertEqual(self._given(contract), [(OCTOBER, JANUARY)])
        self.assertEqual(contract.telecom_subscription_count, 1)
        opened = contract.action_telecom_subscriptions()
        found = self.env[opened["res_model"]].search(opened["domain"])
        self.assertEqual(found, line.telecom_subscription_ids)
        self.assertEqual(found.action_open_contract()["res_id"], contract.id)

    def test_the_contract_alone_bills_the_fee(self):
        """31 by the contract; a run has neither a fee nor, once ended, its rest."""
        contract = self._contract(self.bundle.product_id)
        self.assertFalse(self._run())
        with freeze_time("2026-11-01 08:00:00"):
            move = self._invoice(contract)
        self.assertEqual(self._amounts(move), [(False, 31)])
        contract.contract_line_ids.date_end = "2026-11-10"
        self.assertFalse(self._run(date_to=date(2026, 11, 30)))
        contract.sudo().unlink()
        self.assertFalse(self._run(date_to=date(2026, 11, 30)))

    def test_its_calls_are_covered_from_the_start_to_the_end(self):
        """Minutes of September, October and of the day after its end: 0.07 each."""
        contract = self._contract(self.bundle.product_id, date_end="2026-10-31")
        self._process(
            row("B1", start="2026-09-30 23:59:00"),
            row("B2", start="2026-10-01 00:00:00"),
            row("B3", start="2026-10-31 23:59:59"),
            row("B4", start="2026-11-01 00:00:00"),
        )
        self.assertEqual(self._calls().mapped("price"), [0.07, 0, 0, 0.07])
        self.assertEqual(self._given(contract), [(OCTOBER, NOVEMBER)])

    def test_other_dates(self):
        contract = self._contract(self.bundle.product_id)
        line = contract.contract_line_ids
        self.assertEqual(self._given(contract), [(OCTOBER, "")])
        line.date_end = "2026-12-31"
        self.assertEqual(self._given(contract), [(OCTOBER, JANUARY)])
        line.date_end = "2026-10-31"
        self.assertEqual(self._given(contract), [(OCTOBER, NOVEMBER)])
        with freeze_time("2026-11-10 08:00:00"):
            line.date_end = False
        self.assertEqual(self._given(contract), [(OCTOBER, "")])
        line.write({"date_start": "2026-11-01", "recurring_next_date": "2026-12-01"})
        self.assertEqual(self._given(contract), [(NOVEMBER, "")])

    def test_the_date_of_the_whole_contract(self):
        contract = self._contract(self.bundle.product_id)
        contract.write({"line_recurrence": False, "date_start": "2026-10-01"})
        contract.date_start = "2026-11-01"
        self.assertEqual(self._given(contract), [(NOVEMBER, "")])
        contract.date_end = "2026-12-31"
        self.assertEqual(self._given(contract), [(NOVEMBER, JANUARY)])

    def test_another_quantity(self):
        contract = self._contract(self.bundle.product_id)
        line = contract.contract_line_ids
        with freeze_time("2026-10-20 10:00:00"):
            line.quantity = 2
        with freeze_time("2026-10-25 10:00:00"):
            line.quantity = 1
        more = ("2026-10-20 10:00:00", "2026-10-25 10:00:00")
        self.assertEqual(self._given(contract), [(OCTOBER, ""), more])
        with freeze_time("2026-10-31 10:00:00"):
            line.quantity = 0
        first = (OCTOBER, "2026-10-31 10:00:00")
        self.assertEqual(self._given(contract), [first, more])
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            line.quantity = 1.5
        self.assertIn("a whole number of times", str(caught.exception))

    def _ended_by(self, change):
        """What the customer had until something happened on the 20th at 10."""
        contract = self._contract(self.bundle.product_id)
        with freeze_time("2026-10-20 10:00:00"):
            change(contract)
        self.assertEqual(self._given(contract), [(OCTOBER, "2026-10-20 10:00:00")])
        return contract

    def test_a_cancelled_line(self):
        def cancel(contract):
            contract.contract_line_ids.is_canceled = True

        contract = self._ended_by(cancel)
        with freeze_time("2026-10-21 10:00:00"):
            contract.contract_line_ids.is_canceled = False
        self.assertEqual(self._given(contract)[1:], [("2026-10-21 10:00:00", "")])

    def test_an_archived_contract(self):
        def archive(contract):
            contract.action_archive()

        contract = self._ended_by(archive)
        with freeze_time("2026-10-21 10:00:00"):
            contract.action_unarchive()
        self.assertEqual(self._given(contract)[1:], [("2026-10-21 10:00:00", "")])

    def test_another_product(self):
        other = self._create_bundle("C", {"seconds": 60}, price=5)
        contract = self._contract(self.bundle.product_id)
        with freeze_time("2026-10-20 10:00:00"):
            contract.contract_line_ids.product_id = other.product_id
        given = contract.contract_line_ids.sudo().telecom_subscription_ids
        self.assertEqual(
            self._given(contract),
            [(OCTOBER, "2026-10-20 10:00:00"), ("2026-10-20 10:00:00", "")],
        )
        self.assertEqual(given.filtered(lambda x: not x.date_end).bundle_id, other)

    def test_a_deleted_line_and_a_deleted_contract(self):
        for place, what in enumerate(("contract_line_ids", None)):
            contract = self._contract(self.bundle.product_id)
            given = contract.contract_line_ids.sudo().telecom_subscription_ids
            with freeze_time(f"2026-10-2{place} 10:00:00"):
                (contract[what] if what else contract).sudo().unlink()
            self.env.invalidate_all()
            self.assertRecordValues(
                given, [{"contract_line_id": False, "is_contract_fee": True}]
            )
            self.assertEqual(str(given.date_end), f"2026-10-2{place} 10:00:00")

    def test_what_has_not_begun_is_not_given(self):
        contract = self._contract(self.bundle.product_id, start="2026-11-01")
        self.assertEqual(self._given(contract), [(NOVEMBER, "")])
        contract.contract_line_ids.is_canceled = True
        self.assertFalse(self._given(contract))

    def test_a_later_version_is_billed_by_the_contract_too(self):
        contract = self._contract(self.bundle.product_id, date_end="2026-12-31")
        given = self.env["telecom.bundle.subscription"]
        later = self.bundle._new_version("B2")
        start = given._midnight(date(2026, 11, 1), self.company)
        self.bundle._hand_over(later, start)
        self.assertEqual(
            self._given(contract), [(OCTOBER, NOVEMBER), (NOVEMBER, JANUARY)]
        )
        self.assertFalse(self._run(date_to=date(2026, 11, 30)))
        contract.contract_line_ids.date_end = "2026-11-30"
        self.assertEqual(len(self._given(contract)), 2)
        self.assertEqual(self._given(contract)[1][1], "2026-11-30 23:00:00")

    def test_a_contract_of_the_past_gives_it_once(self):
        contract = self._contract(
            self.bundle.product_id, start="2026-08-01", date_end="2026-08-31"
        )
        contract.contract_line_ids.quantity = 1
        contract.contract_line_ids.sudo()._give_telecom_bundles()
        self.assertEqual(
            self._given(contract), [("2026-07-31 22:00:00", "2026-08-31 22:00:00")]
        )

    def test_what_is_bought_gives_nothing(self):
        contract = self._contract(self.bundle.product_id)
        contract.contract_type = "purchase"
        self.assertEqual(self._given(contract), [(OCTOBER, "2026-10-10 08:00:00")])

    def test_for_the_numbers_of_the_line(self):
        manager = self._new_user("contract_manager", f"{MANAGER},{KEEPER}")
        contract = self._contract(self.bundle.product_id).with_user(manager)
        line = contract.contract_line_ids
        line.telecom_number_ids = self.number
        given = line.telecom_subscription_ids
        self.assertEqual(given.number_ids, self.number)
        self.assertFalse(contract.copy().contract_line_ids.telecom_number_ids)
        neighbour = self._create_customer("Neighbour")
        other = self._create_number("+34910000099", neighbour)
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            line.telecom_number_ids = other
        self.assertIn("belongs to another customer", str(caught.exception))
        self.assertEqual(Form(given).contract_id, contract)

    def test_who_only_sees_contracts_gives_nothing(self):
        contract = self._contract(self.bundle.product_id)
        line = contract.contract_line_ids.with_user(self.clerk)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            line.quantity = 2
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            line.telecom_subscription_ids.date_end = "2026-12-31 23:00:00"
        self.assertEqual(len(self._given(contract)), 1)

    def test_a_copy_is_given_to_whom_it_is_for(self):
        contract = self._contract(self.bundle.product_id)
        other = self._create_customer("Customer Two")
        copied = contract.copy({"partner_id": other.id})
        given = copied.contract_line_ids.sudo().telecom_subscription_ids
        self.assertEqual(given.partner_id, other)
        self.assertEqual(len(self._given(contract)), 1)

    def test_sections_and_other_products_give_nothing(self):
        contract = self._contract(self.bundle.product_id)
        contract.contract_line_ids = [
            Command.create(
                {"display_type": "line_section", "name": "More", "date_start": False}
            )
        ]
        self.assertEqual(len(self._given(contract)), 1)
