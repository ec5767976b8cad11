# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .mixin_move_detail import LINKS
from .mixin_release_credit import POSTED

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
        calls = lines.filtered("telecom_kind")
        for line, *billed in self._billed_calls(calls):
            calls.browse(line)._check_telecom_amount(*billed)
        corrections = lines.filtered("telecom_origin_line_id")
        corrected = self.env["telecom.release"]._billed(corrections)
        for line in corrections:
            line._check_telecom_amount(corrected[line.id], 0, 0)

    def _billed_calls(self, lines):
        """By line: the calls' sum, and how many have another customer or currency.

        What was credited and given back since may cost something else by now, or be
        gone: of such a line counts what its calls came to when it was made.
        """
        if not lines:
            return []
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT l.id, (CASE WHEN EXISTS (
                           SELECT FROM telecom_release_line o
                             JOIN telecom_release r ON r.id = o.release_id
                            WHERE o.move_line_id = l.id AND r.state = ANY(%(posted)s))
                       THEN l.telecom_line_amount
                       ELSE COALESCE(sum(c.price), 0) END)::text,
                       count(*) FILTER (WHERE c.partner_id <> m.commercial_partner_id),
                       count(*) FILTER (WHERE c.currency_id <> m.currency_id)
                  FROM account_move_line l
                  JOIN account_move m ON m.id = l.move_id
             LEFT JOIN %(links)s i ON i.move_line_id = l.id
             LEFT JOIN telecom_call c ON c.id = i.call_id
                 WHERE l.id = ANY(%(lines)s) GROUP BY l.id ORDER BY l.id
                """,
                links=LINKS,
                lines=lines.ids,
                posted=list(POSTED),
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
        """Lines of the reversed invoice that bill telephony, credited as a whole.

        Of a line that was credited in part before, the rest is the whole.
        """
        original = self.reversed_entry_id
        billing = original.invoice_line_ids._telecom_billing()
        rests = self.env["telecom.release"].sudo()._rests(billing)
        sign = self._telecom_credit_sign(original)
        is_whole = not self.currency_id.compare_amounts(
            sign * self.amount_total, original.amount_total
        )
        if is_whole and not rests:
            return billing
        compared = {line: self._compare_telecom_credit(line, rests) for line in billing}
        is_named = self.invoice_line_ids.telecom_reversed_line_id
        if any(compared[line] > 0 for line in rests) or (is_whole and not is_named):
            self._refuse_telecom_reversal()
        return billing.filtered(lambda line: compared[line] == 0)

    def _compare_telecom_credit(self, line, rests):
        """Whether a line is credited whole (0), in part (-1), or too much (1).

        :param rests: what earlier credit notes have left of lines
        """
        credited = self.invoice_line_ids.grouped("telecom_reversed_line_id")
        given = sum(credited.get(line, line.browse()).mapped("price_subtotal"))
        given *= self._telecom_credit_sign(self.reversed_entry_id)
        if line not in rests:
            return self.currency_id.compare_amounts(given, line.price_subtotal)
        left = line._telecom_left(rests[line])
        if not given or not left:
            return 1 if given else -1
        # The net of a price with tax may be a cent beside that of its parts.
        is_near = abs(given - left) < 2 * self.currency_id.rounding
        if is_near and line.telecom_is_tax_included:
            return 0
        sign = 1 if left > 0 else -1
        return self.currency_id.compare_amounts(sign * given, sign * left)

    def _refuse_telecom_reversal(self):
        original = self.reversed_entry_id
        refunds = self.env["telecom.release"]._credits_of(original.invoice_line_ids)
        raise UserError(
            self.env._(
                "%(refunds)s has taken calls or fees off %(invoice)s already, and this "
                "credit note takes them off once more. Delete it and reverse the "
                "invoice again: then it takes off what is left.",
                refunds=", ".join((refunds - self).mapped("display_name")),
                invoice=original.display_name,
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
        fees = lines._telecom_fees().filtered(lambda line: not line.telecom_is_released)
        release = release.create(
            {"move_id": original.id, "refund_id": self.id, "line_ids": fees.ids}
        )
        release._take_lines(lines)
        release._on_posted()

    # === REVERSALS === #

    def _telecom_credit_sign(self, original):
        """1 where it takes off what an invoice takes, -1 where it takes it once more.

        What is below 0 for a credit note is turned into an invoice.
        """
        return -1 if self.move_type == original.move_type else 1

    def _telecom_rests(self):
        """What posted credit notes have left of the lines: {line: Decimal}."""
        lines = self.filtered(lambda m: m.move_type in BILLS).invoice_line_ids
        return self.env["telecom.release"].sudo()._rests(lines._telecom_billing())

    def _check_telecom_no_credit(self):
        """Refuse to reverse what credits calls: they would be owed by no call."""
        crediting = self.filtered(lambda move: move.sudo().telecom_refund_release_ids)
        if crediting:
            raise UserError(
                self.env._(
                    "%(refund)s takes calls or fees off %(invoice)s, so it is not "
                    "reversed: reset it to draft, then they are owed as before. What "
                    "was invoiced again since is reversed there.",
                    refund=crediting[0].display_name,
                    invoice=crediting[0].reversed_entry_id.display_name,
                )
            )

    def _check_telecom_uncredited(self):
        """Refuse to reverse an invoice whole, and to replace it, that is credited."""
        for move in self:
            rests = move._telecom_rests()
            if not rests:
                continue
            refunds = self.env["telecom.release"]._credits_of(move.invoice_line_ids)
            raise UserError(
                self.env._(
                    "%(refunds)s has taken calls or fees off %(invoice)s already, so "
                    "it is not replaced as a whole. Reverse it without a new invoice: "
                    "that credits what is left, and the calls are invoiced again as "
                    "any others.",
                    refunds=", ".join(refunds.mapped("display_name")),
                    invoice=move.display_name,
                )
            )

    def _leave_credited_out(self):
        """Have a draft reversal take off what is left of each line."""
        original = self.reversed_entry_id
        rests = original._telecom_rests()
        if not rests:
            return
        sign = 1 if original.move_type == "out_invoice" else -1
        releases = self.env["telecom.release"].sudo()
        for line in self.invoice_line_ids.filtered(
            lambda line: line.telecom_reversed_line_id in rests
        ):
            credited = line.telecom_reversed_line_id
            if rests[credited]:
                amount = sign * rests[credited]
                line.write({**releases._credit_values(credited, amount), "discount": 0})
            else:
                line.unlink()
        self._tell_credited(original)

    def _tell_credited(self, original):
        """Say what a draft reversal leaves out; of nothing there is no credit note."""
        refunds = self.env["telecom.release"]._credits_of(original.invoice_line_ids)
        names = ", ".join(refunds.mapped("display_name"))
        products = self.invoice_line_ids.filtered(lambda x: x.display_type == "product")
        if not products:
            raise UserError(
                self.env._(
                    "Nothing is left of %(invoice)s to credit: %(refunds)s has taken "
                    "it off already.",
                    invoice=original.display_name,
                    refunds=names,
                )
            )
        self.message_post(
            body=self.env._("Left out: what %s has taken off already.", names)
        )

    # === WHAT CREDIT NOTES REST ON === #

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
