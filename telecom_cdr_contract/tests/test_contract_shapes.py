# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Contracts keep to the shape of their customer's invoices, and bill a call once."""

from datetime import date

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.models.telecom_invoice_shape import INVOICE_PER
from odoo.addons.telecom_cdr.tests.common import MANAGER
from odoo.addons.telecom_cdr.tests.test_rating import row

from .contract_common import KEEPER, ContractCommon

FEE = (False, 6.2)
# Minutes begun at 0.02, and 0.05 a call: what each number has called.
FIRST, SECOND, THIRD = (True, 0.09), (True, 0.11), (True, 0.07)


@tagged("post_install", "-at_install")
@freeze_time("2026-11-02 08:00:00")
class TestContractShapes(ContractCommon):
    """Three numbers of a customer; the first is of contract C-1, the second of C-2."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # To name numbers takes a role of ours.
        cls.keeper = cls._new_user("shape_keeper", f"{MANAGER},{KEEPER}")
        cls.second = cls._create_number("+34910000002", cls.customer)
        cls.third = cls._create_number("+34910000003", cls.customer)
        cls.number.contract_reference = "C-1"
        cls.second.contract_reference = "C-2"
        cls._process(
            row("A", seconds=61, start="2026-10-12 10:00:00"),
            row("B", seconds=121, start="2026-10-13 10:00:00", caller="910000002"),
            row("C", seconds=60, start="2026-10-14 10:00:00", caller="910000003"),
        )

    def _shape(self, invoice_per):
        shape = self.env["telecom.invoice.shape"].create(
            {"name": "Test", "invoice_per": invoice_per}
        )
        self.customer.with_company(self.company).telecom_invoice_shape_id = shape

    def _voice(self, code, *numbers, **values):
        ids = [number.id for number in numbers]
        named = {"telecom_number_ids": [Command.set(ids)]} if ids else {}
        return self._contract(self.voice, code=code, **named, **values)

    def _told(self, moves):
        """What each invoice says it is for, and its amounts."""
        return sorted(
            (move.ref or move.invoice_origin or "", self._amounts(move))
            for move in moves.sudo()
        )

    def _states(self):
        return self._calls().mapped("state")

    def _cron(self, contracts):
        """The scheduled action: all contracts of the company at once."""
        contracts.with_company(self.company)._cron_recurring_create(date(2026, 11, 2))
        lines = self.env["account.move.line"].search(
            [("contract_line_id", "in", contracts.contract_line_ids.ids)]
        )
        return lines.move_id

    # === BY CONTRACT REFERENCE === #

    def test_each_contract_has_the_calls_of_its_numbers(self):
        """What is of no reference has an invoice of its own; the rest waits."""
        self._shape("contract")
        one, two = self._voice("C-1"), self._voice("C-2")
        moves = self._invoice(one)
        self.assertEqual(self._told(moves), [("", [THIRD]), ("C-1", [FEE, FIRST])])
        self.assertEqual(self._states(), ["invoiced", "rated", "invoiced"])
        moves = self._invoice(two)
        self.assertEqual(self._told(moves), [("C-2", [FEE, SECOND])])
        self.assertEqual(self._states(), ["invoiced"] * 3)
        self.assertFalse(self._run())

    def test_both_in_one_go(self):
        self._shape("contract")
        moves = self._cron(self._voice("C-1") | self._voice("C-2"))
        self.assertEqual(
            self._told(moves), [("C-1", [FEE, FIRST]), ("C-2", [FEE, SECOND])]
        )
        self.assertEqual(self._states(), ["invoiced"] * 3)

    def test_of_other_days_each_waits_for_its_own(self):
        """C-2 is paid in advance: in October it brings what was called before."""
        self._shape("contract")
        contracts = self._voice("C-1") | self._voice("C-2", when="pre-paid")
        self._cron(contracts)
        self.assertEqual(self._states(), ["invoiced", "rated", "invoiced"])
        moves = self._cron(contracts)
        self.assertEqual(self._states(), ["invoiced"] * 3)
        self.assertEqual(
            self._told(moves),
            [("C-1", [FEE, FIRST]), ("C-2", [FEE]), ("C-2", [FEE, SECOND])],
        )

    def test_numbers_of_no_contract_with_calls_have_their_own_invoice(self):
        """C-2 sells a bundle alone, so it brings no calls; C-1 does for all others."""
        self._shape("contract")
        self._contract(self.bundle.product_id, code="C-2", start="2026-12-01")
        moves = self._invoice(self._voice("C-1"))
        self.assertEqual(
            self._told(moves),
            [("", [THIRD]), ("C-1", [FEE, FIRST]), ("C-2", [SECOND])],
        )
        self.assertEqual(self._states(), ["invoiced"] * 3)

    def test_a_contract_that_is_over_brings_nothing_any_more(self):
        self._shape("contract")
        two = self._voice("C-2", date_end="2026-10-31")
        self.assertEqual(self._told(self._invoice(two))[-1], ("C-2", [FEE, SECOND]))
        self._process(row("D", start="2026-10-20 10:00:00", caller="910000002"))
        moves = self._invoice(self._voice("C-1"))
        self.assertEqual(self._told(moves)[-1], ("C-2", [(True, 0.07)]))
        self.assertEqual(self._states(), ["invoiced"] * 4)

    def test_fees_are_where_their_numbers_are(self):
        """A bundle given by hand for the second number; one for all has no place."""
        self._shape("contract")
        texts = {"service": "sms", "messages": 1}
        given = {"date_start": "2026-10-01 00:00:00"}
        own = self._create_bundle("Own", texts, price=5)
        numbers = [Command.set(self.second.ids)]
        self._give_bundle(own, self.customer, number_ids=numbers, **given)
        shared = self._create_bundle("Shared", texts, price=7)
        self._give_bundle(shared, self.customer, **given)
        one, two = self._voice("C-1"), self._voice("C-2")
        self.assertEqual(
            self._told(self._invoice(one)),
            [("", [(False, 7), THIRD]), ("C-1", [FEE, FIRST])],
        )
        self.assertEqual(
            self._told(self._invoice(two)), [("C-2", [(False, 5), FEE, SECOND])]
        )

    # === BY NUMBER, DEPARTMENT, CUSTOMER === #

    def test_one_for_each_number(self):
        """C-1 is for the first number; the others have invoices of their own."""
        self._shape("number")
        moves = self._invoice(self._voice("C-1"))
        self.assertEqual(
            self._told(moves),
            [
                ("+34 910 00 00 02", [SECOND]),
                ("+34 910 00 00 03", [THIRD]),
                ("C-1", [FEE, FIRST]),
            ],
        )

    def test_a_contract_for_all_numbers_is_for_none_of_them(self):
        self._shape("number")
        moves = self._invoice(self._voice("X"))
        self.assertEqual(
            [amounts for _ref, amounts in self._told(moves)],
            [[FIRST], [SECOND], [THIRD], [FEE]],
        )

    def test_one_for_each_department(self):
        """Both numbers of Sales are on the contract that names one of them."""
        sales, labs = self.env["telecom.department"].create(
            [
                {"name": name, "partner_id": self.customer.id}
                for name in ("Sales", "Labs")
            ]
        )
        (self.number | self.third).department_id = sales
        self.second.department_id = labs
        self._shape("department")
        two, one = self._voice("T", self.second), self._voice("O", self.third)
        self.assertEqual(self._told(self._invoice(one)), [("O", [FEE, THIRD, FIRST])])
        self.assertEqual(self._told(self._invoice(two)), [("T", [FEE, SECOND])])

    def test_one_for_the_customer_is_the_first(self):
        one, two = self._voice("C-1"), self._voice("C-2")
        moves = self._invoice(one)
        self.assertEqual(self._told(moves), [("C-1", [FEE, THIRD, FIRST, SECOND])])
        self.assertEqual(self._told(self._invoice(two)), [("C-2", [FEE])])

    # === ONCE === #

    def test_whatever_the_shape_each_call_is_billed_once(self):
        for invoice_per, _label in INVOICE_PER:
            for codes in (("C-1", "C-2"), ("C-1",), ("X",)):
                savepoint = self.env.cr.savepoint()
                with self.subTest(invoice_per=invoice_per, codes=codes):
                    self.assertBilledOnce(invoice_per, codes)
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def assertBilledOnce(self, invoice_per, codes):
        self._shape(invoice_per)
        contracts = self.env["contract.contract"]
        for code in codes:
            contracts |= self._voice(code)
        self._cron(contracts)
        self._run()
        lines = self._calls().move_line_id
        self.assertEqual(sum(lines.mapped("telecom_line_calls")), 3)
        self.assertAlmostEqual(sum(lines.mapped("price_subtotal")), 0.27)
        self.assertEqual(self._states(), ["invoiced"] * 3)

    # === TELEPHONY BESIDE TELEPHONY === #

    def test_telephony_for_the_same_number_is_had_once(self):
        self._voice("X", self.number)
        other = self._voice("Y", self.second)
        for refused in (("Z", self.number, self.third), ("Z",)):
            with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                self._voice(*refused)
            self.assertIn("has Voice calls already", str(caught.exception))
        line = other.contract_line_ids
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            line.telecom_number_ids = self.number
        self.env.invalidate_all()
        self.assertEqual(line.telecom_number_ids, self.second)
