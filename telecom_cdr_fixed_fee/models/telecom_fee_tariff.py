# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from odoo.addons.telecom_cdr.models.mixin_tariff import ROUNDINGS

# What decides a price: frozen once the tariff has priced an invoiced charge.
PRICING_FIELDS = {"currency_id", "rounding", "rounding_digits"}


class TelecomFeeTariff(models.Model):
    """What customers pay for a carrier's charges beside calls."""

    _name = "telecom.fee.tariff"
    _description = "Fixed-Fee Tariff"
    _inherit = ["telecom.tariff.mixin", "telecom.fee.billed.mixin"]
    _charge_field = "fee_tariff_id"

    rounding_digits = fields.Integer(
        default=2,
        help="Decimals of the price of a charge. It is rounded once, at the end.",
    )
    # Here too, so that the labels are translated with this addon.
    rounding = fields.Selection(ROUNDINGS)
    is_cost = fields.Boolean(
        string="Wholesale",
        readonly=True,
        help="What a carrier charges us. Seen by those who see costs.",
    )
    line_ids = fields.One2many("telecom.fee.tariff.line", "tariff_id", copy=True)
    assignment_ids = fields.One2many("telecom.fee.tariff.assignment", "tariff_id")
    customer_count = fields.Integer(
        string="Customers", compute="_compute_customer_count"
    )
    charge_count = fields.Integer(string="Charges", compute="_compute_charge_count")
    is_default = fields.Boolean(
        string="Default of the company", compute="_compute_is_default"
    )

    _rounding_digits_range = models.Constraint(
        "CHECK(rounding_digits BETWEEN 0 AND 6)",
        "A charge's price has 0 to 6 decimals.",
    )

    @api.depends("assignment_ids.date_start", "assignment_ids.date_end")
    def _compute_customer_count(self):
        assignments = self.env["telecom.fee.tariff.assignment"]
        counts = dict(
            assignments._read_group(
                assignments._present_domain()
                & fields.Domain("tariff_id", "in", self.ids),
                ["tariff_id"],
                ["__count"],
            )
        )
        for tariff in self:
            tariff.customer_count = counts.get(tariff, 0)

    def _compute_charge_count(self):
        counts = dict(
            self.env["telecom.charge"]._read_group(
                [("fee_tariff_id", "in", self.ids)], ["fee_tariff_id"], ["__count"]
            )
        )
        for tariff in self:
            tariff.charge_count = counts.get(tariff, 0)

    @api.depends("company_id.telecom_fee_tariff_id")
    def _compute_is_default(self):
        for tariff in self:
            tariff.is_default = tariff == tariff.company_id.telecom_fee_tariff_id

    @api.constrains("is_cost")
    def _check_lines_of_cost(self):
        self.line_ids._check_method_of_cost()

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if self._frozen_names(vals):
            self.env["telecom.charge"]._take_up_soon()
        return result

    def _frozen_names(self, vals):
        return PRICING_FIELDS & vals.keys()

    def _frozen_text(self):
        return self.env._(
            "%(name)s has priced charges that are invoiced, so currency and rounding "
            "stay as they are. Archive the tariff, or duplicate it and assign the copy "
            "from a date.",
            name=self[0].name,
        )

    def _forget_charges(self):
        self.env["telecom.charge"]._forget_tariffs(self)

    def action_make_default(self) -> None:
        """Price the charges of all customers without a tariff of their own."""
        self.ensure_one()
        self.check_access("write")
        self.company_id.sudo().telecom_fee_tariff_id = self

    def action_open_charges(self) -> dict:
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action["domain"] = [("fee_tariff_id", "in", self.ids)]
        action["context"] = {}
        return action
