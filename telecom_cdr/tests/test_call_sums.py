# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The sums of calls that margins are read from equal the calls, whatever happened."""

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.call_sums import KEYS, SUMS, fresh_sums, mark_parts
from .reconciliation_common import ReconciliationCommon
from .test_rating import row

SEEDS = range(6)
STEPS = 8
CALLED = ("912000001", "600000099", "00442079460001")
MANY = "odoo.addons.telecom_cdr.models.call_sums.MANY"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
COLUMNS = ("id", *KEYS, *SUMS)


@tagged("post_install", "-at_install")
class TestCallSums(ReconciliationCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.two = cls._create_customer("Customer Two")
        cls.second = cls._create_number("+34910000002", cls.two)
        cls.mobile = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        cls._forget_marks()

    # === WHAT IS COMPARED === #

    def _added_up(self):
        """Each call by itself, added up here: key -> id and sums."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT c.id, c.company_id, c.day, c.partner_id, c.number_id, c.carrier_id,
                   c.direction, c.service, c.category, c.visited_country_id IS NOT NULL,
                   c.destination_id, c.rate_id, c.cost_rate_id, c.rating_state,
                   EXISTS (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id),
                   c.currency_id, c.cost_currency_id, c.margin IS NOT NULL,
                   c.duration, c.bundle_duration, c.price::text, c.cost::text,
                   c.margin::text
              FROM telecom_call c WHERE c.company_id = %s ORDER BY c.id
            """,
            (self.company.id,),
        )
        sums = {}
        for (
            id_,
            company,
            day,
            *facts,
            seconds,
            covered,
            price,
            cost,
            margin,
        ) in self.env.cr.fetchall():
            # All amounts here are in euros: no day is needed.
            key = (company, day.replace(day=1), *facts, None)
            found = sums.setdefault(key, [id_, 0, 0, 0, None, None, None])
            found[1] += 1
            found[2] += seconds
            found[3] += covered or 0
            for place, amount in enumerate((price, cost, margin), 4):
                if amount is not None:
                    found[place] = (found[place] or Decimal(0)) + Decimal(amount)
        return sums

    def _told(self, query):
        """What a query of sums tells, the same way."""
        exact = SQL(", ").join(
            SQL("%s::text", SQL.identifier(name))
            if name in ("price", "cost", "margin")
            else SQL.identifier(name)
            for name in COLUMNS
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT %s FROM (%s) s WHERE company_id = %s",
                exact,
                query,
                self.company.id,
            )
        )
        told = {}
        for id_, *values in rows:
            key, (*whole, price, cost, margin) = (
                values[: len(KEYS)],
                values[len(KEYS) :],
            )
            amounts = [None if a is None else Decimal(a) for a in (price, cost, margin)]
            self.assertNotIn(tuple(key), told)
            told[tuple(key)] = [id_, *whole, *amounts]
        return told

    def _marks(self):
        return self.env.execute_query(
            SQL(
                "SELECT DISTINCT month, partner_id FROM telecom_call_sum_mark"
                " WHERE company_id = %s ORDER BY 1, 2",
                self.company.id,
            )
        )

    def _refresh(self):
        self._run_cron("sums")
        self.assertEqual(self._marks(), [])
        table = self._told(SQL("SELECT * FROM telecom_call_sum"))
        self.assertEqual(table, self._added_up())

    def assertEqualSums(self):
        told, added_up = self._told(fresh_sums(self.env)), self._added_up()
        wrong = {
            key: (told.get(key), added_up.get(key))
            for key in told.keys() | added_up.keys()
            if told.get(key) != added_up.get(key)
        }
        self.assertEqual(wrong, {})

    def assertEqualSummary(self):
        """The summary by customer, number and month, against the calls themselves."""
        summary = self.env["telecom.call.summary"].search(
            [("company_id", "=", self.company.id)]
        )
        told = {
            row.id: [
                row.call_count,
                row.duration,
                row.covered_duration,
                *(round(row[name], 6) for name in ("price", "cost", "margin")),
                row.to_invoice_count,
                round(row.to_invoice, 6),
                round(row.invoiced, 6),
            ]
            for row in summary
        }
        self.assertEqual(told, self._summary_of_calls())

    def _summary_of_calls(self):
        """The same by each call: the first one's id -> what they come to."""
        sums, first = {}, {}
        calls = self.env["telecom.call"].search(
            [("company_id", "=", self.company.id), ("partner_id", "!=", False)],
            order="id",
        )
        for call in calls:
            facts = (call.partner_id, call.number_id, call.carrier_id, call.direction)
            more = (call.service, call.category, call.currency_id)
            key = (*facts, *more, call.day.replace(day=1))
            open_price = call.price if call.state == "rated" else 0
            values = [1, call.duration, call.bundle_duration]
            values += [call.price, call.cost, call.margin, call.state == "rated"]
            values += [open_price, call.price if call.state == "invoiced" else 0]
            found = sums.setdefault(first.setdefault(key, call.id), [0] * len(values))
            sums[first[key]] = [a + b for a, b in zip(found, values, strict=True)]
        return {id_: [round(one, 6) for one in row] for id_, row in sums.items()}

    # === WHATEVER HAPPENS === #

    def test_random_lives_of_calls(self):
        """Files come and go, prices and holders change; now and then it is added up."""
        steps = (
            self._file_comes,
            self._file_comes,
            self._file_goes,
            self._price_changes,
            self._holder_changes,
            self._bundle_comes,
            self._call_goes,
            self._invoice_comes,
            self._invoice_goes,
        )
        for seed in SEEDS:
            chance = random.Random(seed)
            with self.subTest(seed=seed), patch(MANY, chance.choice((1, 200))):
                for _step in range(STEPS):
                    chance.choice(steps)(chance)
                    self.env.invalidate_all()
                    self.assertEqualSums()
                    self.assertEqualSummary()
                    if chance.random() < 0.4:
                        self._refresh()
                        self.assertEqualSums()
        self.assertTrue(self._added_up())

    def _file_comes(self, chance):
        rows = [
            row(
                f"{next(self.names)}",
                caller=chance.choice(("910000001", "910000002", "910000077")),
                called=chance.choice(CALLED),
                seconds=chance.choice((0, 30, 60, 125)),
                start=f"2026-{chance.choice((10, 11))}-05 10:00:00",
                amount=chance.choice(("", "0.013", "0.4")),
            )
            for _row in range(chance.randint(1, 12))
        ]
        self._process(*rows, name=f"{next(self.names)}.csv")

    def _file_goes(self, chance):
        billed = self._calls(("state", "=", "invoiced")).file_id
        files = self.source.file_ids.filtered(lambda f: f.state == "processed") - billed
        if files:
            chance.choice(files).action_revert()

    def _price_changes(self, chance):
        rate = self.env["telecom.rate"].search(
            [("tariff_id", "=", self.tariff.id), ("date_end", "=", False)]
        )[:1]
        rate._succeed("2026-01-01 00:00:00", {"price": chance.choice((0.01, 0.3))})
        self._run_cron("rate")

    def _holder_changes(self, chance):
        holder = chance.choice(self.customer + self.two)
        self.second.partner_id = holder
        self._run_cron("rate")

    def _bundle_comes(self, chance):
        bundle = self._create_bundle("B", {"seconds": chance.choice((30, 600))})
        self._give_bundle(bundle, chance.choice(self.customer + self.two))
        self._run_cron("rate")

    def _call_goes(self, chance):
        self._calls(("state", "!=", "invoiced"))[: chance.randint(0, 2)].unlink()

    def _invoice_comes(self, chance):
        """For one customer or both, of October or all."""
        customers = chance.choice((self.customer, self.two, self.customer + self.two))
        until = chance.choice((date(2026, 10, 31), date(2026, 11, 30)))
        self.env["telecom.invoicing"]._invoice(customers, OCTOBER, until)

    def _invoice_goes(self, chance):
        """A draft is deleted or cancelled."""
        drafts = self._calls().move_id.filtered(lambda move: move.state == "draft")
        if drafts:
            move = chance.choice(drafts)
            chance.choice((move.unlink, move.button_cancel))()

    # === ONE BY ONE === #

    def test_marks_are_narrow(self):
        """Customer and month; all of the month where they are many; nobody is 0."""
        self._process(
            row("1"),
            row("2", caller="910000002", start="2026-11-05 10:00:00"),
            row("3", caller="910000077"),
        )
        expected = [
            (OCTOBER, 0),
            (OCTOBER, self.customer.id),
            (NOVEMBER, self.two.id),
        ]
        self.assertEqual(self._marks(), sorted(expected))
        self._refresh()
        with patch(MANY, 1):
            parts = [(self.company.id, OCTOBER, one) for one in (5, 6)]
            parts.append((self.company.id, NOVEMBER, 7))
            mark_parts(self.env, parts)
        self.assertEqual(self._marks(), [(OCTOBER, None), (NOVEMBER, 7)])

    def test_rating_that_changes_nothing_marks_nothing(self):
        self._process(row("1"))
        self._refresh()
        self._calls().action_rate()
        self.assertEqual(self._marks(), [])

    def test_invoices_leave_marks(self):
        """What is invoiced, given back and taken again: at once, and added up anew."""
        self._process(row("1"), row("2", start="2026-11-05 10:00:00"))
        self._refresh()
        invoicing = self.env["telecom.invoicing"]
        move = invoicing._invoice(self.customer, OCTOBER, date(2026, 10, 31))
        for step, invoiced in (
            (None, 0.07),
            (move.button_cancel, 0),
            (move.button_draft, 0.07),
            (move.invoice_line_ids.unlink, 0),
        ):
            if step:
                step()
            self.env.invalidate_all()
            self.assertEqual(self._marks(), [(OCTOBER, self.customer.id)])
            self.assertEqualSums()
            self.assertEqualSummary()
            self._refresh()
            rows = self.env["telecom.call.summary"].search([])
            self.assertEqual(round(sum(rows.mapped("invoiced")), 6), invoiced)

    def test_calls_that_move_to_another_customer(self):
        """Both sides are added up anew."""
        self._process(row("1"), row("2", caller="910000002"))
        self._refresh()
        self.second.partner_id = self.customer
        self.second.date_start = False
        self._run_cron("rate")
        self.assertEqualSums()
        self._refresh()

    def test_months_of_who_has_calls_already(self):
        """A month comes to a customer of whom the same batch holds another month."""
        self._process(
            row("1"),
            row("2", caller="910000002", start="2026-11-05 10:00:00"),
        )
        self._refresh()
        self.second.date_end = "2026-11-01"
        self._create_number("+34910000002", self.customer, date_start="2026-11-01")
        self._run_cron("rate")
        self.assertIn((NOVEMBER, self.customer.id), self._marks())
        self.assertEqualSums()
        self._refresh()
        self.assertEqualSums()

    def test_merged_customers(self):
        self._process(row("1"), row("2", caller="910000002"))
        self._refresh()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer + self.two).ids, self.customer)
        self.env.invalidate_all()
        self.assertEqualSums()
        self._refresh()
        payers = {key[2] for key in self._added_up()}
        self.assertEqual(payers, {self.customer.id})

    def test_calls_of_the_orm(self):
        """Written without COPY: they count all the same."""
        self._process(row("1"))
        self._refresh()
        self._calls().write({"partner_id": self.two.id})
        self.env.flush_all()
        self.assertEqualSums()
        self._refresh()
        self._calls().unlink()
        self.assertEqual(self._told(fresh_sums(self.env)), {})

    def test_rows_keep_their_ids(self):
        """Between a click and its action calls may come, and sums be made anew."""
        self._process(row("1", amount="9"), row("2", amount="9"))
        margins = self.env["telecom.margin"].search([])
        losses = self.env["telecom.margin.loss"].search([])
        first = min(self._calls().ids)
        self.assertEqual((margins.ids, losses.ids), ([first], [first]))
        self._refresh()
        self._process(row("3", amount="9"), name="later.csv")
        self.env.invalidate_all()
        self.assertEqual(self.env["telecom.margin"].search([]), margins)
        self.assertEqual(self.env["telecom.margin.loss"].search([]), losses)
        self.assertEqual((margins.call_count, losses.call_count), (3, 3))

    def test_from_a_margin_to_its_calls(self):
        self._process(
            row("1", amount="0.01"),
            row("2", amount="0.01", start="2026-11-05 10:00:00"),
            row("3", called="600000099", amount="0.01"),
            row("4", caller="910000077", amount="0.01"),
        )
        self._refresh()
        rows = self.env["telecom.margin"].search([])
        self.assertEqual(len(rows), 4)
        found = defaultdict(int)
        for one in rows:
            domain = one.action_open_calls()["domain"]
            calls = self.env["telecom.call"].search(domain)
            self.assertEqual(min(calls.ids), one.id)
            self.assertEqual(len(calls), one.call_count)
            found[one.month] += len(calls)
        self.assertEqual(found, {OCTOBER: 3, NOVEMBER: 1})
        both = self.env["telecom.call"].search(rows.action_open_calls()["domain"])
        self.assertEqual(both, self._calls())
