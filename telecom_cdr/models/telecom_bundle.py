# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class TelecomBundle(models.Model):
    """A package of included traffic, sold at a price per month."""

    _name = "telecom.bundle"
    _description = "Telecom Bundle"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        help="Its sales price is the fee per month.",
    )
    list_price = fields.Float(related="product_id.lst_price", string="Fee per month")
    currency_id = fields.Many2one(related="company_id.currency_id")
    tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Call plan tariff",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        help="A call plan brings its own prices for what the allowances leave.",
    )
    is_shared = fields.Boolean(
        string="Shared by its numbers",
        tracking=True,
        help="Off: every number has the whole allowance for itself.",
    )
    allowance_ids = fields.One2many("telecom.bundle.allowance", "bundle_id", copy=True)
    subscription_ids = fields.One2many("telecom.bundle.subscription", "bundle_id")
    subscription_count = fields.Integer(compute="_compute_subscription_count")

    @api.depends("subscription_ids")
    def _compute_subscription_count(self):
        counts = dict(
            self.env["telecom.bundle.subscription"]._read_group(
                [("bundle_id", "in", self.ids)], ["bundle_id"], ["__count"]
            )
        )
        for bundle in self:
            bundle.subscription_count = counts.get(bundle, 0)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"tariff_id", "is_shared"}:
            self.subscription_ids._mark_for_rating()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_given(self):
        given = self.filtered("subscription_ids")
        if given:
            raise UserError(
                self.env._(
                    "%(names)s cannot be deleted: customers have it. Archive it.",
                    names=", ".join(given.mapped("name")),
                )
            )

    def action_open_subscriptions(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_subscription_action"
        )
        action["domain"] = [("bundle_id", "=", self.id)]
        action["context"] = {"default_bundle_id": self.id}
        return action
