# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, fields, models


class SaleOrderLine(models.Model):
    _name = "sale.order.line"
    _inherit = ["sale.order.line", "telecom.bundle.line.mixin"]

    telecom_bundle_id = fields.Many2one(
        help="The customer has it once the order is confirmed. Its fee is on the "
        "invoices of the calls, not on an invoice of the order."
    )
    telecom_subscription_ids = fields.One2many(
        "telecom.bundle.subscription", "sale_line_id", string="Bundles of the line"
    )

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale")._give_telecom_bundles()
        return lines

    def write(self, vals: dict) -> bool:
        """Another quantity of what is confirmed counts from now on."""
        result = super().write(vals)
        if "product_uom_qty" in vals:
            self.filtered(lambda line: line.state == "sale")._give_telecom_bundles()
        return result

    # === THE CUSTOMER'S BUNDLES === #

    def _telecom_quantity(self):
        return self.product_uom_qty

    def _telecom_document(self):
        return self.order_id

    def _prepare_subscription(self):
        order = self.order_id
        start = order.commitment_date or order.date_order
        if self.telecom_subscription_ids:
            start = max(start, fields.Datetime.now())
        return {
            "partner_id": order.partner_id.id,
            "bundle_id": self.telecom_bundle_id.id,
            "number_ids": [fields.Command.set(self.telecom_number_ids.ids)],
            "date_start": start,
            "sale_line_id": self.id,
        }

    # === INVOICED BY THE FEES, NOT BY THE ORDER === #

    @api.depends("telecom_subscription_ids")
    def _compute_qty_to_invoice(self):
        given = self.filtered("telecom_subscription_ids")
        given.qty_to_invoice = 0
        return super(SaleOrderLine, self - given)._compute_qty_to_invoice()

    @api.depends("telecom_subscription_ids")
    def _compute_untaxed_amount_to_invoice(self):
        given = self.filtered("telecom_subscription_ids")
        given.untaxed_amount_to_invoice = 0
        return super(SaleOrderLine, self - given)._compute_untaxed_amount_to_invoice()

    @api.depends("telecom_subscription_ids")
    def _compute_amount_to_invoice(self):
        given = self.filtered("telecom_subscription_ids")
        given.amount_to_invoice = 0
        return super(SaleOrderLine, self - given)._compute_amount_to_invoice()

    def _prepare_qty_invoiced(self):
        """A bundle whose fee is on invoices is invoiced, however often that was."""
        quantities = super()._prepare_qty_invoiced()
        for line in self.filtered("telecom_subscription_ids"):
            states = line._get_invoice_lines().mapped("parent_state")
            is_billed = any(state != "cancel" for state in states)
            quantities[line] = line.product_uom_qty if is_billed else 0
        return quantities
