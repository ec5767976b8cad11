# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    telecom_subscription_count = fields.Integer(
        string="Bundles given",
        compute="_compute_telecom_bundles",
        compute_sudo=True,
    )
    telecom_has_bundle = fields.Boolean(
        string="Sells bundles", compute="_compute_telecom_bundles", compute_sudo=True
    )

    @api.depends("order_line.product_id", "order_line.telecom_subscription_ids")
    def _compute_telecom_bundles(self):
        for order in self:
            lines = order.order_line
            order.telecom_subscription_count = len(lines.telecom_subscription_ids)
            order.telecom_has_bundle = bool(lines.telecom_bundle_id)

    @api.depends_context("uid")
    def _get_invoiced(self):
        """Sellers who see their own documents only see no other's invoices of fees."""
        result = super(SaleOrder, self.sudo())._get_invoiced()
        for order in self:
            seen = order.sudo().invoice_ids.with_env(order.env)._filtered_access("read")
            order.invoice_ids = seen
            order.invoice_count = len(seen)
        return result

    def _action_confirm(self):
        """Whoever buys a bundle has it, from the day of delivery or order."""
        result = super()._action_confirm()
        self.order_line._give_telecom_bundles()
        return result

    def _action_cancel(self):
        """A cancelled order ends its bundles; what they ran is still to be paid."""
        keeping = self.with_context(telecom_keep_drafts=True)
        result = super(SaleOrder, keeping)._action_cancel()
        self.sudo().order_line.telecom_subscription_ids._end_sold()
        return result

    def action_telecom_subscriptions(self) -> dict:
        """Open the bundles that the customer has by this order."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_subscription_action"
        )
        action["domain"] = [("sale_line_id", "in", self.order_line.ids)]
        action["context"] = {}
        return action

    def action_telecom_compare(self) -> dict:
        """Show what last month's calls would have cost with each bundle."""
        self.ensure_one()
        comparison = self.env["telecom.bundle.comparison"].create(
            {
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "months": "1",
            }
        )
        return comparison.action_compare()
