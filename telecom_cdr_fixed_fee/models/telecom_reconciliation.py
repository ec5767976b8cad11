# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class TelecomReconciliation(models.Model):
    """A carrier's charges beside calls are on the same bill."""

    _inherit = "telecom.reconciliation"

    @api.model
    def _other_costs(self, carrier, date_from, date_to):
        """Charges of the carrier whose period begins in these days, by kind."""
        # A charge that is split by days is archived, and has the whole amount.
        charges = self.env["telecom.charge"].with_context(active_test=False)
        groups = charges._read_group(
            [
                ("company_id", "=", carrier.company_id.id),
                ("carrier_id", "=", carrier.id),
                ("split_from_id", "=", False),
                ("period_from", ">=", date_from),
                ("period_from", "<=", date_to),
            ],
            ["kind", "cost_currency_id", "period_from:day"],
            ["cost:sum"],
        )
        sums = {}
        for kind, currency, day, cost in groups:
            amount = currency._convert(
                cost or 0, carrier.currency_id, carrier.company_id, day, round=False
            )
            sums[kind] = sums.get(kind, 0) + amount
        words = dict(charges._fields["kind"]._description_selection(self.env))
        found = super()._other_costs(carrier, date_from, date_to)
        return [*found, *((words[kind], sums[kind]) for kind in sums)]
