# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An operator's morning in a real browser: look, click on a cause, solve it."""

from odoo.tests import tagged

from .browser import ScreenCase
from .common import HEADER, MANAGER, USER
from .test_rating import row


@tagged("post_install", "-at_install")
class TestScreensWaiting(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER, password="operator")
        cls.files = {"second.csv": HEADER + row("B3", seconds=120) + "\nbad row\n"}
        cls._process(
            row("U1", caller="910000077"),
            row("U2", caller="910000077"),
            row("N1", called="00442079460001"),
            "bad row",
        )
        cls._process(row("H1"), name="a.csv")
        cls._upload(HEADER + row("H1") + "\n", "b.csv")

    def test_overview_leads_to_a_number_for_a_customer(self):
        self._create_customer("Harbour Hotel")
        self._browse(
            "telecom_cdr.telecom_overview_action",
            """
            await wait(".o_telecom_overview .o_telecom_tile[data-key=held]", "1");
            await wait("[data-cause=unrated]");
            if (seen(".o_telecom_overview", "Cost at stake")) throw new Error("cost");
            await click("[data-cause=unmatched]");
            await wait(".o_list_view .o_data_row td[name=name]", "+34 910 00 00 77");
            await click("button[name=action_give_number]");
            const input = await wait(".modal [name=partner_id] input");
            input.focus();
            input.value = "Harbour";
            input.dispatchEvent(new Event("input", {bubbles: true}));
            await click(".o-autocomplete--dropdown-item", "Harbour Hotel");
            await click(".modal button[name=action_give]");
            await wait(() => !seen(".modal") && !seen(".o_data_row", "00 77"));
            """,
            "operator",
        )
        calls = self._calls(("calling_number", "=", "+34910000077"))
        self.assertEqual(calls.partner_id.name, "Harbour Hotel")
        self.assertEqual(calls.mapped("state"), ["rated"] * 2)

    def test_workbench_shows_every_cause_and_leaves_out(self):
        self._browse(
            "telecom_cdr.telecom_waiting_action",
            """
            for (const cause of ["Held", "Rejected", "without a customer", "a rate"])
                await wait(".o_group_header", cause);
            await wait(".o_data_row", "b.csv");
            await click("button[name=action_discard].btn-link");
            await wait(() => !seen(".o_data_row", "b.csv"));
            const row = await wait(".o_data_row", "00 77");
            row.querySelector("button[name=action_ignore]").click();
            await click(".modal button[name=action_apply]");
            await wait(() => !seen(".modal") && !seen(".o_data_row", "00 77"));
            """,
            "operator",
        )
        rule = self.env["telecom.ignore.rule"].search([])
        self.assertEqual((rule.number, rule.call_count), ("+34910000077", 2))

    def test_manager_adds_a_rate(self):
        self._new_user("boss", MANAGER, password="boss")
        self._browse(
            "telecom_cdr.telecom_waiting_action",
            """
            await click("button[name=action_add_rate]");
            await wait(".modal [name=tariff_id]");
            const input = await wait(".modal [name=price] input");
            input.focus();
            input.value = "0.5";
            input.dispatchEvent(new Event("input", {bubbles: true}));
            input.dispatchEvent(new Event("change", {bubbles: true}));
            await click(".modal button[name=action_add]");
            await wait(() => !seen(".modal") && !seen(".o_data_row", "44"));
            """,
            "boss",
        )
        call = self._calls(("category", "=", "international"))
        self.assertEqual((call.state, call.price), ("rated", 0.5))

    def test_operator_tests_a_file_before_it_is_received(self):
        before = len(self._calls())
        self._browse(
            "telecom_cdr.telecom_file_action",
            """
            await wait(".o_telecom_upload");
            const input = document.querySelector(".o_telecom_file_input");
            const transfer = new DataTransfer();
            transfer.items.add(new File([FILES["second.csv"]], "second.csv"));
            input.files = transfer.files;
            input.dispatchEvent(new Event("change", {bubbles: true}));
            await wait(".modal .o_attachment", "second.csv");
            const source = () => seen(".modal [name=source_id] input")?.value || "";
            await wait(() => source().includes("Daily"));
            await click(".modal button[name=action_test]");
            const report = await wait(".modal .o_telecom_test_run", "Customer One");
            if (!report.innerText.includes("bad row")) throw new Error("no sample");
            """,
            "operator",
        )
        self.assertEqual(len(self._calls()), before)

    def test_completeness_is_closed(self):
        self.env["telecom.file"].search([("state", "=", "held")]).action_discard()
        self._browse(
            "telecom_cdr.telecom_completeness_action",
            """
            await wait(".o_data_row", "Daily");
            await click(".o_data_row button[name=action_close]");
            await wait(".o_data_row td[name=state]", "Closed");
            """,
            "operator",
        )
        closing = self.env["telecom.completeness.close"].search([])
        self.assertEqual(closing.mapped("row_count"), [5])
