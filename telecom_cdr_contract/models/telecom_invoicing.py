# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomInvoicing(models.AbstractModel):
    _inherit = "telecom.invoicing"

    @api.model
    def _invoice_onto(self, moves, payers, date_from, date_to):
        """Put what customers owe for telephony on invoices that they have already.

        :param moves: drafts of this company
        :param payers: customers; they may have no such invoice
        :param date_from: fees count from this day
        :param date_to: last local day of the calls and fees
        :return: the invoices that have any, and new ones for what no draft is for: the
            customer is invoiced elsewhere, or calls have another currency
        """
        # Whoever invoices contracts does it in a savepoint: no step ends by itself.
        self.with_context(telecom_one_transaction=True)._make_ready(payers)
        others = self._other_lines(self.env.company, payers, date_from, date_to)
        onto = self.with_context(telecom_onto_ids=moves.ids)
        return onto._bill(payers, date_to, others)

    def _create_moves(self, groups, others):
        drafts = self._drafts_to_fill()
        if not drafts:
            return super()._create_moves(groups, others)
        filled, new = self.env["account.move"], []
        for values in self._move_values(groups, others):
            draft = drafts.get(self._draft_key(values))
            if draft:
                draft.write({"invoice_line_ids": values["invoice_line_ids"]})
                filled |= draft
            else:
                new.append(values)
        moves = filled | self.env["account.move"].create(new)
        moves.filtered(lambda move: move.amount_total < 0).action_switch_move_type()
        return moves

    def _drafts_to_fill(self):
        """Drafts that take the lines of their customers, by customer and currency."""
        ids = self.env.context.get("telecom_onto_ids", [])
        drafts = {}
        for move in self.env["account.move"].browse(ids):
            key = (move.commercial_partner_id.id, move.currency_id.id)
            drafts.setdefault(key, move)
        return drafts

    def _draft_key(self, values):
        partner = self.env["res.partner"].browse(values["partner_id"])
        return partner.commercial_partner_id.id, values["currency_id"]

    def _fee_subscriptions(self, company, payers):
        """The fee of what a contract sells is on the invoices of the contract."""
        found = super()._fee_subscriptions(company, payers)
        return found.filtered(lambda one: not one.is_contract_fee)
