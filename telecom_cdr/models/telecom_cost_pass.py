# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

import pandas as pd

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.periods import month_starts
from ..engine.pipeline import (
    STORED_COST,
    cost_of_month,
    counts_costs,
    match_calls,
    price_calls,
)
from ..engine.pricing.month import KEYS, TOTALS, counts_months, sums_behind
from ..engine.pricing.rating import cost_totals
from .call_secret import is_frozen, is_open
from .call_table import read_calls, wanted_by
from .customer_periods import next_period
from .rating_tables import load_tables
from .table_frames import read_frame
from .telecom_rating import encoded

EVERYTHING = 10**9
# Calls that are costed in one step, where an hour has no more.
SLICE = 50_000
HOUR = timedelta(hours=1)
FROZEN = is_frozen("c")
SUMS = {name: "datetime64[s]" if name == "period_start" else "int64" for name in TOTALS}


class TelecomCostPass(models.Model):
    """A carrier's month whose costs are to be computed anew, call after call.

    Where a cost tariff has tiers of the month, what a call costs depends on all calls
    of the carrier before it, whoever made them. An import only marks the month; the
    pass goes through it by the hour, in the order of time, whatever the order of the
    files was. Costs come first: prices and margins may depend on them.

    The cost of invoiced calls stays. What they counted for does, too: the other calls
    come behind them.
    """

    _name = "telecom.cost.pass"
    _description = "Costs of a Month to Compute"
    _order = "id"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    carrier_id = fields.Many2one("telecom.carrier", required=True, ondelete="cascade")
    period_start = fields.Date(required=True)
    done_until = fields.Datetime(
        help="Calls that began before are done: an interrupted run goes on there."
    )

    # === WHAT IS TO BE COMPUTED === #

    @api.model
    def _mark_frame(self, company, calls):
        """Mark the months of calls that were just costed: carrier_id, day."""
        counting = self._counting_carriers(company)
        calls = calls[calls["carrier_id"].isin(counting)]
        if calls.empty:
            return
        starts = pd.Series(month_starts(calls["day"]), index=calls.index)
        pairs = pd.DataFrame({"carrier": calls["carrier_id"], "start": starts})
        rows = pairs.drop_duplicates().itertuples(index=False)
        self._insert(company.id, [(int(one), start.date()) for one, start in rows])

    @api.model
    def _mark_calls(self, condition):
        """Mark the months of stored calls ``c`` under an SQL condition."""
        counting = self._counting_carriers()
        if not counting:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT c.company_id, c.carrier_id,"
                " date_trunc('month', c.day)::date FROM telecom_call c"
                " WHERE c.carrier_id = ANY(%s) AND %s",
                counting,
                condition,
            )
        )
        for company_id in {row[0] for row in rows}:
            own = [row[1:] for row in rows if row[0] == company_id]
            self._insert(company_id, own)

    @api.model
    def _counting_carriers(self, company=None):
        """Ids of carriers whose cost tariffs, or those these ask, count a month."""
        own = SQL("c.company_id = %s", company.id) if company else SQL("TRUE")
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE tiered AS (
                    SELECT DISTINCT r.tariff_id FROM telecom_rate_tier k
                      JOIN telecom_rate r ON r.id = k.rate_id
                     WHERE k.kind = 'volume' AND r.volume_unit IS NOT NULL),
                asked AS (
                    SELECT c.id AS carrier_id, c.cost_tariff_id AS tariff_id
                      FROM (SELECT id, company_id, cost_tariff_id
                              FROM telecom_carrier
                             UNION
                            SELECT carrier_id, company_id, tariff_id
                              FROM telecom_earlier_tariff
                             WHERE carrier_id IS NOT NULL) AS c
                     WHERE %s AND EXISTS (SELECT FROM tiered)
                     UNION
                    SELECT a.carrier_id, t.parent_id
                      FROM asked a JOIN telecom_tariff t ON t.id = a.tariff_id)
                SELECT DISTINCT carrier_id FROM asked JOIN tiered USING (tariff_id)
                """,
                own,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _insert(self, company_id, pairs):
        """Mark (carrier, month) pairs, each with a row of its own.

        An import never waits for a pass that is at work on the same month: that knows
        the rows that were there when it began, and another one follows.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO telecom_cost_pass (company_id, carrier_id, period_start)"
            " SELECT %s, * FROM unnest(%s::int[], %s::date[])",
            (company_id, [pair[0] for pair in pairs], [pair[1] for pair in pairs]),
        )
        self.invalidate_model()

    # === THE PASS === #

    @api.model
    def _run(self, company):
        """Compute the marked months of a company.

        :return: number of calls that were written
        """
        passes = self.sudo().search([("company_id", "=", company.id)])
        if not passes:
            return 0
        tables = load_tables(self.env, company)
        months = passes.grouped(lambda one: (one.carrier_id, one.period_start))
        return sum(same._compute_month(tables) for same in months.values())

    def _compute_month(self, tables):
        """Go through the month of these marks, slice by slice, each a step of its own.

        What came while an earlier run was at it may lie before where that was.
        """
        head = self[0]
        if not head.try_lock_for_update():
            return 0  # somebody else is at it
        if len(self) > 1:
            head.done_until = False
            (self - head).unlink()
        changed = 0
        for written in head._compute_slices(tables):
            changed += written
            self.env["telecom.file"]._commit_step()
            if not head.try_lock_for_update():
                return changed
        head.unlink()
        self.env["telecom.file"]._commit_step()
        return changed

    def _compute_slices(self, tables):
        """Cost what is left of the month, hour after hour; how many calls it changes.

        Nothing is left to do where the cost does not go by the month any more: then
        each call has been costed by itself.
        """
        if not counts_costs(tables, self.carrier_id.id):
            return
        before, total = self._sums_before(self.done_until), self._total(tables)
        for span in self._slices(self.done_until):
            calls = self._matched(tables, span)
            costed = self._costed(calls, tables, before, total)
            before = pd.concat([before, cost_totals(costed, tables.book)])
            before = before.groupby(KEYS, as_index=False)["quantity"].sum()
            self.done_until = span[1]
            yield self._write_costs(costed, tables)

    def _costed(self, calls, tables, before, total):
        """Calls of the month with their cost, behind what others count for."""
        alone = None if total is None else self._alone(calls, tables)
        behind = sums_behind(tables.book, before, total, alone)
        return cost_of_month(calls, self.carrier_id.id, tables, behind)

    def _write_costs(self, costed, tables):
        """Give calls whose cost has changed the cost, and the price that follows."""
        names = [name.removeprefix("stored_") for name in STORED_COST]
        new = costed[names].set_axis([*STORED_COST], axis=1).astype(object)
        old = costed[[*STORED_COST]].astype(object)
        is_same = (new == old) | (new.isna() & old.isna())
        calls = costed.assign(**costed[names].set_axis([*STORED_COST], axis=1))
        calls = calls[~is_same.fillna(False).all(axis=1)]
        if calls.empty:
            return 0
        rated = price_calls(calls, self.carrier_id.id, tables)
        rating = self.env["telecom.rating"]
        return rating._write_results(self.company_id, encoded(rated), with_costs=True)

    # === WHAT THE MONTH HOLDS === #

    def _own_calls(self):
        """SQL: calls ``c`` of this carrier and month, found by the time they began."""
        end = next_period(self.period_start)
        return SQL(
            "c.company_id = %(company)s AND c.carrier_id = %(carrier)s"
            " AND c.day >= %(start)s AND c.day < %(end)s"
            " AND c.start_at >= %(start)s::timestamp - interval '1 day'"
            " AND c.start_at < %(end)s::timestamp + interval '1 day'",
            company=self.company_id.id,
            carrier=self.carrier_id.id,
            start=self.period_start,
            end=end,
        )

    def _slices(self, after=None):
        """Spans of time of as many whole hours as a step may take, in order."""
        hours = self.env.execute_query(
            SQL(
                "SELECT date_trunc('hour', c.start_at), count(*) FROM telecom_call c"
                " WHERE %s AND %s AND %s GROUP BY 1 ORDER BY 1",
                self._own_calls(),
                SQL("c.start_at >= %s", after) if after else SQL("TRUE"),
                is_open("c"),
            )
        )
        spans, held = [], 0
        for hour, count in hours:
            if spans and held + count <= SLICE:
                spans[-1] = (spans[-1][0], hour + HOUR)
                held += count
            else:
                spans.append((hour, hour + HOUR))
                held = count
        return spans

    def _matched(self, tables, span):
        """The calls of a span that are not invoiced, matched, with their cost."""
        own = SQL(
            "(SELECT c.id FROM telecom_call c WHERE %s AND c.start_at >= %s"
            " AND c.start_at < %s)",
            self._own_calls(),
            *span,
        )
        calls = read_calls(self.env, own, 0, EVERYTHING, **wanted_by(tables))
        return match_calls(calls, self.carrier_id.id, tables)

    def _sums_before(self, until=None):
        """What calls count for that are invoiced, or done: as stored with them."""
        sums = read_frame(
            self.env,
            SQL(
                """
                SELECT r.id AS rate_id,
                       CASE r.volume_scope WHEN 'number' THEN COALESCE(c.number_id, 0)
                            ELSE c.carrier_id END AS owner_id,
                       %s::date AS period_start,
                       sum(split_part(x.part, ':', 3)::bigint)::bigint AS quantity
                  FROM telecom_call c,
                       regexp_split_to_table(c.cost_tier_parts, ' ') AS x(part)
                  JOIN telecom_rate r ON r.id = split_part(x.part, ':', 1)::int
                 WHERE %s AND (%s OR %s)
              GROUP BY 1, 2
                """,
                self.period_start,
                self._own_calls(),
                SQL("c.start_at < %s", until) if until else SQL("FALSE"),
                FROZEN,
            ),
        )
        return sums.astype(SUMS)[list(TOTALS)]

    def _total(self, tables):
        """What all calls of the month count for; None where no rate goes by that."""
        terms = tables.carriers[self.carrier_id.id]
        tariffs = terms.cost_tariffs
        if not any(counts_months(tables.book, one, "whole") for one in tariffs):
            return None
        parts = [self._sums_before()]
        for span in self._slices():
            parts.append(self._alone(self._matched(tables, span), tables))
        return pd.concat(parts).groupby(KEYS, as_index=False)["quantity"].sum()

    def _alone(self, calls, tables):
        """What some calls count for, wherever they stand."""
        costed = cost_of_month(calls, self.carrier_id.id, tables, None)
        return cost_totals(costed, tables.book)
