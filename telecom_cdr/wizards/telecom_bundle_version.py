# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..models.customer_periods import next_period


class TelecomBundleVersion(models.TransientModel):
    """A new version of a bundle, and from when its customers have it."""

    _name = "telecom.bundle.version"
    _description = "New Version of a Bundle"

    bundle_id = fields.Many2one("telecom.bundle", required=True, ondelete="cascade")
    successor_id = fields.Many2one(
        "telecom.bundle", string="New version", ondelete="cascade"
    )
    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True
    )
    date_start = fields.Datetime(
        string="From",
        required=True,
        default=lambda self: self._default_date_start(),
        help="The earlier version ends at that moment. In the middle of a customer's "
        "period both fees are due, unless the bundles charge a part of a month only.",
    )
    is_moved = fields.Boolean(
        string="Give it to the customers now",
        help="Else change the new version first, then use 'Move customers' on it.",
    )
    customer_count = fields.Integer(compute="_compute_customer_count")
    is_rolling = fields.Boolean(
        string="Something is carried over", compute="_compute_is_rolling"
    )

    @api.model
    def _default_date_start(self):
        """The next period of the company, at its midnight."""
        subscription = self.env["telecom.bundle.subscription"]
        company = self.env.company
        present = subscription._present_period(company, company.telecom_billing_day)
        return subscription._midnight(next_period(present), company)

    @api.depends("bundle_id")
    def _compute_name(self):
        for wizard in self:
            if not wizard.name and wizard.bundle_id:
                wizard.name = self.env._("%s (new)", wizard.bundle_id.name)

    @api.depends("bundle_id", "date_start")
    def _compute_customer_count(self):
        for wizard in self:
            wizard.customer_count = len(wizard._subscriptions())

    @api.depends("bundle_id")
    def _compute_is_rolling(self):
        for wizard in self:
            months = wizard.bundle_id.allowance_ids.mapped("rollover_months")
            wizard.is_rolling = any(months)

    def _subscriptions(self):
        """Those that run at that moment or later."""
        return self.bundle_id.subscription_ids.filtered(
            lambda one: not one.date_end or one.date_end > self.date_start
        )

    def action_apply(self):
        """Make the new version, give it to the customers where asked, and show it."""
        self.ensure_one()
        successor = self.successor_id
        if not successor:
            successor = self.bundle_id._new_version(self.name or self.bundle_id.name)
        if self.is_moved or self.successor_id:
            self._check_not_invoiced()
            self.bundle_id._hand_over(successor, self.date_start)
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.bundle",
            "res_id": successor.id,
            "view_mode": "form",
        }

    def _check_not_invoiced(self):
        """What is invoiced was covered by the earlier version, and stays so."""
        rows = self.env.execute_query(
            SQL(
                "SELECT c.start_at FROM telecom_bundle_draw d"
                " JOIN telecom_call c ON c.id = d.call_id"
                " JOIN telecom_call_invoice i ON i.call_id = c.id"
                " WHERE d.subscription_id = ANY(%s) AND c.start_at >= %s"
                " ORDER BY 1 DESC LIMIT 1",
                list(self._subscriptions().ids),
                self.date_start,
            )
        )
        if rows:
            raise UserError(
                self.env._(
                    "Covered calls until %(moment)s are invoiced already: the new "
                    "version can only count after that.",
                    moment=fields.Datetime.context_timestamp(self, rows[0][0]).strftime(
                        "%Y-%m-%d %H:%M:%S"
                    ),
                )
            )
