# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls behind a row of margins, losses or sums are those that it counts."""

import json
import random

from odoo.tests import tagged

from .reconciliation_common import ReconciliationCommon
from .test_rating import row

HEADER = "start,calling,called,duration,amount,id,country\n"
SEEDS = range(3)
CALLED = ("0034912000001", "0034600000099", "00442079460001")
CALLERS = ("910000001", "910000002", "910000077")
# Rates of the pound are known of October 5 alone.
DAYS = ("2026-10-05", "2026-10-06", "2026-11-05")
GROUPINGS = (
    "month:month", "partner_id", "number_id", "carrier_id", "direction", "service",
    "category", "is_roaming", "destination_id", "rate_id", "cost_rate_id",
    "rating_state", "price_currency_id", "cost_currency_id",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestMarginCalls(ReconciliationCommon):
    """Two customers call from home and from abroad."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mapping = json.loads(cls.format.column_mapping)
        cls.format.column_mapping = json.dumps(
            {**mapping, "visited_country": "country"}
        )
        cls.two = cls._create_customer("Customer Two")
        cls._create_number("+34910000002", cls.two)
        cls.pound = cls.env.ref("base.GBP")
        cls.pound.active = True
        cls._set_rates(cls.pound, d05=0.5)
        cls._forget_marks()

    def _read(self, *rows):
        """Calls of rows and the countries that they were made in."""
        text = HEADER + "".join(f"{cells},{country}\n" for cells, country in rows)
        self._upload(text, f"{next(self.names)}.csv").action_process()

    def _mixed(self, seed):
        """Calls from here and abroad, with and without price, cost and margin."""
        chance = random.Random(seed)
        for currency in (False, self.pound, self.env.ref("base.EUR")):
            self.carrier.cost_tariff_id = currency and self._create_tariff(
                "Cost",
                {"price": chance.choice((0.01, 0.5)), "category": "mobile"},
                {"price": 0.04, "category": "landline"},
                currency_id=currency.id,
            )
            self._read(
                *(
                    (
                        row(
                            f"{next(self.names)}",
                            caller=chance.choice(CALLERS),
                            called=chance.choice(CALLED),
                            seconds=chance.choice((0, 30, 60, 125)),
                            start=f"{chance.choice(DAYS)} 10:00:00",
                            amount=chance.choice(("", "0.013", "0.4")),
                        ),
                        chance.choice(("", "", "fr")),
                    )
                    for _row in range(40)
                )
            )

    def _behind(self, rows):
        """The calls that one click on these rows opens."""
        return self.env["telecom.call"].search(rows.action_open_calls()["domain"])

    def assertSame(self, rows, calls):
        """The calls are those of the rows, each once."""
        self.assertEqual(len(calls), sum(rows.mapped("call_count")))
        self.assertEqual(sum(calls.mapped("duration")), sum(rows.mapped("duration")))

    def assertEachRow(self, model):
        """Row by row: calls, time, margin; together they are all calls once."""
        self.env.invalidate_all()
        rows = self.env[model].search([("company_id", "=", self.company.id)])
        seen = self.env["telecom.call"]
        for one in rows:
            calls = self._behind(one)
            self.assertSame(one, calls)
            self.assertEqual(min(calls.ids), one.id)
            self.assertFalse(calls & seen)
            if all(self._margins(calls)):
                self.assertAlmostEqual(sum(calls.mapped("margin")), one.margin, 6)
            seen |= calls
        self.assertSame(rows, self._behind(rows))
        return rows, seen

    def _margins(self, calls):
        """Whether each call has a margin: without rates of the day it has none."""
        self.env.cr.execute(
            "SELECT margin IS NOT NULL FROM telecom_call WHERE id = ANY(%s)",
            [calls.ids],
        )
        return [known for (known,) in self.env.cr.fetchall()]

    # === ROW BY ROW === #

    def test_roaming_is_a_row_of_its_own(self):
        """A minute of mobile from Spain, and two from France."""
        self._read(
            (row("1", called=CALLED[1], amount="0.01"), ""),
            (row("2", called=CALLED[1], seconds=120, amount="0.01"), "fr"),
        )
        rows = self.env["telecom.margin"].search([], order="is_roaming")
        self.assertRecordValues(
            rows,
            [
                {"is_roaming": False, "call_count": 1, "duration": 60, "margin": 0.08},
                {"is_roaming": True, "call_count": 1, "duration": 120, "margin": 0.17},
            ],
        )
        home, abroad = (self._behind(one) for one in rows)
        self.assertEqual((home.duration, abroad.duration), (60, 120))
        self.assertEqual(abroad.visited_country_id.code, "FR")

    def test_with_and_without_a_margin_is_one_row(self):
        """Of two calls that cost pounds, the rate of the day is known of one."""
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 0.01}, currency_id=self.pound.id
        )
        self._read(
            (row("1", called=CALLED[1], start="2026-10-05 10:00:00"), ""),
            (row("2", called=CALLED[1], start="2026-10-06 10:00:00"), ""),
        )
        self.assertEqual(self._margins(self._calls()), [True, False])
        rows = self.env["telecom.margin"].search([])
        self.assertEqual((len(rows), rows.call_count), (1, 2))
        self.assertEqual(self._behind(rows), self._calls())

    def test_whatever_the_calls_are(self):
        for seed in SEEDS:
            self._mixed(seed)
            for step in (None, "sums"):
                with self.subTest(seed=seed, step=step):
                    if step:
                        self._run_cron(step)
                    _rows, seen = self.assertEachRow("telecom.margin")
                    self.assertEqual(seen, self._calls())
                    self.assertEachRow("telecom.margin.loss")
                    _rows, seen = self.assertEachRow("telecom.call.summary")
                    self.assertEqual(seen, self._calls(("partner_id", "!=", False)))

    def test_whatever_they_are_grouped_by(self):
        """Each group's rows open as many calls as the group counts."""
        self._mixed(7)
        for grouping in GROUPINGS:
            groups = self.env["telecom.margin"]._read_group(
                [("company_id", "=", self.company.id)],
                [grouping],
                ["id:recordset", "call_count:sum", "duration:sum"],
            )
            with self.subTest(grouping=grouping):
                for _value, rows, count, duration in groups:
                    calls = self._behind(rows)
                    self.assertEqual(len(calls), count)
                    self.assertEqual(sum(calls.mapped("duration")), duration)
                self.assertEqual(sum(g[2] for g in groups), len(self._calls()))
