# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

LAST_CUTOFF = 31


class TelecomPartnerRun(models.AbstractModel):
    """Whether runs invoice a customer, and until which day of the month."""

    _name = "telecom.partner.run.mixin"
    _description = "Customer of Invoicing Runs"

    telecom_cutoff_day = fields.Integer(
        string="Cut-off day",
        company_dependent=True,
        groups="telecom_cdr.group_telecom_reader",
        help="Calls until this day of the month are invoiced, 31: the last one. It "
        "moves no period of bundles, as the billing day does. 0: as the company has "
        "it.",
    )
    telecom_is_on_hold = fields.Boolean(
        string="Not invoiced for now",
        company_dependent=True,
        groups="telecom_cdr.group_telecom_reader",
        help="Invoicing runs leave the customer out. The calls wait.",
    )

    @api.constrains("telecom_cutoff_day")
    def _check_telecom_cutoff_day(self):
        for partner in self:
            if not 0 <= partner.telecom_cutoff_day <= LAST_CUTOFF:
                raise ValidationError(
                    self.env._(
                        "%(day)s is no day of the month: a cut-off day is 1 to 31; or "
                        "0: as the company has it.",
                        day=partner.telecom_cutoff_day,
                    )
                )
