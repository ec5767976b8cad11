# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

# What people enter of each kind, in units of the allowance.
UNITS = {"seconds": 60, "bytes": 1_000_000}


class TelecomBundleTopupWizard(models.TransientModel):
    """Asks for a top-up in the words of people: minutes, MB, messages, money."""

    _name = "telecom.bundle.topup.wizard"
    _description = "Top up a Bundle"

    partner_id = fields.Many2one("res.partner", string="Customer")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        string="Bundle given",
        required=True,
        compute="_compute_subscription_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="cascade",
        domain="[('state', '=', 'active'), ('company_id', '=', company_id),"
        " ('bundle_id.allowance_ids', '!=', False)]",
    )
    bundle_id = fields.Many2one(related="subscription_id.bundle_id")
    is_shared = fields.Boolean(related="bundle_id.is_shared")
    allowance_id = fields.Many2one(
        "telecom.bundle.allowance",
        string="Of",
        required=True,
        compute="_compute_allowance_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="cascade",
        domain="[('bundle_id', '=', bundle_id)]",
    )
    number_id = fields.Many2one(
        "telecom.number",
        domain="[('commercial_partner_id', '=', payer_id), ('state', '=', 'active')]",
        help="Empty: for all numbers of the bundle.",
    )
    payer_id = fields.Many2one(
        related="subscription_id.partner_id.commercial_partner_id"
    )
    quantity = fields.Float(string="How much", digits=(16, 2))
    unit_text = fields.Char(compute="_compute_unit_text")
    has_limit = fields.Boolean(string="With a limit", compute="_compute_unit_text")
    amount = fields.Monetary(
        string="More of the limit",
        help="The allowance has a limit of money: by how much it is raised.",
    )
    period_text = fields.Char(string="For", related="subscription_id.period_text")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        default=lambda self: self.env.ref("telecom_cdr.product_bundle_topup", False),
        domain="[('sale_ok', '=', True), ('type', '=', 'service')]",
    )
    price = fields.Monetary(
        compute="_compute_price", store=True, readonly=False, precompute=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.depends("partner_id")
    def _compute_subscription_id(self):
        """The only one that there is."""
        for wizard in self:
            found = wizard.subscription_id
            if not found and wizard.partner_id:
                payer = wizard.partner_id.commercial_partner_id
                found = found.search(
                    [
                        ("partner_id.commercial_partner_id", "=", payer.id),
                        ("company_id", "=", wizard.company_id.id),
                        ("bundle_id.allowance_ids", "!=", False),
                        ("state", "=", "active"),
                    ]
                )
            wizard.subscription_id = found if len(found) == 1 else False

    @api.depends("subscription_id")
    def _compute_allowance_id(self):
        for wizard in self:
            allowances = wizard.bundle_id.allowance_ids
            if wizard.allowance_id not in allowances:
                wizard.allowance_id = allowances[:1]

    @api.depends("product_id")
    def _compute_price(self):
        for wizard in self:
            wizard.price = wizard.product_id.lst_price

    @api.depends("allowance_id")
    def _compute_unit_text(self):
        units = {
            "seconds": self.env._("minutes"),
            "bytes": self.env._("MB"),
            "messages": self.env._("messages"),
            "calls": self.env._("calls"),
        }
        for wizard in self:
            kind = wizard.allowance_id._quantity_kind()
            wizard.unit_text = units.get(kind, wizard.currency_id.name)
            wizard.has_limit = bool(wizard.allowance_id.amount_limit)

    def action_apply(self):
        """Add the top-up; its price comes on the next invoice."""
        self.ensure_one()
        subscription = self.subscription_id
        kind = self.allowance_id._quantity_kind()
        self.env["telecom.bundle.topup"].create(
            {
                "subscription_id": subscription.id,
                "allowance_id": self.allowance_id.id,
                "number_id": False if self.is_shared else self.number_id.id,
                "period_start": subscription._period_start(subscription._today()),
                "quantity": round(self.quantity * UNITS.get(kind, 1), 6),
                "amount": self.amount if self.has_limit else 0,
                "product_id": self.product_id.id,
                "price": self.price,
            }
        )
        return {"type": "ir.actions.act_window_close"}
