# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .mixin_move_detail import LINKS


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = [
        "account.move",
        "telecom.move.detail.mixin",
        "telecom.move.release.mixin",
        "telecom.move.run.mixin",
    ]

    telecom_call_count = fields.Integer(
        string="Calls",
        compute="_compute_telecom_call_count",
        compute_sudo=True,
        groups="telecom_cdr.group_telecom_reader",
    )

    telecom_rerating_id = fields.Many2one(
        "telecom.rerating",
        string="Re-rating",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="telecom_cdr.group_telecom_reader",
    )

    @api.depends("invoice_line_ids")
    def _compute_telecom_call_count(self):
        """Calls that were put on the invoice, given back since or not."""
        counts = dict(
            self.env.execute_query(
                SQL(
                    "SELECT l.move_id, count(*) FROM %s i"
                    " JOIN account_move_line l ON l.id = i.move_line_id"
                    " WHERE l.move_id = ANY(%s) GROUP BY 1",
                    LINKS,
                    list(self.ids),
                )
            )
        )
        for move in self:
            move.telecom_call_count = counts.get(move.id, 0)

    def action_telecom_calls(self):
        """Open the calls of this invoice."""
        self.ensure_one()
        self.env["telecom.call"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("id", "in", self._telecom_call_ids())]
        action["context"] = {}
        return action

    def _telecom_call_ids(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT i.call_id FROM %s i"
                " JOIN account_move_line l ON l.id = i.move_line_id"
                " WHERE l.move_id = ANY(%s) ORDER BY 1",
                LINKS,
                list(self.ids),
            )
        )
        return [row[0] for row in rows]

    def _get_fields_to_detach(self):
        """What a draft is changed to is not what the file of its calls says."""
        return [*super()._get_fields_to_detach(), "telecom_detail_file"]

    def _post(self, soft=True):
        self._check_telecom_amounts()
        posted = super()._post(soft)
        posted._credit_telecom_calls()
        return posted

    def button_cancel(self):
        self.invoice_line_ids._check_telecom_rested_on()
        result = super().button_cancel()
        self._give_telecom_calls_back()
        self.sudo().telecom_refund_release_ids._on_cancelled()
        return result

    def _check_telecom_corrections(self):
        """A cancelled correction comes back only where no other took its place."""
        cancelled = self.sudo().filtered(
            lambda move: move.state == "cancel" and move.telecom_rerating_id
        )
        later = cancelled and self.env.execute_query(
            SQL(
                "SELECT 1 FROM telecom_call_correction k"
                " JOIN telecom_call_correction n ON n.call_id = k.call_id"
                " AND n.number > k.number WHERE k.move_line_id = ANY(%s) LIMIT 1",
                cancelled.line_ids.ids,
            )
        )
        if later:
            raise UserError(
                self.env._(
                    "The calls of this correction have been corrected again meanwhile, "
                    "so it cannot be reset to draft."
                )
            )

    def button_draft(self):
        self._check_telecom_corrections()
        cancelled = self.filtered(lambda move: move.state == "cancel")
        result = super().button_draft()
        (self - cancelled)._withdraw_telecom_credit()
        if cancelled:
            self.env["telecom.invoicing"]._take_back(cancelled.invoice_line_ids)
            cancelled.sudo().telecom_refund_release_ids._on_uncancelled()
        return result

    def action_switch_move_type(self):
        """The lines keep what they take of their calls; only its sign is another."""
        switching = self.with_context(telecom_is_switching=True)
        return super(AccountMove, switching).action_switch_move_type()

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """What credit notes have taken off an invoice is not reversed once more."""
        self._check_telecom_no_credit()
        if cancel:
            self._check_telecom_uncredited()
        reversals = super()._reverse_moves(default_values_list, cancel)
        if not cancel:
            for reversal in reversals:
                reversal._leave_credited_out()
        return reversals

    def unlink(self):
        """Other drafts take off what a deleted one was to take off."""
        moves = self.sudo().telecom_refund_release_ids.move_id - self.sudo()
        result = super().unlink()
        self.env["telecom.release"].sudo()._settle_drafts(moves.exists())
        return result

    @api.model_create_multi
    def create(self, vals_list):
        moves = super().create(vals_list)
        renewed = moves.sudo().invoice_line_ids.filtered("telecom_renewed_line_id")
        renewed._take_telecom_calls()
        renewed._take_telecom_corrections()
        return moves
