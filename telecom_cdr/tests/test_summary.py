# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from .common import READER, USER, TelecomCommon
from .test_rating import row

INSIDER = f"{READER},telecom_cdr.group_telecom_cost"


@tagged("post_install", "-at_install")
class TestSummary(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.format.direction_rules = json.dumps(
            [{"column": "calling", "pattern": "^913", "direction": "incoming"}]
        )
        cls.two = cls._create_customer("Customer Two")
        cls._create_number("+34910000002", cls.two)
        cls._process(
            row("S1", seconds=60, amount="0.01"),
            row("S2", seconds=120, amount="0.01", start="2026-10-31 23:59:59"),
            row("S3", called="600000099", seconds=30, amount="0.02"),
            row("S4", seconds=60, start="2026-11-01 00:00:00"),
            row("S5", caller="910000002"),
            row("S6", caller="913000001", called="910000001", seconds=10),
            row("S7", caller="910000077"),
        )

    def _rows(self, *domain, user=None):
        summaries = self.env["telecom.call.summary"].with_user(user or self.env.user)
        domain = [("company_id", "=", self.company.id), *domain]
        return summaries.search(domain, order="month, partner_id, direction, category")

    def test_rows(self):
        """One per customer, number, direction, category, month; none without."""
        found = self._rows().mapped(
            lambda r: (
                r.partner_id.name,
                r.direction,
                r.category,
                str(r.month),
                r.call_count,
                r.duration,
                round(r.price, 6),
            )
        )
        self.assertEqual(
            sorted(found),
            [
                ("Customer One", "incoming", "landline", "2026-10-01", 1, 10, 0),
                ("Customer One", "outgoing", "landline", "2026-10-01", 2, 180, 0.16),
                ("Customer One", "outgoing", "landline", "2026-11-01", 1, 60, 0.07),
                ("Customer One", "outgoing", "mobile", "2026-10-01", 1, 30, 0.045),
                ("Customer Two", "outgoing", "landline", "2026-10-01", 1, 60, 0.07),
            ],
        )

    def test_costs_and_profit_are_for_insiders(self):
        insider = self._new_user("insider", INSIDER)
        mobile = self._rows(("category", "=", "mobile"), user=insider)
        self.assertEqual((mobile.cost, round(mobile.margin, 6)), (0.02, 0.025))
        reader = self._new_user("reader", READER)
        mobile = self._rows(("category", "=", "mobile"), user=reader)
        self.assertEqual(mobile.price, 0.045)
        for name in ("cost", "margin"):
            with self.assertRaises(AccessError):
                mobile.read([name])
            with self.assertRaises(AccessError):
                mobile.formatted_read_group([], ["category"], [f"{name}:sum"])

    def test_sums_are_those_of_the_calls(self):
        """What the view sums up equals what lies behind it."""
        calls = self.env["telecom.call"]
        for summary in self._rows():
            behind = calls.search(summary.action_open_calls()["domain"])
            self.assertEqual(len(behind), summary.call_count)
            self.assertEqual(sum(behind.mapped("duration")), summary.duration)
            self.assertAlmostEqual(sum(behind.mapped("price")), summary.price, 6)
            self.assertAlmostEqual(sum(behind.mapped("margin")), summary.margin, 6)

    def test_grouped_for_pivot_and_graph(self):
        groups = self.env["telecom.call.summary"].formatted_read_group(
            [("company_id", "=", self.company.id), ("direction", "=", "outgoing")],
            ["partner_id", "month:month"],
            ["call_count:sum", "price:sum"],
        )
        self.assertEqual(
            sorted(
                (g["partner_id"][1], g["call_count:sum"], round(g["price:sum"], 6))
                for g in groups
            ),
            [
                ("Customer One", 1, 0.07),
                ("Customer One", 3, 0.205),
                ("Customer Two", 1, 0.07),
            ],
        )

    def test_ids_stay_between_click_and_action(self):
        """A call that comes meanwhile makes no other row of a ticked one."""
        before = self._rows(("partner_id", "=", self.two.id))
        self._process(
            row("S8", caller="910000002", start="2026-10-09 10:00:00"), name="later.csv"
        )
        after = self._rows(("partner_id", "=", self.two.id))
        self.assertEqual(before.ids, after.ids)
        self.assertEqual(after.call_count, 2)

    def test_invoice_from_here(self):
        reader = self._new_user("reader", READER)
        chosen = self._rows(
            ("month", "=", "2026-10-01"), ("direction", "=", "outgoing"), user=reader
        )
        action = chosen.action_invoice()
        self.assertEqual(action["res_model"], "telecom.invoice.wizard")
        self.assertEqual(action["context"]["default_date_to"], date(2026, 10, 31))
        wizard = (
            self.env["telecom.invoice.wizard"]
            .with_user(reader)
            .with_context(**action["context"])
            .create({})
        )
        self.assertRecordValues(
            wizard,
            [
                {
                    "customer_count": 2,
                    "call_count": 4,
                    "amount": 0.28,
                    "waiting_count": 1,
                }
            ],
        )
        moves = self.env["account.move"].search(wizard.action_invoice()["domain"])
        self.assertEqual(moves.mapped("state"), ["draft"] * 2)
        self.assertEqual(
            sorted((m.partner_id.name, m.amount_untaxed) for m in moves),
            [("Customer One", 0.21), ("Customer Two", 0.07)],
        )
        self.env.invalidate_all()
        rows = self._rows(("direction", "=", "outgoing"))
        self.assertEqual(
            {str(r.month): r.to_invoice_count for r in rows.sorted("to_invoice_count")},
            {"2026-10-01": 0, "2026-11-01": 1},
        )

    def test_rate_from_here(self):
        rate = {"tariff_id": self.tariff.id, "prefix": "34912", "price": 0.6}
        self.env["telecom.rate"].create(rate)
        self._forget_marks()
        chosen = self._rows(("partner_id", "=", self.two.id))
        operator = self._new_user("operator", USER)
        shown = chosen.with_user(operator).action_rate()
        self.assertEqual(shown["params"]["message"], "1 calls have another result now.")
        self.env.invalidate_all()
        self.assertEqual(self._rows(("partner_id", "=", self.two.id)).price, 0.6)
        with self.assertRaises(AccessError):
            chosen.with_user(self._new_user("reader", READER)).action_rate()

    @freeze_time("2026-11-15 12:00:00")
    def test_wizard_proposes_the_month_before(self):
        wizard = self.env["telecom.invoice.wizard"].create({})
        self.assertEqual(str(wizard.date_to), "2026-10-31")
        self.assertEqual(str(wizard.date_from), "2026-10-01")
        self.assertEqual(wizard.customer_count, 2)
