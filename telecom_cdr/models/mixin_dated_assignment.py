# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomDatedAssignmentMixin(models.AbstractModel):
    """Who has which tariff, and when.

    A model has `tariff_id`, one or more fields that name the owner, `company_id`, and
    `date_start` and `date_end` (end not included, empty: open), days or moments.
    """

    _name = "telecom.dated.assignment.mixin"
    _description = "Dated assignment of a tariff"

    @api.constrains("partner_id")
    def _check_commercial_partner(self):
        for assignment in self:
            partner = assignment.partner_id
            if partner and partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays. Assign "
                        "the tariff there.",
                        contact=partner.name,
                        customer=partner.commercial_partner_id.name,
                    )
                )

    @api.model
    def _now(self):
        """This moment, or this day where assignments go by days."""
        if self._fields["date_start"].type == "date":
            return fields.Date.context_today(self)
        return fields.Datetime.now()

    @api.model
    def _present_domain(self):
        """Assignments of this company that are in force now."""
        now = self._now()
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
    def _search_owners(self, field, operator, value, name="id"):
        """Domain of the owners whose present tariff is as asked.

        :param name: the field by which the records of the domain name the owner
        """
        if operator not in ("in", "any"):
            return NotImplemented
        present = self._present_domain() & Domain(field, "!=", False)
        owners = self.search(present & Domain("tariff_id", operator, value))[field]
        domain = Domain(name, "in", owners.ids)
        if operator == "in" and False in value:
            domain |= Domain(name, "not in", self.search(present)[field].ids)
        return domain

    @api.model
    def _assign(self, owner, tariff, date=None):
        """End the owner's assignment at a date (now) and start the next.

        :param owner: {"partner_id": id} or the like
        :param tariff: the next tariff, empty for none
        """
        field = self._fields["date_start"]
        date = field.convert_to_cache(date or self._now(), self)
        company = tariff.company_id or self.env.company
        [(owner_field, owner_id)] = owner.items()
        known = self.search(
            [(owner_field, "=", owner_id), ("company_id", "=", company.id)]
        )
        running = known.filtered(lambda a: not a.date_end or a.date_end > date)
        present = running.filtered(lambda a: not a.date_start or a.date_start <= date)
        if present.tariff_id == tariff:
            return present
        later = running.filtered(lambda a: a.date_start and a.date_start >= date)
        later.unlink()
        (running - later).write({"date_end": date})
        if not tariff:
            return self.browse()
        # The first one counts from ever.
        start = date if known - later else False
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
        """Have priced again what these assignments are for, as they are now."""
        raise NotImplementedError
