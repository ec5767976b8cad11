# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from odoo import api, models


class TelecomInvoicing(models.AbstractModel):
    _inherit = "telecom.invoicing"

    @api.model
    def _invoice_onto(
        self,
        moves: models.BaseModel,
        contracts: models.BaseModel,
        date_from: date,
        date_to: date,
        waiting: models.BaseModel,
    ) -> models.BaseModel:
        """Put what customers owe for telephony on invoices that they have already.

        Each gets what the shape of its customer's invoices has it be for.

        :param moves: drafts of these contracts and this company
        :param contracts: theirs; their customers may have no such draft
        :param date_from: fees count from this day
        :param date_to: last local day of the calls and fees
        :param waiting: other contracts that are about to be invoiced
        :return: the invoices that have any, and new ones for what no draft is for: the
            customer is invoiced elsewhere, calls have another currency, or the shape
            has invoices beside those of contracts
        """
        payers = contracts.commercial_partner_id
        # Whoever invoices contracts does it in a savepoint: no step ends by itself.
        self.with_context(telecom_one_transaction=True)._make_ready(payers)
        others = self._other_lines(self.env.company, payers, date_from, date_to)
        waiting |= self.env["contract.line"]._telecom_bringing(payers, date_to)
        onto = self.with_context(
            telecom_onto_ids=moves.ids,
            telecom_waiting_ids=(waiting - contracts).ids,
        )
        return onto._bill(payers, date_to, others)

    def _create_moves(self, groups, others):
        if "telecom_onto_ids" not in self.env.context:
            return super()._create_moves(groups, others)
        drafts, left = self._drafts_to_fill(), self._left_to_contracts()
        filled, new = self.env["account.move"], []
        for place, values in self._moves_by_place(groups, others).items():
            payer_id, _currency_id, invoice_key = place
            if place in drafts:
                drafts[place].write({"invoice_line_ids": values["invoice_line_ids"]})
                filled |= drafts[place]
            elif (payer_id, invoice_key) not in left:
                new.append(values)
        moves = filled | self.env["account.move"].create(new)
        moves.filtered(lambda move: move.amount_total < 0).action_switch_move_type()
        return moves

    def _drafts_to_fill(self) -> dict[tuple[int, int, str], models.BaseModel]:
        """Drafts that take lines, by customer, currency and key of the shape."""
        moves = self.env["account.move"].browse(self.env.context["telecom_onto_ids"])
        drafts = {}
        for move in moves:
            contract = move.invoice_line_ids.contract_line_id.contract_id[:1]
            place = (
                move.commercial_partner_id.id,
                move.currency_id.id,
                contract._telecom_invoice_key(),
            )
            drafts.setdefault(place, move)
        return drafts

    def _left_to_contracts(self) -> set[tuple[int, str]]:
        """What other contracts bring on their invoices: customers and keys.

        What belongs to no contract in particular is on the first invoice.
        """
        waiting = self.env["contract.contract"].browse(
            self.env.context["telecom_waiting_ids"]
        )
        return {
            (contract.commercial_partner_id.id, contract._telecom_invoice_key())
            for contract in waiting
            if contract._telecom_is_particular()
        }

    def _fee_subscriptions(self, company, payers):
        """The fee of what a contract sells is on the invoices of the contract."""
        found = super()._fee_subscriptions(company, payers)
        return found.filtered(lambda one: not one.is_contract_fee)
