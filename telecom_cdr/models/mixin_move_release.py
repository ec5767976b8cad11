# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .mixin_move_detail import LINKS

# What bills calls: what is owed to a customer is a credit note.
BILLS = ("out_invoice", "out_refund")


class TelecomMoveRelease(models.AbstractModel):
    """Invoices whose calls come free, wholly or in part, and come back."""

    _name = "telecom.move.release.mixin"
    _description = "Release of an Invoice's Calls"

    telecom_release_ids = fields.One2many(
        "telecom.release",
        "move_id",
        string="Calls given back",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_refund_release_ids = fields.One2many(
        "telecom.release",
        "refund_id",
        string="Calls that it credits",
        groups="telecom_cdr.group_telecom_reader",
    )

    # === BEFORE POSTING: what an invoice takes is what its calls come to === #

    def _check_telecom_amounts(self):
        """Refuse lines that take another amount, customer or currency than their calls.

        They are the calls' when they are made; a draft may be changed since.
        """
        lines = self.filtered(lambda m: m.move_type in BILLS).invoice_line_ids
        lines = lines.filtered("telecom_kind")
        billed = {row[0]: row[1:] for row in self._billed_calls(lines)}
        for line in lines:
            line._check_telecom_amount(*billed.get(line.id, ("0", 0, 0)))

    def _billed_calls(self, lines):
        """By line: the calls' sum, and how many have another customer or currency."""
        if not lines:
            return []
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT l.id, sum(c.price)::text,
                       count(*) FILTER (WHERE c.partner_id <> m.commercial_partner_id),
                       count(*) FILTER (WHERE c.currency_id <> m.currency_id)
                  FROM %s i
                  JOIN account_move_line l ON l.id = i.move_line_id
                  JOIN account_move m ON m.id = l.move_id
                  JOIN telecom_call c ON c.id = i.call_id
                 WHERE l.id = ANY(%s) GROUP BY l.id
                """,
                LINKS,
                lines.ids,
            )
        )

    # === CREDIT NOTES === #

    def _credit_telecom_calls(self):
        """What was just posted and reverses an invoice gives its calls back."""
        for reversal in self.filtered("reversed_entry_id"):
            chosen = reversal.sudo().telecom_refund_release_ids
            if chosen:
                chosen._on_posted()
            elif reversal.move_type in BILLS:
                reversal._release_telecom_calls()

    def _release_telecom_calls(self):
        """A credit note of the invoice, or of whole lines, gives their calls back."""
        original = self.reversed_entry_id
        if not original._has_telecom_lines():
            return
        lines = self._telecom_credited_lines()
        if lines:
            self._check_telecom_uncorrected(lines)
            self._release_lines(lines)
        if lines < original.invoice_line_ids._telecom_billing():
            original.message_post(
                body=self.env._(
                    "%(refund)s credits a part of this invoice: calls of lines that "
                    "it does not credit whole stay invoiced.",
                    refund=self.display_name,
                )
            )

    def _telecom_credited_lines(self):
        """Lines of the reversed invoice that bill telephony, credited as a whole."""
        original = self.reversed_entry_id
        billing = original.invoice_line_ids._telecom_billing()
        if not self.currency_id.compare_amounts(
            self.amount_total, original.amount_total
        ):
            return billing
        credited = self.invoice_line_ids.grouped("telecom_reversed_line_id")
        return billing.filtered(
            lambda line: not self.currency_id.compare_amounts(
                sum(credited.get(line, line.browse()).mapped("price_subtotal")),
                line.price_subtotal,
            )
        )

    def _check_telecom_uncorrected(self, lines):
        """What was corrected since is not credited by crediting the first invoice."""
        moves = (
            self.env["telecom.release"]
            ._corrections(
                SQL(
                    "k.call_id IN (SELECT i.call_id FROM telecom_call_invoice i"
                    " WHERE i.move_line_id = ANY(%s))",
                    lines.ids,
                )
            )
            .move_id
        )
        if moves:
            raise UserError(
                self.env._(
                    "Calls of this invoice have been corrected by %(moves)s. Credit "
                    "them with the button Give calls back, which takes the correction "
                    "back, too.",
                    moves=", ".join(moves.mapped("display_name")),
                )
            )

    def _release_lines(self, lines):
        """Give the calls and fees of whole lines back for this credit note."""
        original = self.reversed_entry_id
        release = self.env["telecom.release"].sudo()
        release = release.create(
            {
                "move_id": original.id,
                "refund_id": self.id,
                "line_ids": lines.filtered(
                    lambda line: not line.telecom_is_released
                ).ids,
            }
        )
        release._choose(SQL("l.id = ANY(%s)", lines.ids))
        release._on_posted()

    def _has_telecom_lines(self):
        """Whether calls or fees of ours are billed by this invoice."""
        return bool(self.invoice_line_ids._telecom_billing())

    def _give_telecom_calls_back(self):
        """A cancelled invoice takes nothing: all of it may be invoiced again."""
        for move in self.filtered(lambda m: m.move_type in BILLS):
            released = self.env["telecom.invoicing"]._release(move.invoice_line_ids)
            if released:
                move.message_post(
                    body=self.env._("%s calls may be invoiced again.", released)
                )

    def _withdraw_telecom_credit(self):
        """A credit note that is a draft again: its calls are owed by their invoice."""
        releases = self.sudo().telecom_refund_release_ids
        releases._on_withdrawn()
        # What a native credit note gives back is told by its lines when it is posted.
        releases.filtered(lambda release: not release.is_chosen).unlink()

    # === BUTTONS === #

    def action_telecom_release(self):
        """Ask which of the invoice's calls to give back."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_release_wizard_action"
        )
        action["context"] = {"default_move_id": self.id}
        return action
