# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .bulk_fields import Moment, UncheckedMany2one, Uuid
from .telecom_rate import DIRECTIONS, SERVICES


class TelecomCallTwin(models.Model):
    """A call that another carrier has told of, too: that one is stored, this is not.

    Rows come set by set (``same_calls``), as those of calls do.
    """

    _name = "telecom.call.twin"
    _description = "Call Told Twice"
    _log_access = False
    _order = "id desc"
    _rec_name = "called_number"

    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    file_id = fields.Many2one(
        "telecom.file", required=True, readonly=True, index=True, ondelete="cascade"
    )
    carrier_id = UncheckedMany2one("telecom.carrier", required=True, readonly=True)
    line_number = fields.Integer(string="Line", readonly=True, aggregator=None)
    identity = Uuid(readonly=True)
    stands = Uuid(readonly=True, help="The identity of the call that stands for it.")
    call_id = fields.Many2one("telecom.call", compute="_compute_call_id")
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    calling_number = fields.Char(string="From", readonly=True)
    called_number = fields.Char(string="To", readonly=True)
    start_at = Moment(string="Start", readonly=True)
    duration = fields.Integer(string="Seconds", readonly=True)
    is_flagged = fields.Boolean(string="Waits for a person", readonly=True)
    facts = fields.Json(readonly=True, groups=fields.NO_ACCESS)

    _identity_uniq = models.UniqueIndex("(identity)", "This call is left out already.")
    _parties_idx = models.Index("(calling_number, called_number, start_at)")

    def _compute_call_id(self):
        calls = self.env["telecom.call"]._by_identity(self.mapped("stands"))
        for twin in self:
            twin.call_id = calls.get(twin.stands)
