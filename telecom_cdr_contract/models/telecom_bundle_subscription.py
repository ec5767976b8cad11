# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomBundleSubscription(models.Model):
    _inherit = "telecom.bundle.subscription"

    contract_line_id = fields.Many2one(
        "contract.line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="account.group_account_invoice,telecom_cdr.group_telecom_reader",
    )
    contract_id = fields.Many2one(
        related="contract_line_id.contract_id",
        groups="account.group_account_invoice,telecom_cdr.group_telecom_reader",
    )
    # Also when the contract is deleted: what it was had for, the contract has billed.
    is_contract_fee = fields.Boolean(
        string="Fee by contract",
        readonly=True,
        copy=False,
        help="Its fee is that of the contract's line, on the invoices of the contract.",
    )

    @api.constrains("number_ids")
    def _check_usage_numbers(self):
        self._check_one_usage()

    def _usage_rivals(self, others):
        """Contracts for different numbers each bring the calls of theirs."""
        own = self._contract_numbers()

        def is_rival(other: models.BaseModel) -> bool:
            theirs = other._contract_numbers()
            return not own or not theirs or bool(own & theirs)

        return super()._usage_rivals(others).filtered(is_rival)

    def _contract_numbers(self) -> models.BaseModel:
        """Numbers that its contract is for; none: all of the customer."""
        return self.sudo().contract_id._telecom_numbers()

    def _move_sold(self, old, new):
        """Begin and end as a contract line does now, where it was so until now.

        :param old: what the line sold until now: ``start`` and ``end``
        """
        late = self.filtered(lambda one: new.end and one.date_start >= new.end)
        late._end_sold()
        for one in self - late:
            values = {}
            if one.date_start == old.start != new.start:
                values["date_start"] = new.start
            if (one.date_end or None) == old.end != new.end:
                values["date_end"] = new.end
            if values:
                one.write(values)

    def _successor_values(self, bundle, date):
        """The contract goes on billing the fee of what it sold."""
        line = self.sudo().contract_line_id
        return super()._successor_values(bundle, date) | {
            "contract_line_id": line.id,
            "is_contract_fee": self.is_contract_fee,
        }

    def action_open_contract(self) -> dict:
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }
