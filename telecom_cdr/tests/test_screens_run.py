# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The end of the month in a real browser: preview, drafts, post and send."""

from odoo.tests import tagged

from .browser import ScreenCase
from .common import READER
from .test_rating import row


@tagged("post_install", "-at_install")
class TestScreensRun(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.customer.email = "one@example.com"
        cls.second = cls._create_customer("Customer Two", email="two@example.com")
        cls._create_number("+34910000002", cls.second)
        cls._forget_marks()
        cls._new_user("accountant", READER, password="accountant")

    def test_accountant_runs_a_month(self):
        """From the preview to the sent invoice; one customer is left out by a click."""
        self._process(
            row("T1", called="600000099", seconds=600),
            row("T2", caller="910000002"),
        )
        self._browse(
            "telecom_cdr.telecom_run_action",
            """
            await click(".o_list_button_add");
            await wait(() => seen("#date_from_0"));
            const fill = (selector, text) => {
                const input = document.querySelector(selector);
                input.value = text;
                input.dispatchEvent(new Event("input", {bubbles: true}));
                input.dispatchEvent(new Event("change", {bubbles: true}));
            };
            fill("#date_from_0", "10/01/2026");
            fill("#date_to_0", "10/31/2026");
            await click("button[name=action_preview]");
            await wait(".o_data_row", "Customer Two");
            const flags = texts(".o_data_row td[name=flag]");
            expect(flags, ["New customer", "New customer"]);
            const left = [...document.querySelectorAll(".o_data_row")].find(
                (el) => el.innerText.includes("Customer Two")
            );
            left.querySelector("button[name=action_leave_out]").click();
            await wait(".o_data_row td[name=state]", "Left out");
            await wait("button[name=action_start]", "Invoice 1 customers");
            await click("button[name=action_start]");
            await wait("button[name=action_post]", "Post the drafts of 1 customers");
            await click("button[name=action_send]", "Post and send");
            await click(".modal footer .btn-primary");
            await wait(".alert-info", "Being sent");
            """,
            "accountant",
        )
        self._send_waiting()
        self._browse(
            "telecom_cdr.telecom_run_action",
            """
            await click(".o_data_row td[name=name]", "RUN/");
            await wait(".o_data_row td[name=state]", "Sent");
            await click("button[name=action_open_moves]");
            await click(".o_data_row td[name=name]", "INV/");
            await wait(".o_form_view", "Customer Invoice");
            if (!seen("button[name=action_telecom_run]")) await click(".o_button_more");
            await click("button[name=action_telecom_run]", "RUN/");
            await wait(".o_form_view", "Invoicing run");
            """,
            "accountant",
        )
        run = self.env["telecom.run"].search([("company_id", "=", self.company.id)])
        self.assertRecordValues(
            run, [{"state": "sent", "work": False, "move_count": 1}]
        )
        self.assertRecordValues(
            run.move_ids,
            [{"amount_untaxed": 0.9, "state": "posted", "is_move_sent": True}],
        )
        free = self._calls(("state", "=", "rated"))
        self.assertEqual(free.partner_id, self.second)

    def _send_waiting(self):
        """What the scheduled actions do: Odoo sends, the run sees it."""
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self._run_cron("run")
