# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Who can have a tariff, in the order in which they are asked.
OWNER_FIELDS = (
    "number_id",
    "partner_id",
    "class_id",
    "trunk",
    "carrier_id",
    "source_address",
)


class TelecomTariffAssignment(models.Model):
    """Who has which tariff, and when."""

    _name = "telecom.tariff.assignment"
    _description = "Telecom Tariff Assignment"
    _inherit = ["telecom.dated.assignment.mixin", "telecom.owned.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _owner_fields = OWNER_FIELDS

    carrier_id = fields.Many2one(
        "telecom.carrier",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="For the calls in the files of this carrier.",
    )
    trunk = fields.Char(
        index="btree_not_null", help="For the calls that went by it, as files name it."
    )
    source_address = fields.Char(
        index="btree_not_null",
        help="For the calls that came from this address, as files write it.",
    )
    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    owner_text = fields.Char(string="Who")

    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(partner_id, number_id, class_id, carrier_id, trunk,"
        " source_address) = 1)",
        "A tariff is assigned either to a customer or to a number, a class of "
        "customers, a carrier, a trunk or a source address.",
    )
    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "An assignment must end after it starts.",
    )
    _partner_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, partner_id WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (partner_id IS NOT NULL)",
        "This customer already has a tariff in a part of this period.",
    )
    _number_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, number_id WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (number_id IS NOT NULL)",
        "This number already has a tariff in a part of this period.",
    )

    _class_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, class_id WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (class_id IS NOT NULL)",
        "This class already has a tariff in a part of this period.",
    )
    _carrier_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, carrier_id WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (carrier_id IS NOT NULL)",
        "The calls of this carrier already have a tariff in a part of this period.",
    )
    _trunk_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, trunk WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (trunk IS NOT NULL)",
        "This trunk already has a tariff in a part of this period.",
    )
    _address_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, source_address WITH =,"
        " tsrange(date_start, date_end) WITH &&) WHERE (source_address IS NOT NULL)",
        "This address already has a tariff in a part of this period.",
    )

    @api.depends("owner_text", "tariff_id")
    def _compute_display_name(self):
        for assignment in self:
            name = assignment.tariff_id.name
            assignment.display_name = f"{assignment.owner_text}: {name}"

    @api.constrains("tariff_id", "class_id", "carrier_id", "number_id")
    def _check_owner_company(self):
        for assignment in self:
            for owner in (
                assignment.class_id,
                assignment.carrier_id,
                assignment.number_id,
            ):
                if owner and owner.company_id != assignment.tariff_id.company_id:
                    raise ValidationError(
                        self.env._(
                            "%(owner)s belongs to another company than the tariff "
                            "%(tariff)s.",
                            owner=owner.display_name,
                            tariff=assignment.tariff_id.name,
                        )
                    )

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark([one._mark_values() for one in self])

    def _mark_values(self):
        """Whose calls it is for, as a mark says it."""
        values = self._owner_values()
        period = {"date_start": self.date_start, "date_end": self.date_end}
        return {"company_id": self.company_id.id, **period, **values}
