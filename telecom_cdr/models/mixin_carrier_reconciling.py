# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

COST_GROUP = "telecom_cdr.group_telecom_cost"


class TelecomCarrierReconcilingMixin(models.AbstractModel):
    """By how much a carrier's bill may differ from its calls."""

    _name = "telecom.carrier.reconciling.mixin"
    _description = "Reconciling of a Carrier"

    currency_id = fields.Many2one("res.currency")
    reconciliation_amount = fields.Monetary(
        string="A bill may differ by",
        help="A difference of up to this amount agrees, or of up to the percentage: "
        "the larger of both counts.",
    )
    reconciliation_percent = fields.Float(
        string="A bill may differ by (%)",
        digits=(16, 3),
        help="Of the vendor bill; of the imported cost where that is compared with "
        "our own.",
    )
    bill_dated = fields.Selection(
        [
            ("after", "After the period that they bill"),
            ("within", "In the period that they bill"),
        ],
        string="Its bills are dated",
        required=True,
        default="after",
        help="Which vendor bills are proposed for a period: those dated in it, or from "
        "its last day to a month later.",
    )
    reconciliation_count = fields.Integer(
        compute="_compute_reconciliation_count", groups=COST_GROUP
    )

    _reconciliation_positive = models.Constraint(
        "CHECK(reconciliation_amount >= 0 AND reconciliation_percent >= 0)",
        "What a bill may differ by is 0 or more.",
    )

    def _compute_reconciliation_count(self):
        counts = dict(
            self.env["telecom.reconciliation"]._read_group(
                [("carrier_id", "in", self.ids)], ["carrier_id"], ["__count"]
            )
        )
        for carrier in self:
            carrier.reconciliation_count = counts.get(carrier, 0)

    def action_open_reconciliations(self):
        return self._action_open("telecom_reconciliation_action")
