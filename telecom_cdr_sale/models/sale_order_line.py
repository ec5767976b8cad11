# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    telecom_bundle_id = fields.Many2one(
        "telecom.bundle",
        string="Bundle",
        compute="_compute_telecom_bundle_id",
        compute_sudo=True,
        help="The customer has it once the order is confirmed. Its fee is on the "
        "invoices of the calls, not on an invoice of the order.",
    )
    telecom_number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        check_company=True,
        domain="[('partner_id', 'child_of', parent.partner_id)]",
        help="Those that the bundle is for. Empty: all numbers of the customer.",
    )
    telecom_subscription_ids = fields.One2many(
        "telecom.bundle.subscription", "sale_line_id", string="Bundles of the line"
    )

    @api.depends("product_id", "company_id")
    def _compute_telecom_bundle_id(self):
        bundles = self.env["telecom.bundle"].search(
            [
                ("product_id", "in", self.product_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("next_ids", "=", False),
            ],
            order="id desc",
        )
        known = {(one.product_id, one.company_id): one for one in bundles}
        for line in self:
            line.telecom_bundle_id = known.get((line.product_id, line.company_id))

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale")._give_telecom_bundles()
        return lines

    # === THE CUSTOMER'S BUNDLES === #

    def _give_telecom_bundles(self):
        """Give the customers what confirmed lines sell and they do not have by them."""
        values_list = []
        for line in self.sudo().filtered("telecom_bundle_id"):
            held = line.telecom_subscription_ids.filtered(
                lambda one: one.state != "ended"
            )
            missing = line._telecom_bundle_count() - len(held)
            values_list += [line._prepare_subscription()] * missing
        self.env["telecom.bundle.subscription"].sudo().create(values_list)

    def _telecom_bundle_count(self):
        if self.product_uom_qty < 0 or self.product_uom_qty % 1:
            raise UserError(
                self.env._(
                    "%(bundle)s is sold %(quantity)s times on %(order)s: a customer "
                    "has a bundle a whole number of times. Correct the quantity.",
                    bundle=self.telecom_bundle_id.name,
                    quantity=self.product_uom_qty,
                    order=self.order_id.name,
                )
            )
        return int(self.product_uom_qty)

    def _prepare_subscription(self):
        order = self.order_id
        return {
            "partner_id": order.partner_id.id,
            "bundle_id": self.telecom_bundle_id.id,
            "number_ids": [fields.Command.set(self.telecom_number_ids.ids)],
            "date_start": order.commitment_date or order.date_order,
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
