# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain


class TelecomDatedAssignmentMixin(models.AbstractModel):
    """Who has which tariff, or is in which class, and when.

    A model has the field of what is assigned, one or more fields that name the owner,
    `company_id`, and `date_start` and `date_end` (end not included, empty: open), days
    or moments. An owner has one at a time.
    """

    _name = "telecom.dated.assignment.mixin"
    _description = "Dated assignment"
    _inherit = ["telecom.rates.again.mixin", "telecom.payer.mixin"]
    _assigned = "tariff_id"

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays. Assign the "
            "tariff there.",
            contact=contact,
            customer=customer,
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
        """What is in force now, by the owner's id."""
        assignments = self.search(
            self._present_domain() & Domain(field, "in", owner_ids)
        )
        return {one[field].id: one[self._assigned] for one in assignments}

    @api.model
    def _search_owners(self, field, operator, value, name="id"):
        """Domain of the owners whose present one is as asked.

        :param name: the field by which the records of the domain name the owner
        """
        if operator not in ("in", "any"):
            return NotImplemented
        present = self._present_domain() & Domain(field, "!=", False)
        asked = Domain(self._assigned, operator, value)
        owners = self.search(present & asked)[field]
        domain = Domain(name, "in", owners.ids)
        if operator == "in" and False in value:
            domain |= Domain(name, "not in", self.search(present)[field].ids)
        return domain

    @api.model
    def _assign(self, owner, assigned, date=None):
        """End the owner's assignment at a date (now) and start the next.

        :param owner: {"partner_id": id} or the like
        :param assigned: the next tariff or class, empty for none
        """
        field = self._fields["date_start"]
        date = field.convert_to_cache(date or self._now(), self)
        company = assigned.company_id or self.env.company
        [(owner_field, owner_id)] = owner.items()
        known = self.search(
            [(owner_field, "=", owner_id), ("company_id", "=", company.id)]
        )
        running = known.filtered(lambda a: not a.date_end or a.date_end > date)
        present = running.filtered(lambda a: not a.date_start or a.date_start <= date)
        if present[self._assigned] == assigned:
            return present
        later = running.filtered(lambda a: a.date_start and a.date_start >= date)
        later.unlink()
        (running - later).write({"date_end": date})
        if not assigned:
            return self.browse()
        # The first one counts from ever.
        start = date if known - later else False
        values = {self._assigned: assigned.id, "date_start": start}
        return self.create({**owner, **values})
