# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import fields, models

from ..authorisation.answers import as_text
from ..authorisation.asked import Asked


class TelecomSwitchTrial(models.TransientModel):
    """What a switch would be told of a call; nothing is reserved for it."""

    _name = "telecom.switch.trial"
    _description = "Trial of a Call at a Switch"

    switch_id = fields.Many2one("telecom.switch", required=True, ondelete="cascade")
    direction = fields.Selection(
        [("out", "From an account"), ("in", "To one of our numbers")],
        required=True,
        default="out",
    )
    account_id = fields.Many2one("telecom.sip.account", ondelete="cascade")
    called = fields.Char(string="Called number")
    calling = fields.Char(string="Calling number")
    address = fields.Char(string="From address")
    result = fields.Text(readonly=True)

    def action_ask(self) -> dict[str, Any]:
        """Show the answer."""
        self.switch_id.check_access("read")
        asked = Asked(
            switch_id=self.switch_id.id,
            key="",
            login=self.account_id.login or "",
            address=self.address or "",
            called=self.called or "",
            calling=self.calling or "",
            reference=f"trial {self.id}",
            direction=self.direction,
        )
        self.result = as_text(self.env["telecom.authorisation"].sudo()._try(asked))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_voip.telecom_switch_trial_action"
        )
        return {**action, "res_id": self.id}
