# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class TelecomCustomerClass(models.Model):
    """Customers who have the same tariff or discounts: schools, partners, staff."""

    _name = "telecom.customer.class"
    _description = "Class of Telecom Customers"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    membership_ids = fields.One2many("telecom.class.membership", "class_id")
    assignment_ids = fields.One2many("telecom.tariff.assignment", "class_id")
    discount_ids = fields.One2many("telecom.discount.assignment", "class_id")
    member_count = fields.Integer(
        string="Customers now", compute="_compute_member_count"
    )

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is already a class of this name."
    )

    @api.depends("membership_ids.date_start", "membership_ids.date_end")
    def _compute_member_count(self):
        memberships = self.env["telecom.class.membership"]
        now = memberships._present_domain() & Domain("class_id", "in", self.ids)
        counts = dict(memberships._read_group(now, ["class_id"], ["__count"]))
        for record in self:
            record.member_count = counts.get(record, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_members(self):
        filled = self.sudo().filtered(lambda c: c.membership_ids or c.assignment_ids)
        if filled:
            raise UserError(
                self.env._(
                    "%s has or had customers or tariffs: archive it.", filled[0].name
                )
            )

    def action_open_customers(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.res_partner_telecom_action"
        )
        action["domain"] = [("telecom_class_id", "=", self.id)]
        action["context"] = {}
        return action


class TelecomClassMembership(models.Model):
    """Which customer is in which class, and when."""

    _name = "telecom.class.membership"
    _description = "Class of a Customer"
    _inherit = ["telecom.priced.with.mixin"]
    _order = "date_start desc, id desc"

    class_id = fields.Many2one(
        "telecom.customer.class", required=True, index=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="class_id.company_id", store=True, index=True, precompute=True
    )
    date_start = fields.Datetime(string="From", help="Empty: from ever.")
    date_end = fields.Datetime(string="Until", help="Not included.")
    is_telecom_used = fields.Boolean(
        string="Has priced calls", compute="_compute_is_telecom_used"
    )

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A customer must leave a class after coming into it.",
    )
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, partner_id WITH =,"
        " tsrange(date_start, date_end) WITH &&)",
        "This customer is already in a class in a part of this period.",
    )

    @api.depends("class_id", "partner_id")
    def _compute_display_name(self):
        for member in self:
            member.display_name = f"{member.class_id.name}: {member.partner_id.name}"

    @api.depends("date_start", "date_end", "partner_id")
    def _compute_is_telecom_used(self):
        """Priced calls of a member stand on the class's tariffs and discounts."""
        now = fields.Datetime.now()
        for member in self:
            owned = member.sudo().class_id
            begun = not member.date_start or member.date_start <= now
            decides = owned.assignment_ids or owned.discount_ids
            found = member.id and begun and decides and member._has_priced()
            member.is_telecom_used = bool(found)

    def _has_priced(self):
        calls = self.env["telecom.call"].sudo()
        priced = Domain("rating_state", "=", "rated")
        mark = self.env["telecom.rating.mark"].sudo().new(self._mark_values())
        return calls.search(mark._call_domain() & priced, limit=1)

    @api.constrains("partner_id")
    def _check_commercial_partner(self):
        for member in self:
            partner = member.partner_id
            if partner != partner.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays for the "
                        "calls: that one is in a class.",
                        contact=partner.name,
                        customer=partner.commercial_partner_id.name,
                    )
                )

    @api.model
    def _present_domain(self):
        """Memberships of this company that are in force now."""
        now = fields.Datetime.now()
        return (
            Domain("company_id", "=", self.env.company.id)
            & (Domain("date_start", "=", False) | Domain("date_start", "<=", now))
            & (Domain("date_end", "=", False) | Domain("date_end", ">", now))
        )

    @api.model
    def _present(self, partners):
        """Classes in force now, by customer."""
        now = self._present_domain()
        members = self.search(now & Domain("partner_id", "in", partners.ids))
        return {member.partner_id: member.class_id for member in members}

    @api.model
    def _search_members(self, operator, value):
        """Domain of the customers whose present class is as asked."""
        if operator not in ("in", "any"):
            return NotImplemented
        present = self._present_domain()
        members = self.search(present & Domain("class_id", operator, value)).partner_id
        domain = Domain("commercial_partner_id", "in", members.ids)
        if operator == "in" and False in value:
            others = self.search(present).partner_id.ids
            domain |= Domain("commercial_partner_id", "not in", others)
        return domain

    @api.model
    def _assign(self, partner, owned, date=None):
        """End the customer's present membership at a date (now), start the next."""
        date = date or fields.Datetime.now()
        company = owned.company_id or self.env.company
        own = Domain("partner_id", "=", partner.id) & Domain(
            "company_id", "=", company.id
        )
        ends = Domain("date_end", "=", False) | Domain("date_end", ">", date)
        present = self.search(own & ends)
        if present[:1].class_id == owned:
            return present[:1]
        had_one = self.search_count(own, limit=1)
        later = present.filtered(lambda m: m.date_start and m.date_start >= date)
        later.unlink()
        (present - later).write({"date_end": date})
        if not owned:
            return self.browse()
        values = {"partner_id": partner.id, "class_id": owned.id}
        return self.create({**values, "date_start": date if had_one else False})

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # an ended period must be free before the next is added
        members = super().create(vals_list)
        members._mark_for_rating()
        return members

    def write(self, vals):
        self._check_unused(vals)
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _frozen_names(self, vals):
        return vals.keys() - {"date_end"}

    def _frozen_text(self):
        return self.env._(
            "Calls of %(customer)s have been priced as of the class %(name)s. End "
            "this, and begin the next class from then on.",
            customer=self[0].partner_id.name,
            name=self[0].class_id.name,
        )

    def _mark_values(self):
        return {
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "date_start": self.date_start,
            "date_end": self.date_end,
        }

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark([one._mark_values() for one in self])
