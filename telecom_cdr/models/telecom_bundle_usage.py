# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from .customer_periods import BILLING_DAY, local_day_sql, period_start_sql


class TelecomBundleUsage(models.Model):
    """The ledger of an allowance in a period: what there is, is used, and is left.

    One row per subscription, allowance, number (where the bundle is not shared) and
    period that has draws, top-ups or something carried over, and one for the present
    period without any. A period is a month that begins on the customer's billing day.

        remaining = included + carried over + top-ups - used

    Included is what the allowance has, less the days on which the subscription did not
    run, where the bundle says so. Top-ups for all numbers of a bundle that these do
    not share are a row of their own.
    """

    _name = "telecom.bundle.usage"
    _description = "Telecom Bundle Usage"
    _auto = False
    _order = "period_start desc, partner_id, id"

    subscription_id = fields.Many2one("telecom.bundle.subscription", readonly=True)
    bundle_id = fields.Many2one("telecom.bundle", readonly=True)
    allowance_id = fields.Many2one("telecom.bundle.allowance", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    number_id = fields.Many2one("telecom.number", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    period_start = fields.Date(readonly=True)
    period_end = fields.Date(readonly=True, help="Not included.")
    kind = fields.Selection(
        [
            ("seconds", "Time"),
            ("bytes", "Data"),
            ("messages", "Messages"),
            ("calls", "Calls"),
            ("amount", "Amount"),
        ],
        readonly=True,
    )
    included = fields.Float(readonly=True, digits=(18, 6))
    carried_over = fields.Float(readonly=True, digits=(18, 6))
    topped_up = fields.Float(string="Top-ups", readonly=True, digits=(18, 6))
    used = fields.Float(readonly=True, digits=(18, 6))
    remaining = fields.Float(readonly=True, digits=(18, 6))
    amount_limit = fields.Float(
        readonly=True, digits=(18, 6), help="Limit of money, where there is one."
    )
    amount_used = fields.Float(readonly=True, digits=(18, 6))
    used_percent = fields.Float(string="Used (%)", readonly=True, aggregator="avg")
    call_count = fields.Integer(string="Calls", readonly=True)
    used_text = fields.Char(string="Used so far", compute="_compute_texts")
    included_text = fields.Char(string="In the bundle", compute="_compute_texts")
    carried_text = fields.Char(string="Carried over to it", compute="_compute_texts")
    topped_up_text = fields.Char(string="Added by top-ups", compute="_compute_texts")
    remaining_text = fields.Char(string="Left", compute="_compute_texts")
    limit_text = fields.Char(string="Of its limit", compute="_compute_texts")

    @property
    def _table_query(self):
        return SQL(
            """
            WITH rules AS (%(rules)s), entries AS (%(entries)s), pools AS (%(pools)s),
            periods AS (
                SELECT * FROM pools UNION ALL %(idle)s
            ), shares AS (%(shares)s)
            SELECT s.id, s.subscription_id, s.bundle_id, s.allowance_id, s.partner_id,
                   s.number_id, s.company_id, s.period_start, s.period_end, s.kind,
                   s.included, s.carried_over, s.topped_up, s.used,
                   s.included + s.carried_over + s.topped_up - s.used AS remaining,
                   s.amount_limit, s.amount_used,
                   GREATEST(%(percent)s, %(limit_percent)s)::float AS used_percent,
                   s.call_count::integer AS call_count
              FROM shares s
            """,
            rules=self._rules_query(),
            entries=self._entries_query(),
            pools=self._pools_query(),
            idle=self._idle_query(),
            shares=self._shares_query(),
            percent=self._percent(
                SQL("s.used"), SQL("s.included + s.carried_over + s.topped_up")
            ),
            limit_percent=self._percent(SQL("s.amount_used"), SQL("s.amount_limit")),
        )

    @api.model
    def _percent(self, part, whole):
        """SQL: percent with one decimal; 100 of nothing, if something was taken.

        Cut off, not rounded: 100 is said of what is used up, 80 of what has reached it.
        """
        return SQL(
            "CASE WHEN %(whole)s > 0 THEN trunc(100 * (%(part)s) / (%(whole)s), 1)"
            " WHEN %(part)s > 0 THEN 100 ELSE 0 END",
            part=part,
            whole=whole,
        )

    @api.model
    def _rules_query(self):
        """Each allowance of each subscription, and the days that this runs."""
        return SQL(
            """
            SELECT s.id AS subscription_id, s.bundle_id, s.partner_id, s.company_id,
                   a.id AS allowance_id, b.is_shared IS TRUE AS is_shared,
                   b.prorate_allowance IS TRUE AS is_prorated, s.date_start, s.date_end,
                   %(billing_day)s AS billing_day, %(today)s AS today,
                   %(first_day)s AS first_day, %(last_day)s AS last_day,
                   NULLIF(a.amount_limit, 0) AS amount_limit,
                   CASE WHEN a.seconds > 0 THEN 'seconds'
                        WHEN a.bytes > 0 THEN 'bytes'
                        WHEN a.messages > 0 THEN 'messages'
                        WHEN a.calls > 0 THEN 'calls'
                        ELSE 'amount' END AS kind,
                   COALESCE(NULLIF(a.seconds, 0)::numeric, NULLIF(a.bytes, 0),
                            NULLIF(a.messages, 0), NULLIF(a.calls, 0),
                            a.amount, 0) AS quantity
              FROM telecom_bundle_subscription s
              JOIN telecom_bundle b ON b.id = s.bundle_id
              JOIN telecom_bundle_allowance a ON a.bundle_id = b.id
              JOIN res_company co ON co.id = s.company_id
              JOIN res_partner holder ON holder.id = s.partner_id
              JOIN res_partner p ON p.id = holder.commercial_partner_id
            """,
            billing_day=BILLING_DAY,
            today=SQL("(now() AT TIME ZONE co.telecom_tz)::date"),
            first_day=local_day_sql(SQL("s.date_start")),
            last_day=local_day_sql(SQL("(s.date_end - interval '1 second')")),
        )

    @api.model
    def _entries_query(self):
        """All that counts in a period: draws, top-ups, what was carried over."""
        return SQL(
            """
            SELECT d.id::bigint AS id, d.subscription_id, d.allowance_id, d.number_id,
                   d.period_start, d.quantity AS used, COALESCE(d.amount, 0) AS paid,
                   0::numeric AS topped_up, 0::numeric AS carried_over,
                   0::numeric AS more_limit, d.call_id
              FROM telecom_bundle_draw d
         UNION ALL
            SELECT -(4 * t.id::bigint + 1), t.subscription_id, t.allowance_id,
                   t.number_id, t.period_start, 0, 0, t.quantity, 0,
                   COALESCE(t.amount, 0), NULL
              FROM telecom_bundle_topup t
         UNION ALL
            SELECT -(4 * r.id::bigint + 2), r.subscription_id, r.allowance_id,
                   r.number_id, r.period_start, 0, 0, 0, r.quantity,
                   COALESCE(r.amount, 0), NULL
              FROM telecom_bundle_carry r
            """
        )

    @api.model
    def _pools_query(self):
        """Sums of the entries. The id is one of a draw, else of another entry
        (negative): it stays the same between two clicks."""
        return SQL(
            """
            SELECT COALESCE(min(e.id) FILTER (WHERE e.id > 0), max(e.id)) AS id,
                   e.subscription_id, e.allowance_id,
                   CASE WHEN NOT r.is_shared THEN e.number_id END AS number_id,
                   e.period_start, sum(e.used) AS used, sum(e.paid) AS paid,
                   sum(e.topped_up) AS topped_up, sum(e.carried_over) AS carried_over,
                   sum(e.more_limit) AS more_limit,
                   count(DISTINCT e.call_id) AS call_count,
                   -- A pool that all numbers have beside their own includes nothing.
                   NOT r.is_shared AND bool_and(e.number_id IS NULL) AS is_common
              FROM entries e
              JOIN rules r ON r.subscription_id = e.subscription_id
                          AND r.allowance_id = e.allowance_id
          GROUP BY e.subscription_id, e.allowance_id, e.period_start, r.is_shared,
                   CASE WHEN NOT r.is_shared THEN e.number_id END
            """
        )

    @api.model
    def _idle_query(self):
        """The present period of an allowance that nothing was used of yet."""
        return SQL(
            """
            SELECT -(4 * (r.subscription_id::bigint * 100000 + r.allowance_id) + 3),
                   r.subscription_id, r.allowance_id, NULL::integer, %(start)s,
                   0, 0, 0, 0, 0, 0, FALSE
              FROM rules r
             WHERE r.date_start <= now() AT TIME ZONE 'UTC'
               AND (r.date_end IS NULL OR r.date_end > now() AT TIME ZONE 'UTC')
               AND NOT EXISTS (
                   SELECT FROM pools o
                    WHERE o.subscription_id = r.subscription_id
                      AND o.allowance_id = r.allowance_id AND NOT o.is_common
                      AND o.period_start = %(start)s)
            """,
            start=period_start_sql(SQL("r.today"), SQL("r.billing_day")),
        )

    @api.model
    def _shares_query(self):
        """What each period includes: all of it, or as much as the days it ran."""
        return SQL(
            """
            SELECT o.id, o.subscription_id, r.bundle_id, o.allowance_id, r.partner_id,
                   o.number_id, r.company_id, o.period_start, x.period_end, r.kind,
                   CASE WHEN o.is_common THEN 0 ELSE
                       %(quantity)s END AS included,
                   o.carried_over, o.topped_up, o.used,
                   CASE WHEN NOT o.is_common THEN
                       %(limit)s + o.more_limit END AS amount_limit,
                   CASE WHEN r.amount_limit > 0 THEN o.paid END AS amount_used,
                   o.call_count
              FROM periods o
              JOIN rules r ON r.subscription_id = o.subscription_id
                          AND r.allowance_id = o.allowance_id
        CROSS JOIN LATERAL (
                   SELECT (o.period_start + interval '1 month')::date AS period_end) x
        CROSS JOIN LATERAL (
                   SELECT x.period_end - o.period_start AS days,
                          GREATEST(LEAST(r.last_day, x.period_end - 1)
                                   - GREATEST(r.first_day, o.period_start) + 1, 0)
                              AS used_days) y
            """,
            quantity=self._prorated(SQL("r.quantity"), SQL("r.kind = 'amount'")),
            limit=self._prorated(SQL("r.amount_limit"), SQL("TRUE")),
        )

    @api.model
    def _prorated(self, quantity, is_money):
        """SQL: a quantity times the days that were used, rounded half up."""
        return SQL(
            "CASE WHEN r.is_prorated THEN floor(%(quantity)s * %(scale)s * y.used_days"
            " / y.days + 0.5) / %(scale)s ELSE %(quantity)s END",
            quantity=quantity,
            scale=SQL("CASE WHEN %s THEN 1000000 ELSE 1 END", is_money),
        )

    @api.model
    def _present(self, domain):
        """Rows of the customers' present periods."""
        today = fields.Date.context_today(self)
        present = Domain("period_start", "<=", today) & Domain("period_end", ">", today)
        return self.search(domain & present)

    @api.depends("kind", "used", "included")
    def _compute_texts(self):
        for usage in self:
            currency = usage.company_id.currency_id
            for field, name in (
                ("used_text", "used"),
                ("included_text", "included"),
                ("carried_text", "carried_over"),
                ("topped_up_text", "topped_up"),
                ("remaining_text", "remaining"),
            ):
                quantity = usage[name]
                is_shown = quantity or name not in ("carried_over", "topped_up")
                usage[field] = is_shown and self._quantity_text(
                    usage.kind, quantity, currency
                )
            usage.limit_text = usage._limit_text(currency)

    def _limit_text(self, currency):
        if not self.amount_limit:
            return False
        return self.env._(
            "%(used)s of %(limit)s",
            used=formatLang(self.env, self.amount_used, currency_obj=currency),
            limit=formatLang(self.env, self.amount_limit, currency_obj=currency),
        )

    def _used_of_text(self):
        """What is used of all that there is."""
        available = self.included + self.carried_over + self.topped_up
        return self.env._(
            "%(used)s of %(available)s",
            used=self.used_text,
            available=self._quantity_text(
                self.kind, available, self.company_id.currency_id
            ),
        )

    @api.depends("bundle_id", "used_text", "included_text")
    def _compute_display_name(self):
        for usage in self:
            usage.display_name = self.env._(
                "%(bundle)s: %(used)s of %(included)s",
                bundle=usage.bundle_id.name,
                used=usage.used_text,
                included=usage.included_text,
            )

    @api.model
    def _quantity_text(self, kind, quantity, currency):
        """The quantity as people say it: minutes, MB, pieces or money."""
        if kind == "seconds":
            return self.env._("%s min", self._number_text(quantity / 60))
        if kind == "bytes":
            return self.env._("%s MB", self._number_text(quantity / 1_000_000))
        if kind == "amount":
            return formatLang(self.env, quantity, currency_obj=currency)
        return self._number_text(quantity)

    @api.model
    def _number_text(self, number):
        """With one decimal, where there is one."""
        digits = 0 if round(number, 1) == round(number) else 1
        return formatLang(self.env, number, digits=digits)

    def action_open_calls(self):
        """Open the calls that used this allowance in this period."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        domain = Domain("allowance_id", "=", self.allowance_id.id)
        domain &= Domain("subscription_id", "=", self.subscription_id.id)
        domain &= Domain("period_start", "=", self.period_start)
        if self.number_id:
            domain &= Domain("number_id", "=", self.number_id.id)
        action["domain"] = [("draw_ids", "any", list(domain))]
        action["context"] = {}
        return action

    def action_top_up(self):
        """Ask for a top-up of this allowance."""
        self.ensure_one()
        action = self.subscription_id.action_top_up()
        action["context"] |= {
            "default_allowance_id": self.allowance_id.id,
            "default_number_id": self.number_id.id,
        }
        return action
