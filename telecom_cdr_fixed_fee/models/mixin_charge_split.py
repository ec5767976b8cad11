# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from ..engine.periods import share_amounts
from .charge_pricing import exact

# What a part has in common with the charge that it is a part of.
SHARED = (
    "company_id",
    "carrier_id",
    "file_id",
    "line_number",
    "raw",
    "account",
    "reference",
    "product_code",
    "description",
    "kind",
    "quantity",
    "cost_currency_id",
    "tax_code",
    "is_cost_derived",
)


class TelecomChargeSplitMixin(models.AbstractModel):
    """A charge whose number changed hands: a part for each customer, by days.

    The charge itself is archived, so that it is counted once; its row, identity and
    amount stay as its file has them. Parts that are invoiced or set by hand stand.
    """

    _name = "telecom.charge.split.mixin"
    _description = "Parts of a Charge"

    active = fields.Boolean(default=True, readonly=True)
    split_from_id = fields.Many2one(
        "telecom.charge",
        string="Part of",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The number changed hands in the charged period: each customer pays the "
        "days of its own.",
    )
    part_ids = fields.One2many(
        "telecom.charge", "split_from_id", string="Parts", readonly=True
    )

    def _split(self, days):
        """Make the parts that some days ask for, or take them back.

        :param days: first and last day of each part; none: the charge is whole
        :return: the parts
        """
        parts = self.part_ids
        has_same = [(part.period_from, part.period_to) for part in parts] == days
        stands = parts.filtered(lambda p: p.state == "invoiced" or p.is_manual)
        if has_same or stands:
            return parts
        parts.unlink()
        if self.active == bool(days):
            self._store({"active": not days})
        return self.create(self._part_values(days)) if days else self.browse()

    def _part_values(self, days):
        shared = {
            name: self[name].id if name.endswith("_id") else self[name]
            for name in SHARED
        }
        costs = share_amounts(
            exact(self.cost), [(last - first).days + 1 for first, last in days]
        )
        return [
            {
                **shared,
                "identity": f"{self.identity}/{number}",
                "split_from_id": self.id,
                "period_from": first,
                "period_to": last,
                "cost": float(cost),
                "unit_cost": float(cost) / self.quantity,
            }
            for number, ((first, last), cost) in enumerate(
                zip(days, costs, strict=True), 1
            )
        ]
