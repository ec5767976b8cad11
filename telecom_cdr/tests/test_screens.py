# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What people do, in a real browser: drop files, look at calls, ask why, invoice."""

import json

from odoo.tests import tagged

from .browser import ScreenCase
from .common import HEADER, READER, USER
from .test_rating import row


@tagged("post_install", "-at_install")
class TestScreens(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER, password="operator")
        cls.files = {
            "first.csv": HEADER
            + row("B1")
            + "\n"
            + row("B2", called="600000099")
            + "\n",
            "second.csv": HEADER + row("B3", seconds=120) + "\nbad row\n",
        }

    RECEIVE = """
        await wait(".modal .o_attachment", "second.csv");
        const source = () => seen(".modal [name=source_id] input")?.value || "";
        await wait(() => source().includes("Daily"));
        await click(".modal button[name=action_upload]");
        await wait(() => texts(".o_data_row").length === 2 && !seen(".modal"));
    """

    def test_operator_uploads_and_reads_files(self):
        self._browse(
            "telecom_cdr.telecom_file_action",
            f"""
            await wait(".o_telecom_upload");
            const input = document.querySelector(".o_telecom_file_input");
            input.files = files().files;
            input.dispatchEvent(new Event("change", {{bubbles: true}}));
            {self.RECEIVE}
            const names = texts(".o_data_row td[name=name]").sort();
            expect(names, ["first.csv", "second.csv"]);
            await click("thead .o_list_record_selector input");
            await click("button[name=action_process]");
            const states = () => texts(".o_data_row td[name=state]").join();
            await wait(() => states() === "Processed,Processed");
            """,
            "operator",
        )
        files = self.source.file_ids.sorted("name")
        self.assertRecordValues(
            files,
            [
                {"name": "first.csv", "call_count": 2, "rejected_count": 0},
                {"name": "second.csv", "call_count": 1, "rejected_count": 1},
            ],
        )
        self.assertEqual(files.create_uid, self.operator)
        self.assertEqual(len(self._calls(("state", "=", "rated"))), 3)

    def test_operator_drops_files_on_the_list(self):
        self._browse(
            "telecom_cdr.telecom_file_action",
            f"""
            await wait(".o_telecom_upload");
            const how = {{dataTransfer: files(), bubbles: true, cancelable: true}};
            const drag = (type, el) => el.dispatchEvent(new DragEvent(type, how));
            drag("dragenter", document.querySelector(".o_list_view"));
            drag("drop", await wait(".o_telecom_dropzone"));
            {self.RECEIVE}
            """,
            "operator",
        )
        self.assertEqual(
            sorted(self.source.file_ids.mapped("name")), ["first.csv", "second.csv"]
        )
        self.assertEqual(self.source.file_ids.mapped("state"), ["received"] * 2)

    def test_reader_cannot_upload(self):
        self._new_user("reader", READER, password="reader")
        self._process(row("R1"), name="old.csv")
        self._browse(
            "telecom_cdr.telecom_file_action",
            """
            await wait(".o_data_row", "old.csv");
            expect(texts(".o_telecom_upload").length, 0);
            """,
            "reader",
        )
        self.assertEqual(len(self.source.file_ids), 1)

    def test_held_file_shows_what_it_repeats(self):
        self._process(row("H1"), name="old.csv")
        self._upload(HEADER + row("H1") + "\n", "again.csv")
        self._browse(
            "telecom_cdr.telecom_file_action",
            """
            await click(".o_data_row td[name=name]", "again.csv");
            await click(".o_form_view .o_notebook .nav-link", "repeat");
            await wait(".o_form_view .o_data_row", "old.csv");
            await click("button[name=action_ask_release]");
            await click(".modal button[name=action_release]");
            await wait(() => !seen("button[name=action_release]"));
            """,
            "operator",
        )
        again = self.source.file_ids.filtered(lambda f: f.name == "again.csv")
        self.assertNotEqual(again.state, "held")

    def test_operator_asks_why_a_call_costs_what_it_costs(self):
        self._process(row("C1", called="600000099", seconds=61, amount="0.0123"))
        self._browse(
            "telecom_cdr.telecom_call_all_action",
            """
            await click(".o_data_row td[name=called_text]", "+34 600 00 00 99");
            await wait(".o_form_view", "Spain, mobile");
            await click("button[name=action_explain]");
            const shown = ".modal .o_telecom_explanation";
            const page = await wait(shown, "Price of the call");
            if (!page.innerText.includes("0.0915")) throw new Error(page.innerText);
            if (page.innerText.includes("0.0123")) throw new Error("a cost is shown");
            """,
            "operator",
        )
        self.assertEqual(self._calls().price, 0.0915)

    def test_accountant_invoices_from_the_summary(self):
        self._load_accounts()
        self.company.currency_id = self.env.ref("base.EUR")
        self._new_user("accountant", READER, password="accountant")
        self._process(row("S1"), row("S2", called="600000099"))
        self._browse(
            "telecom_cdr.telecom_call_summary_outgoing_action",
            """
            await wait(".o_list_view");
            for (let turn = 0; turn < 5 && !seen(".o_data_row"); turn++) {
                for (const group of document.querySelectorAll(".o_group_header"))
                    if (group.querySelector(".fa-caret-right")) group.click();
                await new Promise((resolve) => setTimeout(resolve, 500));
            }
            await click(".o_data_row .o_list_record_selector input");
            await click(".o_control_panel button[name=action_invoice]");
            await wait(".modal .o_field_widget[name=call_count]", "2");
            await click(".modal footer button[name=action_invoice]");
            await wait(() => !seen(".modal") && seen(".o_data_row", "Draft"));
            """,
            "accountant",
        )
        move = self._calls().move_id
        self.assertRecordValues(
            move,
            [
                {
                    "state": "draft",
                    "partner_id": self.customer.id,
                    "amount_untaxed": 0.16,
                    "telecom_call_count": 2,
                }
            ],
        )
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})

    def test_the_screens_open(self):
        """Each menu's screen opens for who may see it, without an error."""
        self._process(row("M1"))
        groups = "base.group_user,telecom_cdr.group_telecom_manager"
        boss = self._new_user("boss", groups, password="boss")
        visible = self.env["ir.ui.menu"].with_user(boss)._visible_menu_ids()
        menus = self.env["ir.ui.menu"].search(
            [
                ("id", "child_of", self.env.ref("telecom_cdr.telecom_menu").id),
                ("id", "in", list(visible)),
            ]
        )
        actions = menus.filtered("action").mapped("action")
        ids = [a.id for a in actions if a._name == "ir.actions.act_window"]
        self.assertGreater(len(ids), 10)
        self._browse(
            "telecom_cdr.telecom_file_action",
            f"""
            await wait(".o_list_view");
            const actionService = odoo.__WOWL_DEBUG__.root.env.services.action;
            for (const id of {json.dumps(ids)}) {{
                await actionService.doAction(id, {{clearBreadcrumbs: true}});
                await wait(".o_action_manager .o_view_controller");
                if (seen(".o_error_dialog")) throw new Error("action " + id);
            }}
            """,
            "boss",
        )
