# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomMoveRun(models.AbstractModel):
    """An invoice knows the run that made it; the run knows when it is gone."""

    _name = "telecom.move.run.mixin"
    _description = "Invoice of a Run"

    telecom_run_id = fields.Many2one(
        "telecom.run",
        string="Invoicing run",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="telecom_cdr.group_telecom_reader",
    )

    def unlink(self):
        """The customers of deleted drafts are to be invoiced again."""
        lines = self._telecom_run_lines()
        result = super().unlink()
        lines.exists()._follow_moves()
        return result

    def write(self, vals):
        """Who posts or cancels an invoice by hand finds it so in the run."""
        result = super().write(vals)
        if "state" in vals:
            self._telecom_run_lines()._follow_moves()
        return result

    def _telecom_run_lines(self):
        """The customers of these invoices in their runs, unless these are at work."""
        moves = self.sudo().filtered("telecom_run_id")
        runs = moves.telecom_run_id.filtered(lambda run: not run.work)
        return runs.line_ids.filtered(
            lambda line: line.partner_id in moves.commercial_partner_id
        )

    def action_telecom_run(self):
        """Open the run that made this invoice."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.run",
            "res_id": self.telecom_run_id.id,
            "views": [(False, "form")],
        }

    def _action_telecom_calls(self):
        """Open the calls of these invoices."""
        self.env["telecom.call"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action.update(domain=[("move_id", "in", self.ids)], context={})
        return action
