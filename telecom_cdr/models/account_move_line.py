# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    telecom_kind = fields.Selection(
        [
            ("landline", "Landline"),
            ("mobile", "Mobile"),
            ("other", "Other"),
            ("roaming", "Roaming"),
        ],
        string="Kind of calls",
        readonly=True,
        copy=False,
    )
    telecom_origin_line_id = fields.Many2one(
        "account.move.line",
        string="Corrected line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    telecom_number_id = fields.Many2one(
        "telecom.number", readonly=True, copy=False, index="btree_not_null"
    )
    telecom_subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    telecom_period_start = fields.Date(readonly=True, copy=False)
    telecom_period_end = fields.Date(
        readonly=True, copy=False, help="Not included; empty: a month after the start."
    )
    telecom_topup_id = fields.Many2one(
        "telecom.bundle.topup",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    telecom_is_released = fields.Boolean(readonly=True, copy=False)

    # The fee of a month is on one invoice at most, whoever invoices it.
    _telecom_fee_uniq = models.UniqueIndex(
        "(telecom_subscription_id, telecom_period_start)"
        " WHERE telecom_subscription_id IS NOT NULL"
        " AND telecom_is_released IS NOT TRUE",
        "The fee of this bundle and month is on an invoice already.",
    )

    _telecom_topup_uniq = models.UniqueIndex(
        "(telecom_topup_id)"
        " WHERE telecom_topup_id IS NOT NULL AND telecom_is_released IS NOT TRUE",
        "This top-up is on an invoice already.",
    )

    def unlink(self):
        """Calls that a draft lets go are counted in their turn again."""
        billing = self.filtered("telecom_kind")
        if billing:
            condition = SQL(
                "c.id IN (SELECT call_id FROM telecom_call_invoice"
                " WHERE move_line_id = ANY(%s))",
                billing.ids,
            )
            passes = self.env["telecom.bundle.pass"].sudo()
            passes._mark_calls(condition)
            passes._trigger()
        return super().unlink()

    def action_telecom_calls(self):
        """Open the calls that this line bills."""
        self.ensure_one()
        self.env["telecom.call"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("move_line_id", "=", self.id)]
        action["context"] = {}
        return action
