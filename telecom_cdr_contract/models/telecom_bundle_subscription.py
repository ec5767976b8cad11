# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


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

    def action_open_contract(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }
