# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command


class TelecomDiscountSuccessor(models.TransientModel):
    """Another discount from a date, for everybody who has this one."""

    _name = "telecom.discount.successor"
    _description = "New Discount"

    discount_id = fields.Many2one("telecom.discount", required=True, ondelete="cascade")
    date_start = fields.Datetime(
        string="From", required=True, default=fields.Datetime.now
    )
    name = fields.Char(
        string="Name of the new discount",
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    line_ids = fields.One2many(
        "telecom.discount.successor.line",
        "wizard_id",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("discount_id", "date_start")
    def _compute_name(self):
        for wizard in self:
            date = fields.Date.to_string(wizard.date_start) or ""
            wizard.name = f"{wizard.discount_id.name or ''} {date}".strip()

    @api.depends("discount_id")
    def _compute_line_ids(self):
        for wizard in self:
            lines = wizard.discount_id.line_ids._line_values()
            wizard.line_ids = [Command.clear(), *map(Command.create, lines)]

    def action_apply(self):
        self.ensure_one()
        discount = self.discount_id._succeed(
            self.date_start, self.name, self.line_ids._line_values()
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": discount._name,
            "res_id": discount.id,
            "view_mode": "form",
        }


class TelecomDiscountSuccessorLine(models.TransientModel):
    _name = "telecom.discount.successor.line"
    _description = "Line of a New Discount"
    _inherit = ["telecom.discount.line.mixin"]
    _order = "sequence, id"

    wizard_id = fields.Many2one(
        "telecom.discount.successor", required=True, ondelete="cascade"
    )
