# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

import numpy as np
import pandas as pd

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.periods import period_starts
from ..engine.pipeline import deal_out, match_calls, price_calls
from ..engine.pricing.month import month_rates
from ..engine.pricing.rating import tier_totals
from .call_secret import is_frozen
from .call_table import read_calls, update_calls, wanted_by
from .customer_periods import next_period, period_start_sql
from .rating_tables import load_tables
from .table_frames import read_frame

EVERYTHING = 10**9


class TelecomBundlePass(models.Model):
    """A customer's period whose allowances are to be dealt out anew.

    What a call takes from a bundle depends on the calls before it, so an import
    only marks the period: a month that begins on the customer's billing day. The
    pass then takes all calls of the period in the order of their start, whatever
    the order of the files was.

    Each mark is a row of its own: an import never waits for a pass that is at work on
    the same period, nor leans on a mark that is about to go. A pass forgets the marks
    that it saw before it read the calls; what came since has another one.
    """

    _name = "telecom.bundle.pass"
    _description = "Allowances to Deal Out"
    _order = "id"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    period_start = fields.Date(required=True)

    @api.model
    def _mark_frame(self, company, calls):
        """Mark the periods of calls that were just rated, and what they cost."""
        self.env["telecom.cost.pass"]._mark_frame(company, calls)
        rated = calls[(calls["partner_id"] != 0) & calls["rate_id"].ne(0)]
        if rated.empty or not self._has_bundles(company):
            return
        pairs = self._periods(company, rated["partner_id"], rated["day"])
        self._insert_frame(company, pairs)

    @api.model
    def _periods(self, company, partner_ids, days):
        """The period of each customer and day: partner_id, period_start."""
        partner_ids = partner_ids.to_numpy(dtype="int64")
        known, place = np.unique(partner_ids, return_inverse=True)
        own = dict(
            self.env.execute_query(
                SQL(
                    "SELECT id, telecom_billing_day FROM res_partner"
                    " WHERE telecom_billing_day > 0 AND id = ANY(%s)",
                    known.tolist(),
                )
            )
        )
        usual = company.sudo().telecom_billing_day
        billing_days = np.array([own.get(one, usual) for one in known.tolist()])
        starts = period_starts(days, billing_days.astype("int64")[place])
        return pd.DataFrame({"partner_id": partner_ids, "period_start": starts})

    @api.model
    def _insert_frame(self, company, pairs):
        """Mark the periods of a table that has a customer."""
        pairs = pairs[pairs["partner_id"] != 0].drop_duplicates()
        days = [one.date() for one in pairs["period_start"]]
        return self._insert(
            company, list(zip(pairs["partner_id"].tolist(), days, strict=True))
        )

    @api.model
    def _mark_calls(self, condition):
        """Mark periods and costs of stored calls ``c`` under an SQL condition."""
        self.env["telecom.cost.pass"]._mark_calls(condition)
        self._mark_periods(condition)

    @api.model
    def _mark_periods(self, condition):
        """Mark the periods of stored calls ``c`` under an SQL condition."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT c.company_id, c.partner_id, c.day FROM telecom_call c"
                " WHERE c.partner_id IS NOT NULL AND %s",
                condition,
            )
        )
        for company_id in {row[0] for row in rows}:
            company = self.env["res.company"].browse(company_id)
            self._insert(company, [row[1:] for row in rows if row[0] == company_id])

    @api.model
    def _mark_partners(self, condition):
        """Mark all periods of customers whose periods are others than before.

        :param condition: SQL condition of their calls ``c``
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "DELETE FROM telecom_bundle_pass b USING telecom_call c"
                " WHERE c.company_id = b.company_id AND c.partner_id = b.partner_id"
                " AND %s",
                condition,
            )
        )
        self.invalidate_model()
        self._mark_periods(condition)
        self._trigger()

    @api.model
    def _trigger(self):
        cron = self.env.ref("telecom_cdr.ir_cron_telecom_rate", False)
        if cron:
            cron.sudo()._trigger()

    @api.model
    def _has_bundles(self, company):
        """Whether what a call costs may depend on others: bundles, monthly tiers."""
        [(found,)] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM telecom_bundle_subscription"
                " WHERE company_id = %(company)s) OR EXISTS (SELECT FROM"
                " telecom_bundle_draw WHERE company_id = %(company)s)"
                " OR %(has_tiers)s",
                company=company.id,
                has_tiers=self._has_tiers(SQL("%s", company.id)),
            )
        )
        return found

    @api.model
    def _take_over(self, company, calls):
        """Mark the periods of matched calls, and tell which calls the pass writes.

        A call that comes to another customer changes the periods of both. It is
        written by whoever matched it, or the pass would not find it; what it took
        from a bundle is given back.

        :return: two bool arrays: calls of another customer than before; calls to be
            left to the pass
        """
        ids = [int(id_) for id_ in calls["id"]]
        stored = self._stored_days(ids).loc[ids]
        before = self._periods(company, stored["partner_id"], stored["day"])
        after = self._periods(company, calls["partner_id"], stored["day"])
        self._insert_frame(company, pd.concat([before, after]))
        moving = (before["partner_id"] != after["partner_id"]).to_numpy()
        self._give_back(calls["id"][moving])
        return moving, self._is_marked(company, after) & ~moving

    @api.model
    def _stored_days(self, call_ids):
        """Customer (0: none) and local day of stored calls, by id."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, COALESCE(partner_id, 0), day"
                " FROM telecom_call WHERE id = ANY(%s)",
                call_ids,
            )
        )
        frame = pd.DataFrame(rows, columns=["id", "partner_id", "day"])
        types = {"id": "int64", "partner_id": "int64", "day": "datetime64[s]"}
        return frame.astype(types).set_index("id")

    @api.model
    def _is_marked(self, company, pairs):
        """Tell which rows of a table of periods are to be dealt out (bool array)."""
        marked = read_frame(
            self.env,
            SQL(
                "SELECT DISTINCT partner_id, period_start, TRUE AS is_marked"
                " FROM telecom_bundle_pass WHERE company_id = %s",
                company.id,
            ),
            {"partner_id": "int64", "period_start": "datetime64[s]"},
        )
        found = pairs.merge(marked, "left", ["partner_id", "period_start"])
        return found["is_marked"].notna().to_numpy()

    @api.model
    def _give_back(self, call_ids):
        """Take back what these calls took from bundles."""
        if not call_ids.empty:
            self.env.cr.execute(
                "DELETE FROM telecom_bundle_draw WHERE call_id = ANY(%s)",
                ([int(id_) for id_ in call_ids],),
            )
            self.env["telecom.bundle.draw"].invalidate_model()

    def _insert(self, company, pairs):
        """Mark the periods of (customer, day) pairs of customers that have a bundle.

        :return: the marks
        """
        if not pairs:
            return self.browse()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO telecom_bundle_pass (company_id, partner_id, period_start)
                SELECT m.company_id, m.partner_id, m.period_start
                  FROM (SELECT DISTINCT co.id AS company_id, p.id AS partner_id,
                               %(period_start)s AS period_start
                          FROM unnest(%(partners)s::int[], %(days)s::date[])
                               AS x(partner_id, day)
                          JOIN res_partner p ON p.id = x.partner_id
                          JOIN res_company co ON co.id = %(company)s) m
                 WHERE %(is_dealt_out)s
             RETURNING id
                """,
                period_start=period_start_sql(SQL("x.day")),
                partners=[pair[0] for pair in pairs],
                days=[pair[1] for pair in pairs],
                company=company.id,
                is_dealt_out=self._is_dealt_out(),
            )
        )
        return self.browse([row[0] for row in rows])

    @api.model
    def _is_dealt_out(self):
        """SQL: the period ``m`` of a customer has something to deal out."""
        return SQL(
            """
            EXISTS (
                   SELECT FROM telecom_bundle_subscription s
                     JOIN res_partner p ON p.id = s.partner_id
                    WHERE p.commercial_partner_id = m.partner_id
                      AND s.company_id = m.company_id)
                OR EXISTS (SELECT FROM telecom_bundle_draw) AND EXISTS (
                   SELECT FROM telecom_call c
                     JOIN telecom_bundle_draw d ON d.call_id = c.id
                    WHERE c.partner_id = m.partner_id
                      AND c.company_id = m.company_id AND c.day >= m.period_start
                      AND c.day < m.period_start + interval '1 month'
                      -- By the index of customers: local days, a day more each way.
                      AND c.start_at >= m.period_start - interval '1 day'
                      AND c.start_at < m.period_start + interval '1 month 1 day')
                OR %s
            """,
            self._has_tiers(SQL("m.company_id")),
        )

    @api.model
    def _has_tiers(self, company):
        """SQL: a company has prices that depend on the calls of the month before."""
        return SQL(
            "EXISTS (SELECT FROM telecom_rate r WHERE r.company_id = %s"
            " AND r.volume_unit IS NOT NULL)",
            company,
        )

    @api.model
    def _run(self, company, partners=None, counted=()):
        """Deal out the marked periods of a company, each a step of its own.

        What calls cost comes first: their prices may depend on it.

        :param counted: ids of calls whose change is counted already
        :return: number of other calls whose result has changed
        """
        changed = self.env["telecom.cost.pass"]._run(company)
        domain = Domain("company_id", "=", company.id)
        if partners is not None:
            domain &= Domain("partner_id", "in", partners.ids)
        passes = self.sudo().search(domain, order="partner_id, period_start")
        if not passes:
            return changed
        tables = load_tables(self.env, company)
        return changed + sum(
            self._deal_out_customer(partner, of_partner, tables, counted)
            for partner, of_partner in passes.grouped("partner_id").items()
        )

    @api.model
    def _deal_out_customer(self, partner, passes, tables, counted=()):
        """Deal out a customer's marked periods, in order.

        What is left of a period may be carried over, so later ones may follow.
        """
        company = passes.company_id
        carry = self.env["telecom.bundle.carry"].sudo()
        is_rolling = carry._is_rolling(company, partner)
        changed = 0
        if is_rolling:
            passes |= carry._refresh(company, partner)
        while passes:
            by_period = passes.grouped("period_start")
            first = min(by_period)
            same = by_period[first]
            passes -= same
            if is_rolling:
                bundles = carry._bundles_to_deal(company, partner, first)
                tables = replace(tables, bundles=bundles)
            changed += same[0]._deal_out(tables, counted)
            same.unlink()
            if is_rolling:
                passes |= carry._refresh(company, partner)
            self.env["telecom.file"]._commit_step()
        return changed

    def _deal_out(self, tables, counted=()):
        """Cover the calls of one customer and period, and write what differs."""
        self.ensure_one()
        changed = 0
        self._place_frozen_draws()
        calls = self._rated_calls(tables)
        if not calls.empty:
            frozen = (self._frozen_draws(), self._frozen_tiers(tables))
            rated, draws = deal_out(calls, tables, *frozen)
            is_counted = rated["id"].isin(counted)
            changed = update_calls(self.env, rated[~is_counted])
            update_calls(self.env, rated[is_counted])
            self._write_draws(rated, draws)
        return changed

    def _own_calls(self):
        """SQL: calls ``c`` of this customer and period."""
        return SQL(
            "c.company_id = %s AND c.partner_id = %s AND c.day >= %s AND c.day < %s",
            self.company_id.id,
            self.partner_id.id,
            self.period_start,
            next_period(self.period_start),
        )

    def _rated_calls(self, tables):
        """The period's calls that are not invoiced, matched and costed."""
        own = SQL("(SELECT c.id FROM telecom_call c WHERE %s)", self._own_calls())
        calls = read_calls(self.env, own, 0, EVERYTHING, **wanted_by(tables))
        return calls if calls.empty else self._matched(calls, tables)

    @api.model
    def _matched(self, calls, tables):
        """Stored calls of any carriers, matched and costed."""
        parts = []
        for carrier_id, group in calls.groupby("carrier_id", sort=True):
            matched = match_calls(group, int(carrier_id), tables)
            costed = price_calls(matched, int(carrier_id), tables)
            cost = [name for name in costed if name.startswith("cost_")]
            parts.append(costed[[*matched.columns, *cost]])
        return pd.concat(parts)

    def _frozen_calls(self):
        """SQL: those of them whose results stand: invoiced or anonymous ones."""
        return SQL("%s AND %s", self._own_calls(), is_frozen("c"))

    def _place_frozen_draws(self):
        """What frozen calls took is of the period that they are in now."""
        self.env.cr.execute(
            SQL(
                "UPDATE telecom_bundle_draw d SET period_start = %s"
                " FROM telecom_call c WHERE c.id = d.call_id AND d.period_start <> %s"
                " AND %s",
                self.period_start,
                self.period_start,
                self._frozen_calls(),
            )
        )
        if self.env.cr.rowcount:
            self.env["telecom.bundle.draw"].invalidate_model()

    def _frozen_draws(self):
        """What the frozen calls of this period have taken: it stands."""
        return self.env["telecom.bundle.draw"]._frame(self._frozen_calls())

    def _frozen_tiers(self, tables):
        """What the frozen calls of this period count for in tiers of the month."""
        return self._tiers_of(self._frozen_calls(), tables)

    @api.model
    def _tiers_of(self, condition, tables):
        """What calls ``c`` count for in tiers of the month: as stored with them.

        :return: a table as the engine takes it; None where no rate has such tiers
        """
        if not month_rates(tables.book).any():
            return None
        calls = read_frame(
            self.env,
            SQL(
                "SELECT c.partner_id, COALESCE(c.number_id, 0) AS number_id,"
                " c.day, c.tier_parts FROM telecom_call c"
                " WHERE %s AND c.partner_id IS NOT NULL AND c.tier_parts IS NOT NULL",
                condition,
            ),
            {"day": "datetime64[s]"},
        )
        return tier_totals(calls, tables.book)

    def _write_draws(self, calls, draws):
        """Replace the draws of these calls by others, where they differ."""
        call_ids = [int(id_) for id_ in calls["id"]]
        allowances = self.env["telecom.bundle.allowance"].sudo()
        in_money = {
            a.id: a._quantity_kind() == "amount"
            for a in allowances.browse(draws["allowance_id"].unique().tolist())
        }
        rows = [
            (
                int(calls.at[draw.call, "id"]),
                self.company_id.id,
                int(draw.subscription_id),
                int(draw.allowance_id),
                int(draw.number_id) or None,
                draw.period_start.date(),
                6 if in_money[draw.allowance_id] else 0,
                int(draw.quantity),
                int(draw.covered),
                int(draw.amount_micro),
                draw.conversion or None,
            )
            for draw in draws.itertuples()
        ]
        self._replace_draws(call_ids, rows)
        self.env["telecom.bundle.draw"].invalidate_model()

    def _replace_draws(self, call_ids, rows):
        """Draws that stay as they are keep their row."""
        columns = list(zip(*rows, strict=True)) or [()] * 11
        new = SQL(
            """
            SELECT c1 AS call_id, c2 AS company_id, c3 AS subscription_id,
                   c4 AS allowance_id, c5 AS number_id, c6 AS period_start,
                   c8::numeric / 10::numeric ^ c7 AS quantity,
                   c9::numeric / 10::numeric ^ c7 AS covered,
                   c10::numeric / 1000000 AS amount, c11 AS conversion
              FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[],
                          %s::date[], %s::int[], %s::bigint[], %s::bigint[],
                          %s::bigint[], %s::text[])
                   AS r(c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11)
            """,
            *(list(column) for column in columns),
        )
        same = SQL(
            "d.call_id = r.call_id AND d.subscription_id = r.subscription_id"
            " AND d.allowance_id = r.allowance_id AND d.period_start = r.period_start"
            " AND COALESCE(d.number_id, 0) = COALESCE(r.number_id, 0)"
            " AND d.quantity = r.quantity AND d.covered IS NOT DISTINCT FROM r.covered"
            " AND d.amount IS NOT DISTINCT FROM r.amount"
            " AND d.conversion IS NOT DISTINCT FROM r.conversion"
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM telecom_bundle_draw d WHERE d.call_id = ANY(%s)"
                " AND NOT EXISTS (SELECT FROM (%s) r WHERE %s)",
                call_ids,
                new,
                same,
            )
        )
        self.env.cr.execute(
            SQL(
                "INSERT INTO telecom_bundle_draw (call_id, company_id,"
                " subscription_id, allowance_id, number_id, period_start, quantity,"
                " covered, amount, conversion)"
                " SELECT r.* FROM (%s) r WHERE NOT EXISTS"
                " (SELECT FROM telecom_bundle_draw d WHERE %s)",
                new,
                same,
            )
        )
