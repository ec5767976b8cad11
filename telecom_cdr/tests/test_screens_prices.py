# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices in a real browser: rate sheets, new prices, re-ratings, bundles, simulator."""

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import tagged

from .browser import ScreenCase
from .common import MANAGER, USER
from .test_rating import row

COST_MANAGER = f"{MANAGER},telecom_cdr.group_telecom_cost"
SHEET = """\
Destination,Prefix,Time band,Rate
Spain mobile,346,,0.10
Spain mobile,346,Night,0.04
United Kingdom,44,,0.02
Nowhere,45,Noon,0.02
"""
# Fill in a field of the form as a person does.
TYPING = """
const type = async (selector, text) => {
    const input = await wait(`${selector} input, ${selector} textarea`);
    input.focus();
    input.value = text;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    input.dispatchEvent(new Event("change", {bubbles: true}));
    input.blur();
};
const value = (name) => seen(`.o_field_widget[name=${name}]`)?.innerText.trim();
"""


@tagged("post_install", "-at_install")
class TestPriceScreens(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._new_user("manager", COST_MANAGER, password="manager")
        cls.seller = cls._new_user("seller", USER, password="seller")
        cls.files = {"prices.csv": SHEET}

    def _do(self, url, code, login="manager"):
        self._browse(url, TYPING + code, login)

    def _cost(self):
        cost = self._create_tariff("Cost", is_cost=True)
        self.carrier.cost_tariff_id = cost
        return cost

    def test_a_rate_sheet_from_upload_to_applied(self):
        cost = self._cost()
        self._night()
        self._do(
            f"/odoo/action-telecom_cdr.telecom_tariff_action/{cost.id}",
            """
            await click("button[name=action_import_rates]");
            const chooser = ".o_field_widget[name=content] input[type=file]";
            const input = await wait(() => document.querySelector(chooser));
            input.files = files().files;
            input.dispatchEvent(new Event("change", {bubbles: true}));
            const shown = () => seen(".o_field_widget[name=content] input")?.value;
            await wait(() => shown() === "prices.csv");
            await click("button[name=action_preview]", "Preview");
            await wait(".alert-warning", "Retail prices that would be below cost");
            expect(value("new_count"), "3");
            expect(value("broken_count"), "1");
            await click("button[name=action_open_lines]", "Broken");
            await wait(".o_data_row td[name=message]", "found 'Noon'");
            await click(".breadcrumb-item a", "prices.csv");
            await click("button[name=action_open_losses]");
            await wait(".o_data_row td[name=rate_text]", "Mobile");
            await click(".o_data_row button[name=action_open_customers]");
            await wait(".o_data_row, .o_kanban_record", "Customer One");
            await click(".breadcrumb-item a", "prices.csv");
            await click("button[name=action_confirm]", "Apply all the same");
            await click(".modal footer .btn-primary");
            await wait(".o_statusbar_status .o_arrow_button_current", "Applied");
            """,
        )
        self.assertRecordValues(
            cost.rate_ids.sorted(lambda one: (one.prefix, one.price)),
            [
                {"prefix": "346", "price": 0.04, "time_band_id": self.night.id},
                {"prefix": "346", "price": 0.10, "time_band_id": False},
                {"prefix": "44", "price": 0.02, "time_band_id": False},
            ],
        )
        sheet = cost.rate_sheet_ids
        self.assertEqual(
            (sheet.state, sheet.confirmed_by_id), ("applied", self.manager)
        )

    def _night(self):
        self.night = self.env["telecom.time.band"].create(
            {
                "name": "Night",
                "company_id": self.company.id,
                "line_ids": [(0, 0, {"hour_from": 22, "hour_to": 8})],
            }
        )

    def test_a_new_price_from_a_date(self):
        rate = self.tariff.rate_ids.filtered(lambda one: one.category == "mobile")
        self._process(row("N1", called="600000099", seconds=60))
        self._run_cron("rate")
        self._do(
            f"/odoo/action-telecom_cdr.telecom_rate_action/{rate.id}",
            """
            await click("button[name=action_new_price]");
            await click(".modal .o_field_widget[name=date_start] button");
            await type(".modal [name=date_start]", "01/01/2030 00:00:00");
            await type(".modal [name=price]", "0.12");
            await click(".modal footer .btn-primary");
            await wait(() => !seen(".modal"));
            """,
        )
        following = self.tariff.rate_ids.filtered(
            lambda one: one.category == "mobile" and one != rate
        )
        self.assertEqual(rate.price, 0.09)
        self.assertEqual(following.price, 0.12)
        self.assertTrue(rate.date_end)
        self.assertEqual(rate.date_end, following.date_start)

    def test_a_re_rating_from_selected_calls_to_undone(self):
        self._process(row("P1", called="600000099", seconds=60))
        rate = self.tariff.rate_ids.filtered(lambda one: one.category == "mobile")
        # As an accident would have it: without a mark, so that nothing rates again.
        self.env.cr.execute(
            "UPDATE telecom_rate SET price = 0.19 WHERE id = %s", [rate.id]
        )
        self._do(
            "telecom_cdr.telecom_call_all_action",
            """
            await click(".o_data_row .o_list_record_selector input");
            await click(".o_control_panel .o_cp_action_menus .dropdown-toggle");
            await click(".o-dropdown--menu .o_menu_item", "Propose a re-rating");
            await click("button[name=action_propose]", "Propose");
            await wait(".o_statusbar_status .o_arrow_button_current", "Proposed");
            expect(value("changed_count").includes("1"), true);
            await wait(".o_field_widget[name=difference]", "0.10");
            await click("button[name=action_apply]");
            await click(".modal footer .btn-primary");
            await wait(".o_statusbar_status .o_arrow_button_current", "Applied");
            await click("button[name=action_undo]");
            await wait(".o_statusbar_status .o_arrow_button_current", "Undone");
            """,
        )
        rerating = self.env["telecom.rerating"].search([], limit=1)
        self.assertEqual(rerating.state, "undone")
        self.assertEqual(rerating.changed_count, 1)
        self.assertEqual(self._calls().price, 0.09)

    def test_the_simulator_prices_a_pasted_list(self):
        calls = self.env["telecom.call"].search_count([])
        self._do(
            "telecom_cdr.telecom_price_simulator_action",
            r"""
            await click(".o_field_widget[name=mode] label", "A pasted list");
            await type(".o_field_widget[name=text]",
                "2026-10-05 10:00; +34910000001; +34600000099; 60\n" +
                "2026-10-05 10:05; +34910000001; +34600000099; 0:02:00\n" +
                "nonsense");
            await click("button[name=action_price]");
            const shown = ".o_telecom_simulation";
            await wait(`${shown} .alert-warning`, "Line 3");
            await wait(`${shown} tfoot`, "0.27");
            expect(texts(`${shown} tbody details`).length, 2);
            await wait(".o_form_status_indicator_buttons.invisible");
            """,
            "seller",
        )
        self.assertEqual(self.env["telecom.call"].search_count([]), calls)

    def test_a_seller_compares_bundles_and_gives_the_cheapest(self):
        last_month = fields.Date.today() - relativedelta(months=1, day=5)
        self._process(
            row("G1", called="600000099", seconds=6_000, start=f"{last_month} 10:00:00")
        )
        bundle = self._create_bundle("100 minutes", {"seconds": 6_000}, price=1)
        self._create_bundle("A lot", {"seconds": 600_000}, price=90)
        self._do(
            f"/odoo/res.partner/{self.customer.id}",
            """
            await click(".o_form_view .o_notebook .nav-link", "Telephony");
            await click("button[name=action_telecom_compare]");
            await click(".modal button[name=action_compare]");
            await wait(".modal .o_data_row td[name=name]", "100 minutes");
            const rows = [...document.querySelectorAll(".modal .o_data_row")];
            const best = rows.find((one) => one.innerText.includes("100 minutes"));
            expect(!!best.querySelector("[name=is_cheapest] input:checked"), true);
            best.querySelector("button[name=action_give]").click();
            await wait(".o_form_view .o_field_widget[name=bundle_id] input");
            await click(".o_form_button_save");
            await wait(".o_statusbar_status .o_arrow_button_current");
            """,
            "seller",
        )
        given = self.env["telecom.bundle.subscription"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(given.bundle_id, bundle)

    def test_an_explanation_with_cost_for_who_may_see_it(self):
        cost = self._create_tariff("Cost", {"price": 0.03}, is_cost=True)
        self.carrier.cost_tariff_id = cost
        file = self._process(row("E1", called="600000099", seconds=61))
        call = self.env["telecom.call"].search([("file_id", "=", file.id)])
        self.assertEqual((call.price, call.cost), (0.0915, 0.0305))
        self._do(
            "telecom_cdr.telecom_call_all_action",
            """
            await click(".o_data_row td[name=called_text]", "+34 600 00 00 99");
            await click("button[name=action_explain]");
            const page = await wait(".modal .o_telecom_explanation", "0.0915");
            for (const part of ["0.0305", "Cost"])
                if (!page.innerText.includes(part)) throw new Error(page.innerText);
            """,
        )
