# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An accountant's carrier bill in a real browser: figures, accepted with a reason."""

from odoo.tests import tagged

from .browser import ScreenCase
from .reconciliation_common import ACCOUNTANT, ReconciliationCommon

MOBILE = "600000099"


@tagged("post_install", "-at_install")
class TestScreensReconciliation(ScreenCase, ReconciliationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._new_user("accountant", ACCOUNTANT, password="accountant")

    def test_a_difference_is_seen_and_accepted(self):
        self._read_calls("100")
        self._bill(("Calls", 120))
        one = self._reconcile()
        self._browse(
            "telecom_cdr.telecom_reconciliation_action",
            """
            await wait(".o_data_row", "Oct 1");
            await click(".o_data_row td[name=carrier_id]");
            await wait(".o_telecom_figures", "20.00");
            await wait(".o_telecom_places", "Landline");
            await click(".o_statusbar_buttons button", "Accept");
            const text = await wait(".modal [name=reason] textarea");
            text.value = "Credited next month";
            text.dispatchEvent(new Event("input", {bubbles: true}));
            text.dispatchEvent(new Event("change", {bubbles: true}));
            await click(".modal button[name=action_accept]");
            await wait("button[name=action_reopen]");
            """,
            "accountant",
        )
        self.assertEqual((one.state, one.reason), ("accepted", "Credited next month"))

    def test_losses_lead_to_their_calls(self):
        self._read_calls("5")
        self._read_calls("0.01", called=MOBILE)  # brings 0.09: no loss
        self.env.ref("telecom_cdr.telecom_margin_loss_action").context = "{}"
        self._browse(
            "telecom_cdr.telecom_margin_loss_action",
            """
            await wait(".o_data_row", "Customer One");
            await click(".o_data_row button[name=action_open_calls]");
            await wait(".breadcrumb, .o_breadcrumb", "Calls");
            await wait(".o_data_row td[name=called_text]");
            expect(texts(".o_data_row td[name=called_text]"), ["+34 912 00 00 01"]);
            """,
            "accountant",
        )
        loss = self.env["telecom.margin.loss"].search([])
        calls = self.env["telecom.call"].search(loss.action_open_calls()["domain"])
        self.assertEqual(
            [(call.called_number, call.price, call.cost) for call in calls],
            [("+34912000001", 0.07, 5.0)],
        )
