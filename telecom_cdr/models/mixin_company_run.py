# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomCompanyRun(models.AbstractModel):
    """How a company runs its invoicing."""

    _name = "telecom.company.run.mixin"
    _description = "Invoicing Runs of a Company"

    telecom_cutoff_day = fields.Integer(
        string="Cut-off day",
        help="Invoicing runs take calls until this day of the month, 31: the last one, "
        "of customers without one of their own. 0: until the last day of the run.",
    )
    telecom_run_day = fields.Integer(
        string="Preview on day",
        help="On this day of the month, 1 to 28, a run of the month before is prepared "
        "with its preview. 0: none. It invoices nothing by itself.",
    )

    _telecom_run_days = models.Constraint(
        "CHECK(telecom_cutoff_day BETWEEN 0 AND 31"
        " AND telecom_run_day BETWEEN 0 AND 28)",
        "A cut-off day is 0 to 31, the day of the preview 0 to 28.",
    )
