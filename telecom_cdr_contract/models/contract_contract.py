# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

# What decides, on the head of a contract, what the customer has by its lines.
FOLLOWED = {
    "active",
    "contract_type",
    "company_id",
    "partner_id",
    "date_start",
    "date_end",
    "line_recurrence",
}


class ContractContract(models.Model):
    _inherit = "contract.contract"

    telecom_subscription_count = fields.Integer(
        string="Bundles given",
        compute="_compute_telecom_subscription_count",
        compute_sudo=True,
    )

    @api.depends("contract_line_ids.telecom_subscription_ids")
    def _compute_telecom_subscription_count(self):
        for contract in self:
            given = contract.contract_line_ids.telecom_subscription_ids
            contract.telecom_subscription_count = len(given)

    # === THE CUSTOMER'S BUNDLES FOLLOW THE CONTRACT === #

    def write(self, vals: dict) -> bool:
        contracts = self if FOLLOWED & vals.keys() else self.browse()
        lines = contracts._telecom_lines()
        before = lines._telecom_sold()
        result = super().write(vals)
        lines.exists()._follow_telecom(before)
        return result

    def unlink(self) -> bool:
        """The database deletes the lines: nobody else ends what they gave."""
        self.sudo()._telecom_lines().telecom_subscription_ids._end_sold()
        return super().unlink()

    def _telecom_lines(self):
        return self.with_context(active_test=False).contract_line_ids

    def action_telecom_subscriptions(self) -> dict:
        """Open the bundles that the customer has by this contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_bundle_subscription_action"
        )
        action["domain"] = [("contract_line_id", "in", self._telecom_lines().ids)]
        action["context"] = {}
        return action

    # === CALLS ON THE INVOICES OF THE CONTRACT === #

    def _recurring_create_invoice(self, date_ref=False):
        """Contracts with Voice calls bring them onto their invoices."""
        # Of computed dates none is read before: how the contract moves on to its next
        # period depends on which of them are known.
        usage = self.contract_line_ids.filtered("product_id.telecom_usage")
        before = {line.id: line.last_date_invoiced for line in usage}
        moves = super()._recurring_create_invoice(date_ref)
        return moves | self._invoice_telecom(self._telecom_due(before, moves), moves)

    def _telecom_due(self, before, moves):
        """Days that these invoices are to bill: Due by contract id.

        :param before: until when lines with Voice calls were invoiced before
        """
        billed = moves.invoice_line_ids.contract_line_id & self.contract_line_ids
        lines = billed.filtered("product_id.telecom_usage")
        return {
            line.contract_id.id: line._telecom_days(before.get(line.id))
            for line in lines
            if line.contract_id.contract_type == "sale" and line.last_date_invoiced
        }

    def _invoice_telecom(self, due, moves):
        """Put calls, and what else is due for telephony, on the contracts' invoices.

        Contracts of the same company and days are invoiced at once. What is of none of
        a customer's contracts in particular is on the first invoice that has room for
        it: afterwards nothing is left.

        :param due: first and last day (Due) by contract id, where there is something
        :return: the invoices that have any, and others for what they cannot have
        """
        result = moves.browse()
        contracts = self.filtered(lambda one: one.id in due).sorted(
            lambda one: (one.company_id.id, due[one.id].end, due[one.id].start, one.id)
        )
        by_days = contracts.grouped(lambda one: (one.company_id, due[one.id]))
        waiting = contracts
        for (company, days), found in by_days.items():
            waiting -= found
            own = moves.filtered(
                lambda move, found=found: (
                    move.invoice_line_ids.contract_line_id.contract_id & found
                )
            )
            # Whoever invoices contracts need not be one who sees calls.
            invoicing = self.env["telecom.invoicing"].sudo().with_company(company)
            billing = invoicing._invoice_onto(own, found, *days, waiting)
            result |= billing.sudo(self.env.su)
        return result

    # === WHICH INVOICE OF ITS CUSTOMER ITS OWN IS === #

    def _telecom_numbers(self) -> models.BaseModel:
        """Numbers it is for: those of its Voice calls, else of its reference."""
        usage = self.contract_line_ids.filtered("product_id.telecom_usage")
        named = usage.filtered(lambda line: not line.is_canceled).telecom_number_ids
        if named or not self.code:
            return named
        return self.env["telecom.number"].search(
            Domain("company_id", "=", self.company_id.id)
            & Domain(
                "partner_id.commercial_partner_id", "=", self.commercial_partner_id.id
            )
            & Domain("contract_reference", "=", self.code)
        )

    def _telecom_invoice_key(self) -> str:
        """Which invoice of its customer the contract's one is, by the shape of these.

        Where its numbers have several, or it has none: that of what has no number.
        """
        shape = self._telecom_shape()
        keys = {shape._invoice_key(number) for number in self._telecom_numbers()}
        if len(keys) == 1:
            return keys.pop()
        return shape._invoice_key(self.env["telecom.number"])

    def _telecom_is_particular(self) -> bool:
        """Whether its invoice is that of a number, department or reference."""
        nothing = self._telecom_shape()._invoice_key(self.env["telecom.number"])
        return self._telecom_invoice_key() != nothing

    def _telecom_shape(self) -> models.BaseModel:
        payer = self.commercial_partner_id
        shapes = self.env["telecom.invoice.shape"]._of_payers(self.company_id, payer)
        return shapes[payer.id]
