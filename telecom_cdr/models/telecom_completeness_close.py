# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from .bulk_fields import BigInteger


class TelecomCompletenessClose(models.Model):
    """That a source and month was closed: by whom, and what stood in it then."""

    _name = "telecom.completeness.close"
    _description = "Closing of a Period"
    _order = "month desc, source_id, id desc"

    source_id = fields.Many2one(
        "telecom.source", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    month = fields.Date(required=True)
    user_id = fields.Many2one(
        "res.users",
        string="Closed by",
        default=lambda self: self.env.user,
        required=True,
        readonly=True,
    )
    closed_at = fields.Datetime(
        string="Closed on", default=fields.Datetime.now, required=True, readonly=True
    )
    note = fields.Text(string="Why", help="Needed where the period does not balance.")
    is_signed = fields.Boolean(
        string="Signed with a difference", compute="_compute_is_signed", store=True
    )
    row_count = fields.Integer(string="Rows")
    call_count = fields.Integer(string="Calls")
    duplicate_count = fields.Integer(string="Duplicates")
    skipped_count = fields.Integer(string="Skipped")
    merged_count = fields.Integer(string="Merged")
    rejected_count = fields.Integer(string="Rejected")
    difference = fields.Integer()
    open_file_count = fields.Integer(string="Files not read")
    missing_count = fields.Integer(string="Missing files")
    duration = BigInteger(string="Time")
    reopened_at = fields.Datetime(string="Reopened on", readonly=True)
    reopened_by_id = fields.Many2one("res.users", string="Reopened by", readonly=True)
    reopen_note = fields.Char(string="Why it was reopened", readonly=True)

    _closed_once = models.UniqueIndex(
        "(source_id, month) WHERE reopened_at IS NULL",
        "This period is closed already.",
    )

    @api.depends("source_id", "month")
    def _compute_display_name(self):
        for closing in self:
            month = fields.Date.to_string(closing.month)[:7] if closing.month else ""
            closing.display_name = f"{closing.source_id.display_name} {month}"

    @api.depends("difference", "open_file_count", "missing_count")
    def _compute_is_signed(self):
        for closing in self:
            closing.is_signed = bool(
                closing.difference or closing.open_file_count or closing.missing_count
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Closing: what is kept is what stands there now, whatever the client says."""
        for vals in vals_list:
            period = self._period(vals)
            vals.update(period._kept_values())
            vals.update(user_id=self.env.uid, closed_at=fields.Datetime.now())
            off = not period._balances()
            if off and not (vals.get("note") or "").strip():
                raise UserError(
                    self.env._(
                        "%(name)s does not balance (rows that are nowhere: %(rows)s, "
                        "files not read: %(files)s, missing files: %(missing)s). Say "
                        "why it is closed all the same.",
                        name=period.display_name,
                        rows=period.difference,
                        files=period.open_file_count,
                        missing=period.missing_count,
                    )
                )
            period.closing_id._reopen(self.env._("Closed anew."))
        self.flush_model()  # the reopened one must be free before the next is added
        return super().create(vals_list)

    @api.model
    def _period(self, vals):
        period = self.env["telecom.completeness"].search(
            [
                ("source_id", "=", vals.get("source_id")),
                ("month", "=", vals.get("month")),
            ]
        )
        if not period:
            raise UserError(self.env._("No file came for this source and month."))
        return period

    def write(self, vals):
        if vals.keys() - {"reopened_at", "reopened_by_id", "reopen_note"}:
            raise UserError(
                self.env._("A closing does not change: reopen the period instead.")
            )
        return super().write(vals)

    def action_sign(self):
        """The dialog has created the record: that is all."""
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _reopen(self, note):
        self.write(
            {
                "reopened_at": fields.Datetime.now(),
                "reopened_by_id": self.env.uid,
                "reopen_note": note,
            }
        )
