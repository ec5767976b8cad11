# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

LONGEST_CALL = 4 * 3600


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = [
        "res.company",
        "telecom.company.fraud.mixin",
        "telecom.company.voip.portal.mixin",
    ]

    telecom_call_seconds = fields.Integer(
        string="Longest call (seconds)",
        required=True,
        default=LONGEST_CALL,
        help="No call is allowed for longer, whatever its customer has left to spend.",
    )
    telecom_end_calls = fields.Boolean(
        string="End calls at the limit",
        default=True,
        help="The switch is told the duration that the rest of the limit pays for, and "
        "ends the call then. Otherwise a call that begins within the limit may go on.",
    )
    telecom_unblocked_numbers = fields.Char(
        string="Never refused",
        default="112",
        help="Numbers that may always be called, separated by commas: emergency and "
        "help lines. No limit and no block counts for them.",
    )

    @api.constrains("telecom_call_seconds")
    def _check_telecom_call_seconds(self) -> None:
        for company in self:
            if not 0 < company.telecom_call_seconds <= 24 * 3600:
                raise ValidationError(
                    self.env._(
                        "The longest call has %s seconds; it must have between 1 and "
                        "86400 (a day).",
                        company.telecom_call_seconds,
                    )
                )
