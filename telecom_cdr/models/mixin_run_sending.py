# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError


class TelecomRunSending(models.AbstractModel):
    """Posts the drafts of a run and has Odoo send them, as each customer wants it."""

    _name = "telecom.run.sending.mixin"
    _description = "Posting and Sending of an Invoicing Run"

    # === POSTING === #

    def _post_step(self):
        """Post the drafts of a batch of customers."""
        self._hold()
        partners = self._next_partners("invoiced")
        if not partners:
            return self._end_phase()
        self._attempt(partners, self._post_partners)
        return True

    def _post_partners(self, partners):
        moves = self._moves_of(partners)
        drafts = moves.filtered(lambda move: move.state == "draft")
        drafts.with_env(self._worker().env)._post(soft=False)
        self._lines_of(partners)._follow_moves()

    def _moves_of(self, partners):
        """The invoices of some customers that are not cancelled."""
        return self.env["account.move"].search(
            [
                ("telecom_run_id", "=", self.id),
                ("commercial_partner_id", "in", partners.ids),
                ("state", "!=", "cancel"),
            ]
        )

    # === SENDING === #

    def _send_step(self):
        """Hand a batch over to Odoo's own sending; at the end see what became of it.

        Odoo sends in the background: until it has, the run waits.
        """
        self._hold()
        partners = self._next_partners("posted")
        if partners:
            self._attempt(partners, self._queue_partners)
            return True
        queued = self.env["telecom.run.customer"].search(
            [("run_id", "=", self.id), ("state", "=", "sending")]
        )
        self._collect_sent(queued)
        if any(line.state == "sending" for line in queued):
            return False
        return self._end_phase()

    def _queue_partners(self, partners):
        moves = self._moves_of(partners).filtered(
            lambda move: move.state == "posted" and not move.is_move_sent
        )
        self._check_addresses(moves)
        user = self._worker().env.user
        moves.sending_data = {
            "author_user_id": user.id,
            "author_partner_id": user.partner_id.id,
        }
        self._lines_of(partners)._set_state("posted", "sending")
        self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    def _check_addresses(self, moves):
        """Refuse customers who get mails and have no address for them."""
        methods = self._worker().env["account.move.send"]
        for move in moves:
            wanted = methods._get_default_sending_methods(move)
            if "email" in wanted and not move.partner_id.email:
                raise UserError(
                    self.env._(
                        "%(customer)s has no e-mail address: %(invoice)s is posted, "
                        "and not sent. Add the address or another sending method, and "
                        "try again.",
                        customer=move.partner_id.display_name,
                        invoice=move.name,
                    )
                )

    def _collect_sent(self, lines):
        """Note which of the invoices that were handed over are sent."""
        moves_by_key = lines._moves_by_key()
        for line in lines:
            moves = moves_by_key.get(line._key(), self.env["account.move"])
            if any(move.sending_data for move in moves):
                continue
            unsent = moves.filtered(lambda move: not move.is_move_sent)
            if not unsent:
                line._set_state("sending", "sent")
                continue
            line._fail(
                self.env._(
                    "%(invoices)s could not be sent: the reason is among the messages "
                    "of the invoice.",
                    invoices=", ".join(unsent.mapped("display_name")),
                )
            )
