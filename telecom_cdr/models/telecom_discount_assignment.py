# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

OWNER_FIELDS = ("partner_id", "number_id", "department_id", "tariff_id", "class_id")
# May change though calls have been priced: an end.
FREE_FIELDS = {"date_end"}


class TelecomDiscountAssignment(models.Model):
    """Who has which discount, and when."""

    _name = "telecom.discount.assignment"
    _description = "Telecom Discount Given"
    _inherit = [
        "telecom.priced.with.mixin",
        "telecom.rates.again.mixin",
        "telecom.payer.mixin",
        "telecom.owned.mixin",
    ]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _owner_fields = OWNER_FIELDS

    discount_id = fields.Many2one(
        "telecom.discount", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="discount_id.company_id", store=True, index=True, precompute=True
    )
    number_id = fields.Many2one(check_company=True)
    department_id = fields.Many2one(
        "telecom.department",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )
    tariff_id = fields.Many2one(
        "telecom.tariff",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )
    is_telecom_used = fields.Boolean(
        string="Has priced calls", compute="_compute_is_telecom_used"
    )

    _one_owner = models.Constraint(
        "CHECK(num_nonnulls(partner_id, number_id, department_id, tariff_id,"
        " class_id) = 1)",
        "A discount is given to one customer, number, department, tariff or class.",
    )
    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A discount must end after it starts.",
    )
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (discount_id WITH =, COALESCE(partner_id, 0) WITH =,"
        " COALESCE(number_id, 0) WITH =, COALESCE(department_id, 0) WITH =,"
        " COALESCE(tariff_id, 0) WITH =, COALESCE(class_id, 0) WITH =,"
        " tsrange(date_start, date_end) WITH &&)",
        "This discount is already given there in a part of this period.",
    )

    @api.depends("discount_id", "owner_text")
    def _compute_display_name(self):
        for assignment in self:
            name = assignment.discount_id.name
            assignment.display_name = f"{name}: {assignment.owner_text}"

    @api.depends("date_start", "date_end", *OWNER_FIELDS)
    def _compute_is_telecom_used(self):
        marks = self.env["telecom.rating.mark"]
        now = fields.Datetime.now()
        for assignment in self:
            begun = not assignment.date_start or assignment.date_start <= now
            assignment.is_telecom_used = (
                begun
                and bool(assignment.id)
                and marks._touches_priced(assignment._mark_values())
            )

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays for the calls. "
            "Give the discount there.",
            contact=contact,
            customer=customer,
        )

    def _frozen_names(self, vals):
        return vals.keys() - FREE_FIELDS

    def _frozen_text(self):
        return self.env._(
            "Calls of %(owner)s have been priced with %(discount)s. End it, and give "
            "another one from then on.",
            owner=self[0].owner_text,
            discount=self[0].discount_id.name,
        )

    def _hand_over(self, discount, date):
        """End this one at a date, and go on with another discount."""
        values = {**self._owner_values(), "discount_id": discount.id}
        start, end = self.date_start, self.date_end
        if start and start >= date:
            return self.write({"discount_id": discount.id})
        self.date_end = date
        return self.create({**values, "date_start": date, "date_end": end})

    def _mark_values(self):
        """Whose calls it is for, as a mark says it."""
        return {
            "company_id": self.company_id.id,
            "date_start": self.date_start,
            "date_end": self.date_end,
            "is_tariff_only": bool(self.tariff_id),
            **self._owner_values(),
        }

    def _mark_for_rating(self, lines=None):
        """Have the calls rated again that these, or some of their lines, are for."""
        self.env["telecom.rating.mark"]._mark(
            [
                {**assignment._mark_values(), **line._mark_values()}
                for assignment in self
                for line in (lines or assignment.discount_id.line_ids)
            ]
        )
