# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain


class TelecomRunGap(models.Model):
    _inherit = "telecom.run.gap"

    kind = fields.Selection(
        selection_add=[
            ("charge_unmatched", "Charges without a customer"),
            ("charge_unpriced", "Charges without a price"),
        ],
        ondelete={"charge_unmatched": "cascade", "charge_unpriced": "cascade"},
    )

    def action_open(self) -> dict:
        self.ensure_one()
        if not self.kind.startswith("charge_"):
            return super().action_open()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        state = Domain("state", "=", self.kind.removeprefix("charge_"))
        domain = self.run_id._waiting_charges() & state
        action.update(name=self.display_name, domain=list(domain), context={})
        return action
