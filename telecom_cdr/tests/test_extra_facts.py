# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Prices by what a file says beside the columns: regions, addresses, formulas."""

import json
from datetime import datetime

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.call_table import read_all_calls, read_calls
from ..models.rating_tables import load_tables
from .common import MANAGER, MAPPING, READER, USER, TelecomCommon
from .test_explanation import ExplanationMixin
from .test_rating import row

EXTRA = ("region", "source_address", "price_per_unit", "discount", "total_hours")
HEADER = "start,calling,called,duration,amount,id," + ",".join(EXTRA)
FORMULA = "price_per_unit * units * (1 - discount)"


@tagged("post_install", "-at_install")
class TestExtraFacts(ExplanationMixin, TelecomCommon):
    """Landline 0.02 a minute by 60/60 and 0.05 to connect: a minute is 0.07."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = {f"extra.{name}": name for name in EXTRA}
        cls.format.column_mapping = json.dumps({**MAPPING, **names})
        cls.reader = cls._new_user("reader", READER, tz="Europe/Madrid")
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.tariff.rounding_digits = 6
        cls._forget_marks()

    def _import(self, *facts, seconds=60):
        """A call for each, an hour after the other; the calls."""
        lines = [HEADER]
        for place, fact in enumerate(facts):
            start = f"2026-10-05 {place + 8:02}:00:00"
            cells = [str(fact.get(name, "")) for name in EXTRA]
            lines.append(f"{row(f'X{place}', seconds=seconds, start=start)},")
            lines[-1] += ",".join(cells)
        self._upload("\n".join(lines)).action_process()
        return self._calls()

    def _rate(self, **values):
        rate = self.env["telecom.rate"].create({"tariff_id": self.tariff.id, **values})
        self._forget_marks()
        return rate

    def _formula(self, formula=FORMULA):
        return self._rate(
            prefix="3491", method="formula", formula=formula, increments="60/60"
        )

    def _assert_stays(self, calls):
        """Rated again the calls are the same, and each explains its figure."""
        before = calls.mapped(lambda c: (c.price, c.rate_id, c.state))
        self.assertEqual(calls.action_rate(), 0)
        self.assertEqual(calls.mapped(lambda c: (c.price, c.rate_id, c.state)), before)
        for call in calls:
            self._explain_call(call, self.reader)

    def _propose(self):
        rerating = self.env["telecom.rerating"].with_user(self.manager)
        rerating = rerating.create({"name": "Test", "company_id": self.company.id})
        rerating.action_propose()
        self.env.invalidate_all()
        return rerating

    def _proposed(self, rerating):
        lines = self.env["telecom.rerating.call"].sudo()
        lines = lines.search([("rerating_id", "=", rerating.id)])
        return lines.sorted("call_id").mapped(lambda c: (c.old_price, c.new_price))

    def _needs(self):
        return load_tables(self.env, self.company).book.needs_extra

    # === WHAT IS CHOSEN === #

    def test_region(self):
        rate = self._rate(region_pattern="^NORTH$", price=0.5)
        calls = self._import({"region": "NORTH"}, {"region": "NORTHWEST"}, {})
        self.assertEqual(calls.mapped("price"), [0.5, 0.07, 0.07])
        self.assertEqual(calls[0].rate_id, rate)
        self._assert_stays(calls)
        self.assertIn("rules come first", self._explain_call(calls[0], self.reader))

    def test_a_new_region_rule_prices_stored_calls(self):
        calls = self._import({"region": "NORTH"}, {"region": "SOUTH"})
        self.assertEqual(calls.mapped("price"), [0.07, 0.07])
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "region_pattern": "^S", "price": 0.5}
        )
        self._run_cron("rate")
        self.assertEqual(calls.mapped("price"), [0.07, 0.5])

    def test_source_address(self):
        gateway = self._create_tariff("Gateway", {"price": 0.3})
        self.env["telecom.tariff.assignment"].create(
            {"tariff_id": gateway.id, "source_address": "192.0.2.7"}
        )
        self._forget_marks()
        calls = self._import(
            {"source_address": "192.0.2.7"}, {"source_address": "192.0.2.70"}, {}
        )
        self.assertEqual(calls.mapped("price"), [0.3, 0.07, 0.07])
        self._assert_stays(calls)
        page = self._explain_call(calls[0], self.reader)
        self.assertIn("Gateway: the tariff of the address 192.0.2.7.", page)

    # === WHAT IS COMPUTED === #

    def test_formula(self):
        """2 started minutes: 2 × 0.0123 × 0.875 = 0.021525."""  # noqa: RUF002
        self._formula()
        calls = self._import(
            {"price_per_unit": "0.0123", "discount": "0.125"},
            {"price_per_unit": "0.0123", "discount": "12.5%"},
            {"price_per_unit": "0.0123", "discount": "0"},
            seconds=90,
        )
        self.assertEqual(calls.mapped("price"), [0.021525, 0.021525, 0.0246])
        self._assert_stays(calls)
        page = self._explain_call(calls[0], self.reader)
        self.assertIn("price_per_unit = 0.0123, units = 2, discount = 0.125", page)

    def test_hours_and_all_digits(self):
        """Neither a float nor a whole number has them: 1.5 h at 1234567.123456789."""
        self._formula("(price_per_unit - 1234567) * total_hours * 10000")
        [call] = self._import(
            {"price_per_unit": "1234567.123456789", "total_hours": "1.5"}
        )
        self.assertEqual(call.price, 1851.851835)
        self._assert_stays(call)

    def test_what_is_no_number_is_missing(self):
        self._formula()
        good = {"price_per_unit": "0.05", "discount": "0"}
        calls = self._import(
            good,
            {**good, "price_per_unit": "free"},
            {**good, "price_per_unit": "0.00000000001"},
            {**good, "discount": "1e30"},
            {"price_per_unit": "0.05"},
        )
        self.assertEqual(calls.mapped("state"), ["rated", *["unrated"] * 4])
        self.assertEqual(set(calls[1:].mapped("rating_reason")), {"formula"})
        self.assertEqual(calls[0].price, 0.05)
        self._assert_stays(calls[0])
        self.assertEqual(calls.action_rate(), 0)

    # === ALL OTHER WAYS TO A PRICE === #

    def test_proposal(self):
        """A mark-up of 10 % on what the file says; applied, then nothing is left."""
        rate = self._formula()
        [call] = self._import({"price_per_unit": "0.05", "discount": "0"})
        formula = f"({FORMULA}) * 1.1"
        rate._succeed("2026-10-01 00:00:00", {"formula": formula})
        self._forget_marks()
        rerating = self._propose()
        self.assertEqual(self._proposed(rerating), [(0.05, 0.055)])
        rerating.action_apply()
        self.env.invalidate_all()
        self.assertEqual(call.price, 0.055)
        self.assertEqual(self._proposed(self._propose()), [])

    def test_with_a_bundle(self):
        """60 of 90 s are covered; the rest is a minute by the rule of the region."""
        self._give_bundle(self._create_bundle("B", {"seconds": 60}), self.customer)
        self._rate(region_pattern="^NORTH$", price=0.5, increments="60/60")
        calls = self._import({"region": "NORTH"}, {"region": "SOUTH"}, seconds=90)
        self.assertEqual(calls.mapped("price"), [0.5, 0.09])
        self._assert_stays(calls)
        self.assertEqual(self._proposed(self._propose()), [])

    def test_simulator_and_sample_calls(self):
        self._formula()
        more = "price_per_unit: 0,0123\ndiscount: 12.5 %"
        values = {
            "start_at": datetime(2026, 10, 5, 8),  # noqa: DTZ001 in UTC
            "called_number": "912000001",
            "duration": 90,
            "tariff_id": self.tariff.id,
            "more": more,
        }
        simulator = self.env["telecom.price.simulator"].with_user(self.reader)
        page = self._text(str(simulator.create(values).result))
        self.assertIn("0.021525 €", page)
        self.assertIn("discount = 0.125", page)
        page = self._text(str(simulator.create({**values, "more": ""}).result))
        self.assertIn("has no value for this call", page)
        golden = self.env["telecom.golden.call"].create(
            {**values, "expected_price": 0.021525}
        )
        golden.action_check()
        self.assertEqual(golden.state, "passed")
        golden.more = "price_per_unit: 0.0123"
        golden.action_check()
        self.assertEqual(golden.state, "unpriced")

    def test_a_call_kept_as_a_sample(self):
        self._formula()
        [call] = self._import(
            {"price_per_unit": "0.0123", "discount": "0.125", "region": "NORTH"},
            seconds=90,
        )
        action = call.with_user(self.operator).action_keep_as_sample()
        golden = self.env["telecom.golden.call"].browse(action["res_id"])
        self.assertEqual(
            (golden.more, golden.state, golden.expected_price),
            (
                "discount: 0.125\nprice_per_unit: 0.0123\nregion: NORTH",
                "passed",
                0.021525,
            ),
        )

    # === WHAT IT COSTS === #

    def test_facts_are_read_only_where_they_count(self):
        self.assertEqual(self._needs(), frozenset())
        self._formula()
        self._rate(region_pattern="^N", price=1)
        wanted = {"price_per_unit", "discount", "region"}
        self.assertEqual(self._needs(), frozenset(wanted))
        self._import({"price_per_unit": "0.05", "region": "ÑORTE \\ x"})
        ids = SQL(
            "(SELECT id FROM telecom_call WHERE company_id = %s)", self.company.id
        )
        for read in (read_calls, read_all_calls):
            self.assertNotIn("extra", read(self.env, ids, 0, 10))
            [text] = read(self.env, ids, 0, 10, with_extra=True)["extra"]
            self.assertEqual(json.loads(text), self._calls().extra)
