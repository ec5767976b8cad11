# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What somebody owes right now: exactly these calls, and no others."""

import json

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import MAPPING, READER
from .test_call_detail import HIDDEN, SHOWN, DetailCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestHotBill(DetailCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.env["account.tax"].create(
            {"name": "21 %", "amount": 21, "company_id": cls.company.id}
        )
        for kind in ("landline", "mobile", "other"):
            product = cls.env["product.product"].create(
                {
                    "name": f"Calls {kind}",
                    "type": "service",
                    "taxes_id": [Command.set(cls.tax.ids)],
                }
            )
            cls.company[f"telecom_product_{kind}_id"] = product
        cls.room = cls._create_number("101", cls.customer, kind="extension")
        cls.accountant = new_test_user(
            cls.env,
            "hot-accountant",
            groups=READER,
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls._forget_marks()

    def _bill(self, **values):
        return (
            self.env["telecom.hot.bill"]
            .with_user(self.accountant)
            .with_company(self.company)
            .create(
                {
                    "partner_id": self.customer.id,
                    "date_to": "2026-10-31 22:59:59",
                    **values,
                }
            )
        )

    def _moves(self, action):
        moves = self.env["account.move"]
        return moves.browse(action.get("res_id") or []) or moves.search(
            action["domain"]
        )

    def _calls_of_two(self):
        """Room 101: 0.09 and 0.09; number: 0.09 (mobile, 60 s)."""
        self._process(
            row("R1", caller="101", seconds=61),
            row("R2", caller="101", seconds=61, start="2026-10-06 10:00:00"),
            row("N1", called="600000099"),
        )

    def test_what_a_customer_owes(self):
        """0.18 + 0.09 untaxed; 21 % of 0.27 is 0.06."""
        self._calls_of_two()
        bill = self._bill()
        self.assertEqual((bill.call_count, bill.duration), (3, "0:03:02"))
        text = " ".join(str(bill.lines_html).split())
        for amount in ("0.27", "0.06", "0.33"):
            self.assertIn(amount, text)
        self.assertFalse(bill.waiting_text)

    def test_a_room_checks_out(self):
        """Exactly its calls; the others stay free; a second bill is empty."""
        self._calls_of_two()
        bill = self._bill(number_ids=[Command.set(self.room.ids)])
        self.assertEqual(bill.call_count, 2)
        move = self._moves(bill.action_post())
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 0.18))
        self.assertEqual(move.telecom_call_count, 2)
        states = {call.number_id: call.state for call in self._calls()}
        self.assertEqual(states, {self.room: "invoiced", self.number: "rated"})
        again = self._bill(number_ids=[Command.set(self.room.ids)])
        self.assertEqual(again.call_count, 0)
        self.assertIn("Nothing is owed", str(again.lines_html))
        with self.assertRaisesRegex(UserError, "nothing to invoice for Customer One"):
            again.action_draft()
        rest = self._moves(self._bill().action_draft())
        self.assertEqual((rest.state, rest.amount_untaxed), ("draft", 0.09))

    def test_a_room_by_its_name(self):
        self._calls_of_two()
        self.assertEqual(self._bill(codes="102, 101").call_count, 2)
        self.assertEqual(self._bill(codes="102").call_count, 0)

    def test_an_account_code(self):
        mapping = {**MAPPING, "account_code": "amount"}
        del mapping["carrier_amount"]
        self.format.column_mapping = json.dumps(mapping)
        self._process(row("A1", amount="P7", seconds=61), row("A2", called="912000002"))
        bill = self._bill(codes="P7")
        self.assertEqual(bill.call_count, 1)
        self.assertEqual(self._moves(bill.action_draft()).amount_untaxed, 0.09)

    def test_a_department(self):
        department = self.env["telecom.department"].create(
            {"name": "Rooms", "partner_id": self.customer.id}
        )
        self.room.department_id = department
        self._calls_of_two()
        bill = self._bill(department_ids=[Command.set(department.ids)])
        self.assertEqual(bill.call_count, 2)

    def test_hours_count(self):
        """The calls began at 8:00 UTC: 10:00 in Madrid."""
        self._calls_of_two()
        first = {"number_ids": [Command.set(self.room.ids)]}
        day = {"date_from": "2026-10-05 08:00:00", "date_to": "2026-10-06 08:00:00"}
        self.assertEqual(self._bill(**first, **day).call_count, 1)
        day["date_to"] = "2026-10-06 08:00:01"
        self.assertEqual(self._bill(**first, **day).call_count, 2)
        day["date_from"] = "2026-10-05 08:00:01"
        bill = self._bill(**first, **day)
        self.assertEqual(bill.call_count, 1)
        move = self._moves(bill.action_draft())
        self.assertEqual(move.amount_untaxed, 0.09)
        self.assertEqual(self._calls(("state", "=", "invoiced")).start_at.day, 6)

    def test_fees_by_choice(self):
        bundle = self._create_bundle("B", {"service": "sms", "messages": 1}, price=10)
        self._give_bundle(bundle, self.customer)
        self._calls_of_two()
        self.assertNotIn("10.33", str(self._bill().lines_html))
        whole = self._bill(with_fees=True)
        self.assertIn("10.27", str(whole.lines_html))
        room = self._bill(with_fees=True, number_ids=[Command.set(self.room.ids)])
        self.assertEqual(self._moves(room.action_draft()).amount_untaxed, 0.18)
        self.assertEqual(self._moves(whole.action_draft()).amount_untaxed, 10.09)

    def test_fees_of_the_numbers_that_were_chosen(self):
        bundle = self._create_bundle("B", {"service": "sms", "messages": 1}, price=10)
        self._give_bundle(
            bundle, self.customer, number_ids=[Command.set(self.room.ids)]
        )
        self._calls_of_two()
        other = self._bill(with_fees=True, number_ids=[Command.set(self.number.ids)])
        self.assertEqual(self._moves(other.action_draft()).amount_untaxed, 0.09)
        room = self._bill(with_fees=True, number_ids=[Command.set(self.room.ids)])
        self.assertEqual(self._moves(room.action_draft()).amount_untaxed, 10.18)

    def test_top_ups_of_the_numbers_that_were_chosen(self):
        """10 and a top-up of 2 of the room's bundle; nothing of it for the number."""
        bundle = self._create_bundle("B", {"service": "sms", "messages": 1}, price=10)
        given = self._give_bundle(
            bundle, self.customer, number_ids=[Command.set(self.room.ids)]
        )
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": given.id,
                "allowance_id": bundle.allowance_ids.id,
                "period_start": "2026-10-01",
                "quantity": 5,
                "price": 2,
            }
        )
        self._calls_of_two()
        other = self._bill(with_fees=True, number_ids=[Command.set(self.number.ids)])
        self.assertEqual(self._moves(other.action_draft()).amount_untaxed, 0.09)
        room = self._bill(with_fees=True, number_ids=[Command.set(self.room.ids)])
        self.assertIn("12.18", str(room.lines_html))
        self.assertEqual(self._moves(room.action_draft()).amount_untaxed, 12.18)

    # === WHAT IS MISSING === #

    def test_what_is_missing_is_named(self):
        self._process(
            row("M1", called="00442079460001"),
            row("M2", caller="102"),
            row("M3", caller="101", called="00442079460001"),
        )
        self._upload("not read", "night.csv")
        text = self._bill().waiting_text
        self.assertIn("2 calls have no rate.", text)
        self.assertIn("File night.csv is not read (Received).", text)
        self.assertNotIn("belong to no customer", text)
        room = self._bill(number_ids=[Command.set(self.room.ids)]).waiting_text
        self.assertIn("1 calls have no rate.", room)
        named = self._bill(codes="102").waiting_text
        self.assertIn("1 calls belong to no customer at their time.", named)
        self.assertNotIn("have no rate", named)

    # === ON PAPER === #

    def test_printed_with_its_calls(self):
        self.customer.telecom_hidden_digits = 3
        self._calls_of_two()
        bill = self._bill()
        self.assertEqual(bill.action_print()["type"], "ir.actions.report")
        text = self._pdf_text("telecom_cdr.action_report_hot_bill", bill)
        for word in ("Hot bill", "Customer One", "Call detail", HIDDEN, "0.33"):
            self.assertIn(word, text)
        self.assertNotIn(SHOWN, text)
        room = self._bill(number_ids=[Command.set(self.room.ids)])
        text = self._pdf_text("telecom_cdr.action_report_hot_bill", room)
        self.assertNotIn("600 00", text)

    # === WHO === #

    def test_the_number_names_the_customer(self):
        form = Form(
            self.env["telecom.hot.bill"]
            .with_user(self.accountant)
            .with_context(default_number_ids=self.room.ids)
        )
        self.assertEqual(form.partner_id, self.customer)

    def test_the_neighbour_sees_and_bills_nothing(self):
        self._calls_of_two()
        other = self.env["res.company"].create({"name": "Neighbour"})
        stranger = new_test_user(
            self.env,
            "hot-stranger",
            groups=READER,
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        bills = (
            self.env["telecom.hot.bill"]
            .with_user(stranger)
            .with_context(allowed_company_ids=other.ids)
        )
        values = {"partner_id": self.customer.id, "date_to": "2026-10-31 22:59:59"}
        bill = bills.create(values)
        self.assertEqual((bill.call_count, bill.company_id), (0, other))
        with self.assertRaises(AccessError):
            bills.create({**values, "company_id": self.company.id})
        with self.assertRaises(UserError):
            bills.create({**values, "number_ids": [Command.set(self.room.ids)]})

    def test_a_reader_who_does_not_invoice_cannot(self):
        self._calls_of_two()
        reader = self._new_user(
            "hot-reader", "base.group_user,telecom_cdr.group_telecom_reader"
        )
        bill = self._bill().with_user(reader)
        bill = bill.create(
            {"partner_id": self.customer.id, "date_to": "2026-10-31 22:59:59"}
        )
        self.assertEqual(bill.call_count, 3)
        with self.assertRaises(AccessError):
            bill.action_draft()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
