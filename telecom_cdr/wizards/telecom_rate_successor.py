# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomRateSuccessor(models.TransientModel):
    """A new price from a date: ends a rate and adds the next."""

    _name = "telecom.rate.successor"
    _description = "New Price"

    rate_id = fields.Many2one("telecom.rate", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="rate_id.currency_id")
    method = fields.Selection(related="rate_id.method")
    date_start = fields.Datetime(
        string="From", required=True, default=fields.Datetime.now
    )
    price = fields.Float(
        digits=(16, 9), compute="_compute_price", store=True, readonly=False
    )
    connect_fee = fields.Float(
        digits=(16, 9), compute="_compute_connect_fee", store=True, readonly=False
    )
    markup = fields.Float(
        digits=(16, 4),
        compute="_compute_markup",
        store=True,
        readonly=False,
        groups="telecom_cdr.group_telecom_cost",
    )

    # One method for each: a price that is given must not keep the others from
    # being filled in.
    @api.depends("rate_id")
    def _compute_price(self):
        for wizard in self:
            wizard.price = wizard.rate_id.price

    @api.depends("rate_id")
    def _compute_connect_fee(self):
        for wizard in self:
            wizard.connect_fee = wizard.rate_id.connect_fee

    @api.depends("rate_id")
    def _compute_markup(self):
        for wizard in self:
            wizard.markup = wizard.rate_id.markup

    def action_apply(self):
        self.ensure_one()
        self.rate_id._succeed(
            self.date_start,
            {
                "price": self.price,
                "connect_fee": self.connect_fee,
                "markup": self.sudo().markup,
                "is_late_priced": False,
            },
        )
