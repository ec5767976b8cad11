# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomTariffAssignment(models.Model):
    """Who has which tariff, and when."""

    _name = "telecom.tariff.assignment"
    _description = "Telecom Tariff Assignment"
    _order = "date_start desc, id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="cascade"
    )
    number_id = fields.Many2one(
        "telecom.number", index="btree_not_null", ondelete="cascade"
    )
    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    date_start = fields.Datetime(string="From", help="Empty: from ever.")
    date_end = fields.Datetime(string="Until", help="Not included.")

    _one_owner = models.Constraint(
        "CHECK((partner_id IS NULL) <> (number_id IS NULL))",
        "A tariff is assigned either to a customer or to a number.",
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

    @api.constrains("partner_id")
    def _check_commercial_partner(self):
        for assignment in self:
            partner = assignment.partner_id
            if partner and partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays for the "
                        "calls. Assign the tariff there.",
                        contact=partner.name,
                        customer=partner.commercial_partner_id.name,
                    )
                )

    @api.model
    def _present_domain(self):
        """Assignments of this company that are in force now."""
        now = fields.Datetime.now()
        return (
            Domain("company_id", "=", self.env.company.id)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", now))
            & (Domain("date_end", "=", False) | Domain("date_end", ">", now))
        )

    @api.model
    def _present(self, field, owner_ids):
        """Tariffs in force now, by the owner's id."""
        assignments = self.search(
            self._present_domain() & Domain(field, "in", owner_ids)
        )
        return {a[field].id: a.tariff_id for a in assignments}

    @api.model
    def _search_owners(self, field, operator, value):
        """Domain of the owners whose present tariff is as asked."""
        if operator not in ("in", "any"):
            return NotImplemented
        present = self._present_domain() & Domain(field, "!=", False)
        owners = self.search(present & Domain("tariff_id", operator, value))[field]
        domain = Domain("id", "in", owners.ids)
        if operator == "in" and False in value:
            domain |= Domain("id", "not in", self.search(present)[field].ids)
        return domain

    @api.model
    def _assign(self, owner, tariff, date=None):
        """End the owner's assignment at a date (now) and start the next.

        :param owner: {"partner_id": id} or {"number_id": id}
        :param tariff: the next tariff, empty for none
        """
        date = date or fields.Datetime.now()
        company = tariff.company_id or self.env.company
        (field, owner_id) = next(iter(owner.items()))
        present = self.search(
            Domain(field, "=", owner_id)
            & Domain("company_id", "=", company.id)
            & (Domain("date_end", "=", False) | Domain("date_end", ">", date))
        )
        if present and present[:1].tariff_id == tariff:
            return present[:1]
        had_one = self.search_count(
            [(field, "=", owner_id), ("company_id", "=", company.id)], limit=1
        )
        later = present.filtered(lambda a: a.date_start and a.date_start >= date)
        later.unlink()
        (present - later).write({"date_end": date})
        if not tariff:
            return self.browse()
        start = date if had_one else False
        return self.create({**owner, "tariff_id": tariff.id, "date_start": start})

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # an ended period must be free before the next is added
        assignments = super().create(vals_list)
        assignments._mark_for_rating()
        return assignments

    def write(self, vals):
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": assignment.company_id.id,
                    "partner_id": assignment.partner_id.id,
                    "number": assignment.number_id.number,
                    "date_start": assignment.date_start,
                    "date_end": assignment.date_end,
                }
                for assignment in self
            ]
        )
