# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A guest checks out, in a real browser: the bill is printed, invoiced and posted."""

from odoo.tests import tagged

from .browser import ScreenCase
from .common import READER
from .test_rating import row

# Keeps what the browser asks for besides pages, with the answer's status.
WATCH = """
const answers = [];
const open = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function (method, url) {
    this.addEventListener("load", () => answers.push([String(url), this.status]));
    return open.apply(this, arguments);
};
const answered = (path) => answers.find(([url]) => url.includes(path));
"""


@tagged("post_install", "-at_install")
class TestScreensHotBill(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.room = cls._create_number("101", cls.customer, kind="extension")
        cls._forget_marks()
        cls._new_user("reception", READER, password="reception")

    def test_a_guest_checks_out(self):
        """Two calls of room 101 at 0.09; the one of the other number stays."""
        day = "2025-10-05 10:00:00"
        self._process(
            row("R1", caller="101", seconds=61, start=day),
            row("R2", caller="101", seconds=61, start="2025-10-06 10:00:00"),
            row("N1", called="600000099", start=day),
        )
        self._browse(
            "telecom_cdr.telecom_number_action",
            WATCH
            + """
            await click(".o_data_row td[name=display_name]", "101");
            const button = () => seen(".o_form_view button", "Hot bill");
            await wait(() => button() || seen(".o_button_more"));
            if (!button()) await click(".o_button_more");
            await click("button", "Hot bill");
            await wait(".modal [name=call_count]", "2");
            await wait(".modal [name=lines_html]", "0.18");
            await click(".modal button[name=action_print]", "Print with calls");
            const [, status] = await wait(() => answered("/report/download"));
            expect(status, 200);
            await click(".modal button[name=action_post]", "Invoice and post");
            await wait(".o_form_view .o_arrow_button_current", "Posted");
            """,
            "reception",
        )
        move = self.env["account.move"].search([("company_id", "=", self.company.id)])
        self.assertRecordValues(
            move,
            [{"state": "posted", "amount_untaxed": 0.18, "telecom_call_count": 2}],
        )
        self.assertEqual(
            {call.number_id: call.state for call in self._calls()},
            {self.room: "invoiced", self.number: "rated"},
        )
