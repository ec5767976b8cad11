# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import numpy as np
import pandas as pd

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.pipeline import deal_out
from ..engine.pricing.rating import tier_totals
from . import rerating_sql as sql
from .call_secret import is_anonymous, is_frozen
from .call_table import (
    NO_BUNDLE,
    mark_used,
    read_all_calls,
    refresh_statistics,
    wanted_by,
)
from .customer_periods import next_period, period_start_sql
from .telecom_bundle_pass import EVERYTHING
from .telecom_rating import rate

BATCH = 50_000
# Customers' periods whose allowances are dealt out in one step.
PERIODS = 200
DRAW_KEY = ["subscription_id", "allowance_id", "number_id", "period_start"]


class TelecomReratingWork(models.AbstractModel):
    """The steps of a re-rating: each is short, and may be the last before a crash.

    Calls of customers without a bundle are priced one by one. Where allowances come
    in, a customer's whole period is dealt out: the invoiced calls that are selected,
    invoice by invoice as they were made, then all that are not invoiced. What the
    other invoiced calls have taken stands.
    """

    _name = "telecom.rerating.work"
    _description = "Steps of a Re-rating"

    # === PROPOSAL === #

    def _propose_step(self, tables):
        """One batch of calls, or some periods; returns whether there is more."""
        if not self.is_read:
            self._propose_batch(tables)
            return True
        periods = self._next_periods("is_proposed")
        if periods:
            calls, draws = self._deal(periods, tables)
            sql.compare(self.env, calls)
            self._keep_compared()
            self._keep_bundle_effect(calls, draws)
            periods.is_proposed = True
            return True
        sql.merge_sums(self.env, self.id)
        self.env.invalidate_all()
        if self.changed_count > BATCH:
            refresh_statistics(self.env, self.changed_count, "telecom_rerating_call")
        self.write(
            {
                "state": "proposed",
                "work": False,
                "proposed_at": fields.Datetime.now(),
            }
        )
        return False

    def _propose_batch(self, tables):
        """Price the next calls; those of customers with bundles wait for their turn."""
        asked = self._next_selected()
        calls = read_all_calls(
            self.env, asked, self.after_id, BATCH, **wanted_by(tables)
        )
        if calls.empty:
            self.is_read = True
            return
        self.after_id = int(calls["id"].max())
        priced = rate(calls, tables)
        self._note_periods(priced)
        alone = priced[priced["period_start"].isna()]
        if not alone.empty:
            sql.compare(self.env, alone.assign(**NO_BUNDLE, period_id=0))
            self._keep_compared()

    def _next_selected(self):
        """SQL of a batch of ids: so PostgreSQL looks at no call before or behind it."""
        domain = Domain("id", ">", self.after_id) & self._known_domain()
        calls = self.env["telecom.call"].sudo()
        return calls._search(domain, order="id", limit=BATCH).subselect()

    def _keep_compared(self):
        sql.keep_changes(self.env, self.id)
        sql.add_sums(self.env, self.id)
        self.env.invalidate_all()

    # === PERIODS IN WHICH CALLS DEPEND ON EACH OTHER === #

    def _add_period_starts(self, calls, column):
        """First day of the period that each call is dealt out with; NaT where alone."""
        days = calls["day"].to_numpy(dtype="datetime64[D]")
        pairs = pd.DataFrame({"partner": calls[column].to_numpy(), "day": days})
        unique = pairs.drop_duplicates()
        starts = self.env.execute_query(
            SQL(
                """
                WITH asked AS MATERIALIZED (
                     SELECT co.id AS company_id, p.id AS partner_id, x.day,
                            %(period_start)s AS period_start
                       FROM unnest(%(partners)s::int[], %(days)s::date[])
                            AS x(partner_id, day)
                       JOIN res_partner p ON p.id = x.partner_id
                       JOIN res_company co ON co.id = %(company)s),
                     dealt AS MATERIALIZED (
                     SELECT m.partner_id, m.period_start
                       FROM (SELECT DISTINCT company_id, partner_id, period_start
                               FROM asked) m
                      WHERE %(is_dealt_out)s)
                SELECT partner_id, day, period_start
                  FROM asked JOIN dealt USING (partner_id, period_start)
                """,
                period_start=period_start_sql(SQL("x.day")),
                partners=[int(one) for one in unique["partner"]],
                days=[one.date() for one in unique["day"]],
                company=self.company_id.id,
                is_dealt_out=self.env["telecom.bundle.pass"]._is_dealt_out(),
            )
        )
        known = pd.DataFrame(starts, columns=["partner", "day", "start"])
        for name in ("day", "start"):
            known[name] = pd.to_datetime(known[name]).astype("datetime64[s]")
        known["partner"] = known["partner"].astype("int64")
        pairs["day"] = pairs["day"].astype("datetime64[s]")
        found = pairs.merge(known, how="left", on=["partner", "day"])["start"]
        return calls.assign(period_start=found.to_numpy())

    def _note_periods(self, calls):
        """Note the periods of these calls, of their customers before and now."""
        moved = calls["partner_id"] != calls["stored_partner_id"]
        before = self._add_period_starts(calls, "stored_partner_id")
        calls["period_start"] = self._add_period_starts(calls, "partner_id")[
            "period_start"
        ]
        frames = [
            (before["stored_partner_id"], before["period_start"], 0),
            (calls["partner_id"], calls["period_start"], calls["id"].where(moved, 0)),
        ]
        parts = [
            pd.DataFrame({"partner": partner, "start": start, "call": call})
            for partner, start, call in frames
        ]
        self._insert_periods(pd.concat(parts).dropna(subset="start"))

    def _insert_periods(self, frame):
        rows = frame.groupby(["partner", "start"])["call"].agg(
            lambda ids: [int(one) for one in ids if one]
        )
        for (partner_id, start), call_ids in rows.items():
            self.env.cr.execute(
                """
                INSERT INTO telecom_rerating_period AS p (rerating_id, partner_id,
                       period_start, period_end, is_proposed, is_applied, call_ids)
                VALUES (%s, %s, %s, %s, FALSE, FALSE, %s::bigint[])
                    ON CONFLICT (rerating_id, partner_id, period_start)
                    DO UPDATE SET call_ids = p.call_ids || excluded.call_ids
                """,
                (
                    self.id,
                    int(partner_id),
                    start.date(),
                    next_period(start.date()),
                    call_ids,
                ),
            )

    def _next_periods(self, done):
        return self.env["telecom.rerating.period"].search(
            [("rerating_id", "=", self.id), (done, "=", False)],
            order="partner_id, period_start",
            limit=PERIODS,
        )

    def _calls_of(self, periods):
        """SQL of the ids of the calls that these periods are about."""
        return SQL(
            """
            (SELECT c.id FROM telecom_call c
               JOIN telecom_rerating_period p ON p.partner_id = c.partner_id
                AND c.day >= p.period_start AND c.day < p.period_end
          LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
              WHERE p.id = ANY(%(periods)s) AND c.company_id = %(company)s
                AND (i.call_id IS NULL AND NOT %(anonymous)s
                     OR c.id IN %(selected)s)
              UNION
             SELECT unnest(p.call_ids) FROM telecom_rerating_period p
              WHERE p.id = ANY(%(periods)s))
            """,
            periods=periods.ids,
            company=self.company_id.id,
            anonymous=is_anonymous("c"),
            selected=self._selected(),
        )

    def _deal(self, periods, tables):
        """Results and draws of all calls of some periods, as they would be now."""
        asked = self._calls_of(periods)
        calls = read_all_calls(self.env, asked, 0, EVERYTHING, **wanted_by(tables))
        if calls.empty:
            return calls.assign(period_id=0), None
        costed = self.env["telecom.bundle.pass"]._matched(calls, tables)
        costed = costed.reset_index(drop=True)
        costed["period_id"] = self._period_ids(costed, periods)
        costed = costed[costed["period_id"] > 0]
        if costed.empty:
            return costed, None
        others = self._other_invoiced(periods, costed)
        draws = self.env["telecom.bundle.draw"]._frame(SQL("c.id IN %s", others))
        in_others = SQL("c.id IN %s", others)
        tiered = self.env["telecom.bundle.pass"]._tiers_of(in_others, tables)
        return self._deal_in_turn(costed, tables, draws, tiered)

    def _period_ids(self, calls, periods):
        """The period of each call, of the customer that it has now; 0 where none."""
        known = {(p.partner_id.id, p.period_start): p.id for p in periods}
        starts = self._add_period_starts(calls, "partner_id")["period_start"]
        days = [None if pd.isna(one) else one.date() for one in starts]
        pairs = zip(calls["partner_id"].tolist(), days, strict=True)
        return [known.get(pair, 0) for pair in pairs]

    def _deal_in_turn(self, calls, tables, used, tiered):
        """Invoice by invoice as they were made, then what is not invoiced."""
        order = calls["move_id"].where(calls["move_id"] > 0, np.iinfo("int64").max)
        turns = order.groupby(calls["period_id"]).rank(method="dense")
        results, draws = [], []
        for _turn, group in calls.groupby(turns, sort=True):
            rated, taken = deal_out(group, tables, used, tiered)
            results.append(rated)
            draws.append(taken)
            common = [name for name in used.columns if name in taken]
            used = pd.concat([used, taken[common]], ignore_index=True)
            if tiered is not None:
                tiered = pd.concat([tiered, tier_totals(rated, tables.book)])
        return pd.concat(results), pd.concat(draws)

    def _other_invoiced(self, periods, calls):
        """SQL of the frozen calls that are not looked at: what they took stands."""
        return SQL(
            """
            (SELECT n.id FROM telecom_call n
               JOIN telecom_rerating_period p ON p.partner_id = n.partner_id
                AND n.day >= p.period_start AND n.day < p.period_end
              WHERE n.company_id = %s AND p.id = ANY(%s) AND %s AND NOT EXISTS (
                    SELECT FROM unnest(%s::bigint[]) AS x(id) WHERE x.id = n.id))
            """,
            self.company_id.id,
            periods.ids,
            is_frozen("n"),
            [int(one) for one in calls["id"][calls["move_id"] > 0]],
        )

    def _keep_bundle_effect(self, calls, draws):
        """Keep what these calls take of each allowance, before and now."""
        self.env.cr.execute(
            """
            INSERT INTO telecom_rerating_bundle (rerating_id, company_id, partner_id,
                   subscription_id, allowance_id, number_id, period_start, old_quantity,
                   new_quantity)
            SELECT %s, d.company_id, c.partner_id, d.subscription_id, d.allowance_id,
                   d.number_id, d.period_start, sum(d.quantity), 0
              FROM telecom_bundle_draw d JOIN telecom_call c ON c.id = d.call_id
             WHERE d.call_id = ANY(%s) GROUP BY 2, 3, 4, 5, 6, 7
            """,
            (self.id, [int(one) for one in calls["id"]]),
        )
        if draws is None or draws.empty:
            return
        draws = draws.assign(partner_id=calls.loc[draws["call"], "partner_id"].values)
        sums = draws.groupby(["partner_id", *DRAW_KEY])["quantity"].sum().reset_index()
        columns = [
            [int(one) for one in sums[name]]
            for name in ("partner_id", *DRAW_KEY[:3], "quantity")
        ]
        self.env.cr.execute(
            """
            INSERT INTO telecom_rerating_bundle (rerating_id, company_id, partner_id,
                   subscription_id, allowance_id, number_id, period_start, old_quantity,
                   new_quantity)
            SELECT %s, %s, r.partner, r.subscription, r.allowance,
                   NULLIF(r.number, 0), r.start, 0,
                   CASE WHEN a.amount > 0 THEN r.quantity / 1000000.0
                        ELSE r.quantity END
              FROM unnest(%s::int[], %s::int[], %s::int[], %s::int[], %s::bigint[],
                          %s::date[])
                   AS r(partner, subscription, allowance, number, quantity, start)
              JOIN telecom_bundle_allowance a ON a.id = r.allowance
            """,
            (
                self.id,
                self.company_id.id,
                *columns,
                [one.date() for one in sums["period_start"]],
            ),
        )

    # === APPLICATION === #

    def _apply_step(self, tables):
        """Some periods, or a batch of other calls; at the end the corrections."""
        periods = self._next_periods("is_applied")
        if periods:
            self._apply_periods(periods, tables)
            return True
        batch = self._next_calls("proposed")
        if batch:
            self._apply_calls(batch)
            return True
        self._bill_corrections()
        self.env.invalidate_all()
        self.write(
            {"state": "applied", "work": False, "applied_at": fields.Datetime.now()}
        )
        return False

    def _next_calls(self, outcome):
        """Condition of the next calls ``k`` that are alone, or None.

        Those before are done: they are not looked at once more for each batch.
        """
        [(first, last)] = self.env.execute_query(
            SQL(
                "SELECT min(id), max(id) FROM (SELECT id FROM telecom_rerating_call"
                " WHERE rerating_id = %s AND period_id IS NULL AND outcome = %s"
                " AND NOT is_invoiced AND id > %s ORDER BY id LIMIT %s) k",
                self.id,
                outcome,
                self.after_id,
                BATCH,
            )
        )
        if first is None:
            return None
        self.after_id = last
        return SQL(
            "k.rerating_id = %s AND k.period_id IS NULL AND NOT k.is_invoiced"
            " AND k.id BETWEEN %s AND %s",
            self.id,
            first,
            last,
        )

    def _apply_calls(self, condition):
        sql.judge(self.env, condition)
        proposed = SQL("%s AND k.outcome = 'proposed'", condition)
        mark_used(self.env, sql.new_references(self.env, proposed))
        sql.write_results(self.env, proposed, "new_")
        # Whoever was invoiced while this ran.
        self._settle(proposed, "kept_changed")
        self.env.invalidate_all()

    def _settle(self, condition, outcome):
        self.env.cr.execute(
            SQL(
                "UPDATE telecom_rerating_call k SET outcome = %s WHERE %s",
                outcome,
                condition,
            )
        )

    def _apply_periods(self, periods, tables):
        """Deal the allowances out once more: what is not as proposed is left out."""
        condition = SQL(
            "k.rerating_id = %s AND k.period_id = ANY(%s)", self.id, periods.ids
        )
        sql.judge(self.env, condition)
        calls, draws = self._deal(periods, tables)
        sql.compare(self.env, calls)
        drifted = sql.drifted_periods(self.env, self.id, periods.ids)
        proposed = SQL("%s AND k.outcome = 'proposed'", condition)
        self._settle(
            SQL("%s AND k.period_id = ANY(%s)", proposed, drifted), "kept_allowance"
        )
        mark_used(self.env, sql.new_references(self.env, proposed))
        sql.write_results(self.env, proposed, "new_")
        if draws is not None:
            self._write_draws(calls[~calls["period_id"].isin(drifted)], draws)
        periods.is_applied = True
        self._follow_carried(periods)
        self.env.invalidate_all()

    def _follow_carried(self, periods):
        """What is left of a period may go to the next ones: they are dealt out anew."""
        carry = self.env["telecom.bundle.carry"].sudo()
        for partner in periods.partner_id:
            if carry._is_rolling(self.company_id, partner):
                carry._refresh(self.company_id, partner)
        self.env["telecom.bundle.pass"]._trigger()

    def _write_draws(self, calls, draws):
        """Give the allowances back, then take what the calls now take of them."""
        frozen = (calls["move_id"] > 0) & ~calls["id"].isin(self._corrected_ids())
        calls = calls[~frozen]
        ids = [int(one) for one in calls["id"]]
        sql.keep_draws(self.env, self.id, ids)
        for period_id, group in calls.groupby("period_id"):
            self.env.cr.execute(
                "UPDATE telecom_rerating_period SET call_ids = %s WHERE id = %s",
                ([int(one) for one in group["id"]], int(period_id)),
            )
        writer = self.env["telecom.bundle.pass"].new({"company_id": self.company_id.id})
        writer._write_draws(calls, draws[draws["call"].isin(calls.index)])

    def _corrected_ids(self):
        """Invoiced calls that are to be corrected."""
        rows = self.env.execute_query(
            SQL(
                "SELECT call_id FROM telecom_rerating_call WHERE rerating_id = %s"
                " AND is_invoiced AND outcome = 'proposed'",
                self.id,
            )
        )
        return [row[0] for row in rows]

    # === UNDO === #

    def _undo_step(self, tables):
        """Remove drafts, then give results and draws back, batch by batch."""
        if self.move_ids:
            self._remove_moves()
        periods = self.env["telecom.rerating.period"].search(
            [("rerating_id", "=", self.id), ("is_applied", "=", True)], limit=PERIODS
        )
        if periods:
            for period in periods:
                self._undo_period(period)
            return True
        batch = self._next_calls("applied")
        if batch:
            applied = SQL("%s AND k.outcome = 'applied'", batch)
            sql.write_results(self.env, applied, "old_")
            self._settle(applied, "kept_since")
            self.env.invalidate_all()
            return True
        self._undo_corrections()
        self.env.invalidate_all()
        self.write({"state": "undone", "work": False})
        return False

    def _undo_period(self, period):
        """All of a period or nothing: its calls share allowances."""
        condition = SQL(
            "k.rerating_id = %s AND k.period_id = %s AND k.outcome = 'applied'",
            self.id,
            period.id,
        )
        [(call_ids,)] = self.env.execute_query(
            SQL("SELECT call_ids FROM telecom_rerating_period WHERE id = %s", period.id)
        )
        corrected = SQL(
            "SELECT call_id FROM telecom_rerating_call WHERE rerating_id = %s"
            " AND period_id = %s AND is_invoiced AND outcome = 'corrected'",
            self.id,
            period.id,
        )
        if self._is_as_applied(condition, call_ids or [], corrected):
            sql.write_results(self.env, condition, "old_")
            sql.restore_draws(self.env, self.id, call_ids or [])
        else:
            self._settle(condition, "kept_since")
            ids = [row[0] for row in self.env.execute_query(corrected)]
            sql.restore_draws(self.env, self.id, ids)
            self.env["telecom.bundle.pass"]._mark_calls(
                SQL("c.id = ANY(%s)", call_ids or [])
            )
        period.is_applied = False

    def _is_as_applied(self, condition, call_ids, corrected):
        """Whether nothing has happened to the calls of a period since."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT FROM telecom_rerating_call k
             LEFT JOIN telecom_call c ON c.id = k.call_id
                 WHERE %(condition)s AND (%(now)s) IS DISTINCT FROM (%(new)s)
             UNION ALL
                SELECT FROM telecom_call_invoice i
                 WHERE i.call_id = ANY(%(ids)s) AND i.call_id NOT IN (%(corrected)s)
                 LIMIT 1
                """,
                condition=condition,
                now=sql.columns_of("c"),
                new=sql.columns_of("k", "new_"),
                ids=call_ids,
                corrected=corrected,
            )
        )
        return not rows
