# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    telecom_fee_tariff_id = fields.Many2one(
        "telecom.fee.tariff",
        string="Fixed-fee tariff",
        compute="_compute_telecom_fee_tariff_id",
        inverse="_inverse_telecom_fee_tariff_id",
        search="_search_telecom_fee_tariff_id",
        groups="telecom_cdr.group_telecom_reader",
        help="Its own tariff, before the company's. Changing it ends the present "
        "assignment today and starts the next; a first one counts from ever.",
    )

    @api.depends_context("company")
    def _compute_telecom_fee_tariff_id(self):
        assignments = self.env["telecom.fee.tariff.assignment"]
        present = assignments._present("partner_id", self.commercial_partner_id.ids)
        for partner in self:
            payer = partner.commercial_partner_id
            partner.telecom_fee_tariff_id = present.get(payer.id)

    def _inverse_telecom_fee_tariff_id(self):
        for partner in self:
            self.env["telecom.fee.tariff.assignment"]._assign(
                {"partner_id": partner.commercial_partner_id.id},
                partner.telecom_fee_tariff_id,
            )

    def _search_telecom_fee_tariff_id(self, operator, value):
        return self.env["telecom.fee.tariff.assignment"]._search_owners(
            "partner_id", operator, value, "commercial_partner_id"
        )

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        partners = super().create(vals_list)
        if any(vals.get("ref") for vals in vals_list):
            self.env["telecom.charge"]._take_up_soon()
        return partners

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        if vals.keys() & {"ref", "parent_id", "is_company", "active"}:
            self.env["telecom.charge"]._take_up_soon()
        return result

    def action_telecom_own_charges(self) -> dict:
        """Open what we charge these customers beside calls."""
        payers = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_own_charge_action"
        )
        action["domain"] = [("partner_id", "in", payers.ids)]
        action["context"] = {"default_partner_id": payers[:1].id}
        return action

    def action_telecom_charges(self) -> dict:
        """Open the charges that these customers pay."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action["domain"] = [("partner_id", "in", self.commercial_partner_id.ids)]
        action["context"] = {}
        return action
