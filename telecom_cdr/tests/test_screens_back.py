# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A customer complains, in a real browser: the calls of one number go back."""

from odoo.tests import tagged

from .browser import ScreenCase
from .common import READER
from .test_rating import row


@tagged("post_install", "-at_install")
class TestScreensBack(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.second = cls._create_number("+34910000002", cls.customer)
        cls._forget_marks()
        cls._new_user("accountant", READER, password="accountant")

    def test_accountant_gives_the_calls_of_a_number_back(self):
        self._process(
            row("T1", called="600000099", seconds=600),
            row("T2", caller="910000002", called="600000099"),
        )
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": self.customer.ids,
                "date_from": "2026-10-01",
                "date_to": "2026-10-31",
                "is_posted": True,
            }
        )
        move = self.env["account.move"].search(wizard.action_invoice()["domain"])
        self._browse(
            f"/odoo/customer-invoices/{move.id}",
            """
            await click("button[name=action_telecom_release]", "Give calls back");
            await click(".modal .o_radio_item label", "The calls of numbers");
            await click(".modal [name=number_ids] input");
            await click(".modal .o-autocomplete--dropdown-item", "910 00 00 02");
            await wait(".modal [name=call_count]", "1");
            await click(".modal [name=is_posted] input");
            await click(".modal button[name=action_credit]");
            await wait(".o_form_view .o_data_row", "Taken off: Mobile calls");
            """,
            "accountant",
        )
        self.assertEqual(move.reversal_move_ids.amount_untaxed, 0.09)
        calls = self._calls()
        self.assertEqual(
            {call.number_id: call.state for call in calls},
            {self.number: "invoiced", self.second: "rated"},
        )
