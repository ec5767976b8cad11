# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang


class TelecomBundleUsage(models.Model):
    """How much of an allowance is used in a month: the sum of its draws.

    One row per subscription, allowance, number (where the bundle is not shared)
    and month that has draws, and one for the present month without any.
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
    period_end = fields.Date(readonly=True)
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
    used = fields.Float(readonly=True, digits=(18, 6))
    remaining = fields.Float(readonly=True, digits=(18, 6))
    used_percent = fields.Float(string="Used (%)", readonly=True, aggregator="avg")
    call_count = fields.Integer(string="Calls", readonly=True)
    used_text = fields.Char(string="Used so far", compute="_compute_texts")
    included_text = fields.Char(string="In the bundle", compute="_compute_texts")

    @property
    def _table_query(self):
        # The id is one of a draw or, for an unused month, of the allowance and
        # subscription (negative): it stays the same between two clicks.
        return SQL(
            """
            WITH drawn AS (
                SELECT min(d.id)::bigint AS id, d.subscription_id, d.allowance_id,
                       CASE WHEN b.is_shared IS NOT TRUE
                            THEN d.number_id END AS number_id,
                       d.period_start, sum(d.quantity) AS used,
                       count(DISTINCT d.call_id) AS call_count
                  FROM telecom_bundle_draw d
                  JOIN telecom_bundle_allowance a ON a.id = d.allowance_id
                  JOIN telecom_bundle b ON b.id = a.bundle_id
              GROUP BY 2, 3, 4, 5
            ), idle AS (
                SELECT -(s.id::bigint * 100000 + a.id) AS id,
                       s.id AS subscription_id, a.id AS allowance_id,
                       NULL::integer AS number_id,
                       date_trunc('month', now())::date AS period_start,
                       0::numeric AS used, 0::bigint AS call_count
                  FROM telecom_bundle_subscription s
                  JOIN telecom_bundle_allowance a ON a.bundle_id = s.bundle_id
                 WHERE s.date_start <= now() AT TIME ZONE 'UTC'
                   AND (s.date_end IS NULL OR s.date_end > now() AT TIME ZONE 'UTC')
                   AND NOT EXISTS (
                       SELECT FROM telecom_bundle_draw d
                        WHERE d.subscription_id = s.id AND d.allowance_id = a.id
                          AND d.period_start = date_trunc('month', now())::date)
            ), usage AS (SELECT * FROM drawn UNION ALL SELECT * FROM idle)
            SELECT u.id, u.subscription_id, s.bundle_id, u.allowance_id, s.partner_id,
                   u.number_id, s.company_id, u.period_start,
                   (u.period_start + interval '1 month')::date AS period_end,
                   q.kind, q.included, 0::numeric AS carried_over, u.used,
                   q.included - u.used AS remaining,
                   round(100 * u.used / NULLIF(q.included, 0), 1)::float
                       AS used_percent,
                   u.call_count::integer AS call_count
              FROM usage u
              JOIN telecom_bundle_subscription s ON s.id = u.subscription_id
              JOIN telecom_bundle_allowance a ON a.id = u.allowance_id
        CROSS JOIN LATERAL (
                SELECT CASE WHEN a.seconds > 0 THEN 'seconds'
                            WHEN a.bytes > 0 THEN 'bytes'
                            WHEN a.messages > 0 THEN 'messages'
                            WHEN a.calls > 0 THEN 'calls'
                            ELSE 'amount' END AS kind,
                       COALESCE(NULLIF(a.seconds, 0)::numeric, NULLIF(a.bytes, 0),
                                NULLIF(a.messages, 0), NULLIF(a.calls, 0),
                                a.amount, 0) AS included
                   ) q
            """
        )

    @api.depends("kind", "used", "included")
    def _compute_texts(self):
        for usage in self:
            currency = usage.company_id.currency_id
            usage.used_text = self._quantity_text(usage.kind, usage.used, currency)
            usage.included_text = self._quantity_text(
                usage.kind, usage.included, currency
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
        """Open the calls that used this allowance in this month."""
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
