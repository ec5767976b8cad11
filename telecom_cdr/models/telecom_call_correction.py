# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_fields import UncheckedBigMany2one, UncheckedMany2one


class TelecomCallCorrection(models.Model):
    """What was billed or credited on an invoiced call after its invoice.

    The call itself stays as it was invoiced; what a customer owes for it is its price
    and the corrections that stand. So a difference is billed once only.
    """

    _name = "telecom.call.correction"
    _description = "Correction of an Invoiced Call"
    _log_access = False
    _order = "id desc"

    rerating_id = fields.Many2one(
        "telecom.rerating", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = UncheckedMany2one("res.company", readonly=True)
    call_id = UncheckedBigMany2one("telecom.call", readonly=True, index=True)
    number = fields.Integer(readonly=True, help="How many-eth of the call.")
    amount = fields.Float(digits=(16, 6), readonly=True)
    currency_id = UncheckedMany2one("res.currency", readonly=True)
    # A deleted draft lets its corrections go. None: it came to no line, 0.00.
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice line",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    is_released = fields.Boolean(
        string="Credited", readonly=True, help="The invoice of it was credited whole."
    )
    release_id = fields.Many2one(
        "telecom.release",
        string="Credited with",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_standing = fields.Boolean(
        string="Counts", compute="_compute_is_standing", compute_sudo=True
    )

    # Two proposals at a time cannot bill the same difference.
    _number_uniq = models.UniqueIndex(
        "(call_id, number)",
        "Some of these calls have just been corrected by another re-rating. Propose "
        "this one again.",
    )

    @api.depends("is_released", "move_id.state")
    def _compute_is_standing(self):
        for correction in self:
            is_cancelled = correction.move_id.state == "cancel"
            correction.is_standing = not correction.is_released and not is_cancelled

    def _draws_before(self):
        """What a call took from bundles when it was invoiced; None where it still does.

        :return: records in memory
        """
        first = self.sorted("number")[:1]
        rows = self.env.execute_query(
            SQL(
                "SELECT d.draw FROM telecom_rerating_call k"
                " LEFT JOIN telecom_rerating_draw d ON d.rerating_id = k.rerating_id"
                " AND d.call_id = k.call_id WHERE k.rerating_id = %s"
                " AND k.call_id = %s AND k.period_id IS NOT NULL",
                first.rerating_id.id or 0,
                first.call_id.id or 0,
            )
        )
        if not rows:
            return None
        draws = self.env["telecom.bundle.draw"].sudo()
        known = draws._fields.keys() - {"id"}
        return [
            draws.new({name: value for name, value in row.items() if name in known})
            for (row,) in rows
            if row
        ]
