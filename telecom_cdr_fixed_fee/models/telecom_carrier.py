# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, fields, models


class TelecomCarrier(models.Model):
    _inherit = "telecom.carrier"

    is_fee_information = fields.Boolean(
        string="Fixed fees for information only",
        tracking=True,
        help="Its charges are compared with what customers pay (Drift), and never "
        "billed.",
    )
    fee_cost_tariff_id = fields.Many2one(
        "telecom.fee.tariff",
        string="Wholesale fixed fees",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        groups="telecom_cdr.group_telecom_cost",
        help="What the carrier should charge: each charge is compared with it, and "
        "charges without an amount get their cost from it.",
    )

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        carriers = super().create(vals_list)
        carriers._hide_fee_tariffs()
        return carriers

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        self._hide_fee_tariffs()
        if vals.keys() & {"is_fee_information", "fee_cost_tariff_id"}:
            self.env["telecom.charge"]._take_up_soon()
        return result

    def _hide_fee_tariffs(self):
        """What carriers charge us is seen by who may see costs."""
        tariffs = self.sudo().fee_cost_tariff_id
        tariffs.filtered(lambda tariff: not tariff.is_cost).is_cost = True
