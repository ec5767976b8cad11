# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomFeeTariffAssignment(models.Model):
    """Which customer has which fixed-fee tariff, and when."""

    _name = "telecom.fee.tariff.assignment"
    _description = "Fixed-Fee Tariff of a Customer"
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

    @api.constrains("partner_id")
    def _check_commercial_partner(self):
        for assignment in self:
            partner = assignment.partner_id
            if partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays. Assign "
                        "the tariff there.",
                        contact=partner.name,
                        customer=partner.commercial_partner_id.name,
                    )
                )

    @api.model
    def _present_domain(self):
        """Assignments of this company that are in force today."""
        today = fields.Date.context_today(self)
        return (
            Domain("company_id", "=", self.env.company.id)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", today))
            & (Domain("date_end", "=", False) | Domain("date_end", ">", today))
        )

    @api.model
    def _present(self, partners):
        """Tariffs in force today, by customer."""
        found = self.search(
            self._present_domain() & Domain("partner_id", "in", partners.ids)
        )
        return {assignment.partner_id: assignment.tariff_id for assignment in found}

    @api.model
    def _search_owners(self, operator, value):
        """Domain of the customers whose present tariff is as asked."""
        if operator not in ("in", "any"):
            return NotImplemented
        domain = self._present_domain()
        if operator == "any":
            found = self.search(domain & Domain("tariff_id", "any", value))
            return Domain("commercial_partner_id", "in", found.partner_id.ids)
        ids = [id_ for id_ in value if id_]
        found = self.search(domain & Domain("tariff_id", "in", ids))
        owners = Domain("commercial_partner_id", "in", found.partner_id.ids)
        if False in value:
            having = self.search(domain).partner_id
            owners |= Domain("commercial_partner_id", "not in", having.ids)
        return owners

    @api.model
    def _assign(self, partner, tariff, date=None):
        """End a customer's assignment at a day (today) and start the next."""
        date = date or fields.Date.context_today(self)
        company = tariff.company_id or self.env.company
        known = self.search(
            [("partner_id", "=", partner.id), ("company_id", "=", company.id)]
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
        start = date if known - later else False
        return self.create(
            {"partner_id": partner.id, "tariff_id": tariff.id, "date_start": start}
        )

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # periods that end for these to begin
        assignments = super().create(vals_list)
        self.env["telecom.charge"]._take_up_soon()
        return assignments

    def write(self, vals):
        result = super().write(vals)
        self.env["telecom.charge"]._take_up_soon()
        return result

    def unlink(self):
        self.env["telecom.charge"]._take_up_soon()
        return super().unlink()
