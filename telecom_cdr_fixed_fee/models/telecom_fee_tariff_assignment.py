# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomFeeTariffAssignment(models.Model):
    """Which customer has which fixed-fee tariff, and when."""

    _name = "telecom.fee.tariff.assignment"
    _description = "Fixed-Fee Tariff of a Customer"
    _inherit = ["telecom.dated.assignment.mixin"]
    _order = "date_start desc, id desc"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    tariff_id = fields.Many2one(
        "telecom.fee.tariff", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    date_start = fields.Date(string="From", help="Empty: from ever.")
    date_end = fields.Date(string="Until", help="Not included.")

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "An assignment must end after it starts.",
    )
    _partner_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, partner_id WITH =,"
        " daterange(date_start, date_end) WITH &&)",
        "This customer already has a fixed-fee tariff in a part of this period.",
    )

    def action_take_up(self) -> dict:
        """Price the charges of the customer that wait for it, at once."""
        for assignment in self:
            self.env["telecom.charge"]._settle_now(
                [
                    ("company_id", "=", assignment.company_id.id),
                    ("partner_id", "=", assignment.partner_id.id),
                    ("state", "=", "unpriced"),
                ]
            )
        return self.env["telecom.waiting"]._reload_and_close()

    def _mark_for_rating(self):
        self.env["telecom.charge"]._take_up_soon()
