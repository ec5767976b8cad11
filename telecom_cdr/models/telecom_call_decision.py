# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_fields import Uuid

CHOICES = [
    ("keep", "Leave it out"),
    ("take", "It stands"),
    ("apart", "It is another call"),
]


class TelecomCallDecision(models.Model):
    """What a person has decided of a row of a file that waited.

    It is kept apart from the row: when the file is read again, nobody is asked again.
    """

    _name = "telecom.call.decision"
    _description = "Decision on a Call"
    _order = "id desc"

    file_id = fields.Many2one(
        "telecom.file", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="file_id.company_id", store=True, index=True)
    identity = Uuid(required=True, readonly=True)
    choice = fields.Selection(CHOICES, required=True, readonly=True)
    reason = fields.Char(readonly=True, help="Why the row waited.")

    _row_uniq = models.Constraint(
        "UNIQUE(identity, file_id)", "This row is decided on already."
    )

    @api.model
    def _choices(self, identities, reason=None):
        """What was decided, by identity (without dashes) and id of the file.

        :param reason: only of rows that waited for it
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT replace(identity::text, '-', ''), file_id, choice"
                " FROM telecom_call_decision WHERE identity = ANY(%s::uuid[])"
                " AND COALESCE(reason = %s, TRUE)",
                list(identities),
                reason,
            )
        )
        return {(identity, file_id): choice for identity, file_id, choice in rows}

    @api.model
    def _decide(self, rejections, choice):
        """Keep a decision on rejected rows, in place of an earlier one."""
        for rejection in rejections:
            key = [
                ("identity", "=", rejection.identity),
                ("file_id", "=", rejection.file_id.id),
            ]
            self.search(key).unlink()
            self.create(
                {
                    "identity": rejection.identity,
                    "file_id": rejection.file_id.id,
                    "choice": choice,
                    "reason": rejection.reason,
                }
            )
