# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class TelecomCustomerClass(models.Model):
    """Customers who have the same tariff or discounts: schools, partners, staff."""

    _name = "telecom.customer.class"
    _description = "Class of Telecom Customers"
    _inherit = ["telecom.named.mixin"]
    _order = "name, id"

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
    _inherit = ["telecom.priced.with.mixin", "telecom.dated.assignment.mixin"]
    _order = "date_start desc, id desc"
    _assigned = "class_id"

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
        marks = self.env["telecom.rating.mark"]
        now = fields.Datetime.now()
        for member in self:
            owned = member.sudo().class_id
            begun = not member.date_start or member.date_start <= now
            decides = owned.assignment_ids or owned.discount_ids
            member.is_telecom_used = (
                begun
                and bool(member.id and decides)
                and marks._touches_priced(member._mark_values())
            )

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays for the calls: "
            "that one is in a class.",
            contact=contact,
            customer=customer,
        )

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
