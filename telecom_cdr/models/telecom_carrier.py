# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get


class TelecomCarrier(models.Model):
    """Who carries the calls: a telephone company, or a PBX of our own."""

    _name = "telecom.carrier"
    _description = "Telecom Carrier"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "telecom.used.mixin",
        "telecom.carrier.reconciling.mixin",
    ]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Vendor",
        index="btree_not_null",
        help="Who sends the bills for this traffic.",
    )
    country_id = fields.Many2one(
        "res.country",
        required=True,
        default=lambda self: self.env.company.country_id,
        help="Numbers without a country code are read as numbers of this country.",
    )
    tz = fields.Selection(
        _tz_get,
        string="Time zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="The clock of this carrier's files, where a format says 'carrier'.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Currency of the amounts in this carrier's files.",
    )
    cost_tariff_id = fields.Many2one(
        "telecom.tariff",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        groups="telecom_cdr.group_telecom_cost",
        help="Prices the cost of calls. Empty: the amount of the file is the cost. "
        "Another one counts from now on; what the one before has priced stays, and is "
        "listed under Earlier cost tariffs, where it can be said until when it counts.",
    )
    earlier_tariff_ids = fields.One2many(
        "telecom.earlier.tariff",
        "carrier_id",
        string="Earlier cost tariffs",
        groups="telecom_cdr.group_telecom_cost",
    )
    extension_digits = fields.Integer(
        default=6,
        help="Numbers of at most this many digits are extensions or short codes.",
    )
    source_ids = fields.One2many("telecom.source", "carrier_id")
    number_ids = fields.One2many("telecom.number", "carrier_id")
    file_ids = fields.One2many("telecom.file", "carrier_id")
    source_count = fields.Integer(compute="_compute_counts")
    number_count = fields.Integer(compute="_compute_counts")
    file_count = fields.Integer(compute="_compute_counts")

    _extension_digits_positive = models.Constraint(
        "CHECK(extension_digits BETWEEN 0 AND 9)",
        "Extensions have at most 9 digits.",
    )

    @api.model
    def _default_tz(self):
        return self.env.company.telecom_tz

    @api.depends("source_ids", "number_ids", "file_ids")
    def _compute_counts(self):
        for name in ("source", "number", "file"):
            counts = dict(
                self.env[f"telecom.{name}"]._read_group(
                    [("carrier_id", "in", self.ids)], ["carrier_id"], ["__count"]
                )
            )
            for carrier in self:
                carrier[f"{name}_count"] = counts.get(carrier, 0)

    @api.model_create_multi
    def create(self, vals_list):
        carriers = super().create(vals_list)
        carriers._hide_cost_tariffs()
        return carriers

    def write(self, vals):
        if "cost_tariff_id" in vals:
            for carrier in self.sudo():
                self.env["telecom.earlier.tariff"]._keep(
                    carrier.cost_tariff_id,
                    vals["cost_tariff_id"],
                    carrier.company_id,
                    carrier,
                )
        result = super().write(vals)
        self._hide_cost_tariffs()
        if vals.keys() & {"cost_tariff_id", "currency_id"}:
            self.env["telecom.rating.mark"]._mark(
                [{"company_id": company.id} for company in self.company_id]
            )
        return result

    def _hide_cost_tariffs(self):
        """What carriers charge us is seen by who may see costs."""
        tariffs = self.sudo().cost_tariff_id
        tariffs.filtered(lambda tariff: not tariff.is_cost).is_cost = True

    def action_open_sources(self):
        return self._action_open("telecom_source_action")

    def action_open_numbers(self):
        return self._action_open("telecom_number_action")

    def action_open_files(self):
        return self._action_open("telecom_file_action")

    def _action_open(self, xmlid):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        action["domain"] = [("carrier_id", "=", self.id)]
        action["context"] = {"default_carrier_id": self.id}
        return action
