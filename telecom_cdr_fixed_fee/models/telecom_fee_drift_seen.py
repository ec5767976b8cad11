# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .telecom_charge import COST_GROUP


class TelecomFeeDriftSeen(models.Model):
    """A row of the drift of fixed fees that somebody has looked at and let be.

    It holds for the amounts that were looked at: a row that comes to something else
    later is one to be looked at again.
    """

    _name = "telecom.fee.drift.seen"
    _description = "Drift of Fixed Fees That Was Seen"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    drift_id = fields.Integer(string="Row", required=True, readonly=True)
    cost = fields.Float(readonly=True, groups=COST_GROUP)
    price = fields.Float(readonly=True)

    _drift_uniq = models.Constraint(
        "UNIQUE(drift_id)", "This row is marked as seen already."
    )
