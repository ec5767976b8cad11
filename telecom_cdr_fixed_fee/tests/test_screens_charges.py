# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A rental that nobody pays, solved from the workbench and invoiced, in a browser."""

from odoo.tests import tagged

from odoo.addons.telecom_cdr.tests.browser import ScreenCase
from odoo.addons.telecom_cdr.tests.common import MANAGER

from .common import FIRST, LAST, ChargeInvoicingCommon, charge_row


@tagged("post_install", "-at_install")
class TestScreensCharges(ChargeInvoicingCommon, ScreenCase):
    def test_an_unmatched_rental_is_solved_and_invoiced(self):
        self._new_user(
            "boss", f"{MANAGER},account.group_account_invoice", password="boss"
        )
        harbour = self._create_customer("Harbour Hotel")
        self._process_charges(
            charge_row("CIRC-1"), charge_row("CIRC-1", "EQ1"), charge_row(code="ZZ9")
        )
        self._browse(
            "telecom_cdr.telecom_waiting_action",
            """
            await wait(".o_group_header", "Charges without a customer");
            await wait(".o_data_row td[name=name]", "CIRC-1");
            await click("button[name=action_charge_rule]");
            const type = async (selector, text) => {
                const input = await wait(`.modal ${selector} input`);
                input.focus();
                input.value = text;
                input.dispatchEvent(new Event("input", {bubbles: true}));
                input.dispatchEvent(new Event("change", {bubbles: true}));
            };
            await wait(".modal [name=reference_pattern]");
            await type("[name=partner_id]", "Harbour");
            await click(".o-autocomplete--dropdown-item", "Harbour Hotel");
            await click(".modal button[name=action_apply]");
            await wait(() => !seen(".modal") && !seen(".o_data_row", "CIRC-1"));
            await click("button[name=action_charge_price]");
            await type("[name=price]", "8");
            await click(".modal button[name=action_take_up]");
            await wait(() => !seen(".modal") && !seen(".o_data_row", "ZZ9"));
            """,
            "boss",
        )
        rule = self.env["telecom.fee.rule"].search([])
        self.assertEqual((rule.reference_pattern, rule.charge_count), ("CIRC-1", 2))
        self.assertEqual(self._charges().mapped("state"), ["ready"] * 3)
        move = self.env["telecom.invoicing"]._invoice(harbour, FIRST, LAST)
        self.assertEqual(move.amount_untaxed, 27.0)

    def test_drift_opens_its_charges(self):
        self._new_user("boss", MANAGER, password="boss")
        self._process_charges(charge_row("CIRC-1"), charge_row("CIRC-2"))
        self._browse(
            "telecom_cdr_fixed_fee.telecom_fee_drift_action",
            """
            await wait(".o_group_header", "January 2026");
            await click(".o_group_header", "paid by nobody");
            await click(".o_data_row button[name=action_open]");
            await wait(".o_breadcrumb", "CIRC-1");
            await wait(".o_data_row td[name=reference]", "CIRC-1");
            expect(texts(".o_data_row td[name=reference]"), ["CIRC-1"]);
            """,
            "boss",
        )
        charge = self._charges(("reference", "=", "CIRC-1"))
        drift = self.env["telecom.fee.drift"].search([("reference", "=", "CIRC-1")])
        self.assertEqual((drift.cause, drift.charge_id), ("unpaid", charge))
        self.assertEqual(charge.search(drift.action_open()["domain"]), charge)
