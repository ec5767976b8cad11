# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.pipeline import deal_out, match_calls, price_calls
from .call_table import read_calls, update_calls
from .rating_tables import load_tables

EVERYTHING = 10**9


class TelecomBundlePass(models.Model):
    """A customer's month whose allowances are to be dealt out anew.

    What a call takes from a bundle depends on the calls before it, so an import
    only marks the month. The pass then takes all calls of the month in the order
    of their start, whatever the order of the files was.
    """

    _name = "telecom.bundle.pass"
    _description = "Allowances to Deal Out"
    _order = "id"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    period_start = fields.Date(required=True)

    _month_uniq = models.Constraint(
        "UNIQUE(company_id, partner_id, period_start)",
        "This month is to be dealt out already.",
    )

    @api.model
    def _mark_frame(self, company, calls):
        """Mark the months of calls that were just rated."""
        rated = calls[(calls["partner_id"] != 0) & calls["rate_id"].ne(0)]
        if rated.empty:
            return
        months = rated["day"].to_numpy(dtype="datetime64[M]")
        pairs = rated[["partner_id"]].assign(month=months).drop_duplicates()
        self._insert(
            company, [(int(p), str(m)[:7] + "-01") for p, m in pairs.to_numpy()]
        )

    @api.model
    def _mark_calls(self, condition):
        """Mark the months of stored calls ``c`` under an SQL condition."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT c.company_id, c.partner_id,"
                " date_trunc('month', c.day)::date FROM telecom_call c"
                " WHERE c.partner_id IS NOT NULL AND %s",
                condition,
            )
        )
        for company_id in {row[0] for row in rows}:
            company = self.env["res.company"].browse(company_id)
            self._insert(company, [row[1:] for row in rows if row[0] == company_id])

    def _insert(self, company, pairs):
        """Mark (customer, month) pairs of customers that have a bundle."""
        if not pairs:
            return
        partner_ids = [pair[0] for pair in pairs]
        months = [pair[1] for pair in pairs]
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO telecom_bundle_pass (company_id, partner_id, period_start)
            SELECT %s, m.partner_id, m.month
              FROM unnest(%s::int[], %s::date[]) AS m(partner_id, month)
             WHERE EXISTS (
                   SELECT FROM telecom_bundle_subscription s
                     JOIN res_partner p ON p.id = s.partner_id
                    WHERE p.commercial_partner_id = m.partner_id
                      AND s.company_id = %s)
                OR EXISTS (
                   SELECT FROM telecom_bundle_draw d
                     JOIN telecom_call c ON c.id = d.call_id
                    WHERE c.partner_id = m.partner_id AND c.company_id = %s
                      AND d.period_start = m.month)
                ON CONFLICT DO NOTHING
            """,
            (company.id, partner_ids, months, company.id, company.id),
        )

    @api.model
    def _run(self, company, partners=None):
        """Deal out the marked months of a company, each a step of its own."""
        domain = Domain("company_id", "=", company.id)
        if partners is not None:
            domain &= Domain("partner_id", "in", partners.ids)
        passes = self.sudo().search(domain, order="partner_id, period_start")
        if not passes:
            return
        tables = load_tables(self.env, company)
        for dealt in passes:
            dealt._deal_out(tables)
            self.env["telecom.file"]._commit_step()

    def _deal_out(self, tables):
        """Cover the calls of one customer and month, and write what differs."""
        self.ensure_one()
        calls = self._rated_calls(tables)
        if not calls.empty:
            rated, draws = deal_out(calls, tables, self._frozen_draws())
            update_calls(self.env, rated)
            self._write_draws(rated, draws)
        self.unlink()

    def _rated_calls(self, tables):
        """The month's calls that are not invoiced, matched and costed."""
        calls = read_calls(
            self.env,
            SQL(
                "(SELECT id FROM telecom_call WHERE company_id = %s AND partner_id = %s"
                " AND day >= %s AND day < %s)",
                self.company_id.id,
                self.partner_id.id,
                self.period_start,
                self.period_start + relativedelta(months=1),
            ),
            0,
            EVERYTHING,
        )
        if calls.empty:
            return calls
        parts = []
        for carrier_id, group in calls.groupby("carrier_id", sort=True):
            matched = match_calls(group, int(carrier_id), tables)
            costed = price_calls(matched, int(carrier_id), tables)
            kept = [*matched.columns, "cost_nano", "cost_currency_id", "cost_rate_id"]
            parts.append(costed[kept])
        return pd.concat(parts)

    def _frozen_draws(self):
        """What the invoiced calls of this month have taken: it stands."""
        self.env.cr.execute(
            """
            SELECT d.subscription_id, d.allowance_id,
                   COALESCE(d.number_id, 0) AS number_id, d.period_start,
                   (CASE WHEN a.amount > 0 THEN d.quantity * 1000000
                         ELSE d.quantity END)::bigint AS quantity
              FROM telecom_bundle_draw d
              JOIN telecom_bundle_allowance a ON a.id = d.allowance_id
              JOIN telecom_call c ON c.id = d.call_id
             WHERE c.company_id = %s AND c.partner_id = %s AND d.period_start = %s
               AND EXISTS (SELECT FROM telecom_call_invoice i
                            WHERE i.call_id = c.id)
            """,
            (self.company_id.id, self.partner_id.id, self.period_start),
        )
        names = [column.name for column in self.env.cr.description]
        frame = pd.DataFrame(self.env.cr.fetchall(), columns=names)
        return frame.astype({"period_start": "datetime64[s]", "quantity": "int64"})

    def _write_draws(self, calls, draws):
        """Replace the draws of these calls."""
        call_ids = [int(id_) for id_ in calls["id"]]
        self.env.cr.execute(
            "DELETE FROM telecom_bundle_draw WHERE call_id = ANY(%s)", (call_ids,)
        )
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
                draw.quantity,
                6 if in_money[draw.allowance_id] else 0,
            )
            for draw in draws.itertuples()
        ]
        if rows:
            self._insert_draws(rows)
        self.env["telecom.bundle.draw"].invalidate_model()

    def _insert_draws(self, rows):
        columns = list(zip(*rows, strict=True))
        self.env.cr.execute(
            """
            INSERT INTO telecom_bundle_draw (call_id, company_id, subscription_id,
                   allowance_id, number_id, period_start, quantity)
            SELECT r.c1, r.c2, r.c3, r.c4, r.c5, r.c6, r.c7::numeric / 10 ^ r.c8
              FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[],
                          %s::date[], %s::bigint[], %s::int[])
                   AS r(c1, c2, c3, c4, c5, c6, c7, c8)
            """,
            [list(column) for column in columns],
        )
