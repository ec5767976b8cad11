# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .mixin_call_patterns import is_prefix


class TelecomPrefix(models.Model):
    """The leading digits of the numbers of a destination."""

    _name = "telecom.prefix"
    _description = "Telecom Prefix"
    _rec_name = "prefix"
    _order = "prefix, id"

    prefix = fields.Char(
        required=True,
        help="Digits with the country code and without +. National digits may be "
        "typed: 6 becomes 346 in Spain.",
    )
    destination_id = fields.Many2one(
        "telecom.destination", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="destination_id.company_id", store=True, index=True, precompute=True
    )
    category = fields.Selection(related="destination_id.category")

    _prefix_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), prefix)",
        "This prefix already belongs to another destination.",
    )

    @api.constrains("prefix")
    def _check_prefix(self):
        for record in self:
            if not is_prefix(record.prefix):
                raise ValidationError(
                    self.env._(
                        "'%(prefix)s' is not a prefix: 1 to 15 digits (0-9) are "
                        "expected.",
                        prefix=record.prefix,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        destinations = self.env["telecom.destination"]
        for vals in vals_list:
            destination = destinations.browse(vals.get("destination_id"))
            vals["prefix"] = destination._normalised_prefix(vals.get("prefix") or "")
        prefixes = super().create(vals_list)
        prefixes._mark_for_rating()
        return prefixes

    def write(self, vals):
        self._mark_for_rating()
        for record in self:
            super(TelecomPrefix, record).write(record._normalised(vals))
        self._mark_for_rating()
        return True

    def _normalised(self, vals):
        if "prefix" not in vals:
            return vals
        prefix = self.destination_id._normalised_prefix(vals["prefix"] or "")
        return {**vals, "prefix": prefix}

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": record.company_id.id, "prefix": record.prefix}
                for record in self
            ]
        )
