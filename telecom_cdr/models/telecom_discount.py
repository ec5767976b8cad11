# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .largest_amounts import LARGEST_PRICE, at_most
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES


class TelecomDiscount(models.Model):
    """Percents and surcharges on the prices of some calls."""

    _name = "telecom.discount"
    _description = "Telecom Discount"
    _inherit = ["mail.thread", "telecom.priced.with.mixin", "telecom.named.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(tracking=True)
    note = fields.Text()
    line_ids = fields.One2many("telecom.discount.line", "discount_id", copy=True)
    assignment_ids = fields.One2many("telecom.discount.assignment", "discount_id")
    summary = fields.Char(compute="_compute_summary")
    is_telecom_used = fields.Boolean(
        string="Has priced calls", compute="_compute_is_telecom_used"
    )

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is already a discount of this name."
    )

    @api.depends("line_ids.summary")
    def _compute_summary(self):
        for discount in self:
            discount.summary = "; ".join(discount.line_ids.mapped("summary"))

    @api.depends("assignment_ids.is_telecom_used")
    def _compute_is_telecom_used(self):
        for discount in self:
            assignments = discount.sudo().assignment_ids
            discount.is_telecom_used = any(assignments.mapped("is_telecom_used"))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_given(self):
        given = self.sudo().filtered("assignment_ids")
        if given:
            raise UserError(
                self.env._(
                    "%(name)s has been given to somebody: end that, and archive it.",
                    name=given[0].name,
                )
            )

    def _frozen_names(self, vals):
        return vals.keys() & {"line_ids", "company_id"}

    def _frozen_text(self):
        return self.env._(
            "%(name)s has priced calls, so its lines stay as they are. Use 'New "
            "discount from…': whoever has it goes on with the new one.",
            name=self[0].name,
        )

    def _succeed(self, date, name, lines):
        """Give everybody who has this discount another one from a date on."""
        self.ensure_one()
        self.check_access("write")
        commands = [(0, 0, line) for line in lines]
        values = {"name": name, "line_ids": commands, "company_id": self.company_id.id}
        successor = self.create(values)
        later = Domain("date_end", "=", False) | Domain("date_end", ">", date)
        own = Domain("discount_id", "=", self.id)
        for assignment in self.env["telecom.discount.assignment"].search(own & later):
            assignment._hand_over(successor, date)
        return successor

    def action_new_discount(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_discount_successor_action"
        )
        action["context"] = {"default_discount_id": self.id}
        return action


class TelecomDiscountLineMixin(models.AbstractModel):
    """So much off, or on top, for the calls of a kind."""

    _name = "telecom.discount.line.mixin"
    _description = "Line of a Telecom Discount"

    sequence = fields.Integer(
        default=10,
        aggregator=None,
        help="Percents are taken one after the other, in this order: "
        "10 % and then 10 % make 19 %.",
    )
    service = fields.Selection(SERVICES, help="Empty: any.")
    direction = fields.Selection(DIRECTIONS, help="Empty: any.")
    category = fields.Selection(CATEGORIES, help="Empty: any.")
    destination_id = fields.Many2one("telecom.destination", help="Empty: any.")
    percent = fields.Float(
        string="Discount (%)",
        digits=(16, 4),
        aggregator=None,
        help="Off the connection fee and the price of the time. Below 0: on top.",
    )
    amount = fields.Float(
        string="Surcharge",
        digits=(16, 9),
        aggregator=None,
        help="Added to each call that is not free, after the percents. Below 0: taken "
        "off.",
    )
    currency_id = fields.Many2one(
        "res.currency", help="Of the surcharge. Empty: the currency of the tariff."
    )
    summary = fields.Char(compute="_compute_summary")

    _percent_range = models.Constraint(
        "CHECK(percent BETWEEN -1000 AND 100)",
        "A discount takes at most 100 % off, and puts at most 1000 % on top.",
    )
    _amount_largest = models.Constraint(
        f"CHECK({at_most(LARGEST_PRICE, 'amount')})",
        "A surcharge is at most 100,000,000.",
    )
    _not_empty = models.Constraint(
        "CHECK(COALESCE(percent, 0) <> 0 OR COALESCE(amount, 0) <> 0)",
        "A line of a discount needs a percentage or a surcharge.",
    )
    _target_single = models.Constraint(
        "CHECK(category IS NULL OR destination_id IS NULL)",
        "A line of a discount is for a category or for a destination: choose one.",
    )

    @api.depends(
        "percent", "amount", "currency_id", "service", "category", "destination_id"
    )
    def _compute_summary(self):
        for line in self:
            line.summary = f"{line._effect_text()} ({line._target_text()})"

    def _effect_text(self):
        parts = []
        if self.percent:
            parts.append(f"{-self.percent:+.10g} %")
        if self.amount:
            parts.append(f"{self.amount:+.10g} {self.currency_id.name or ''}".strip())
        return ", ".join(parts)

    def _target_text(self):
        names = [
            dict(self._fields[name]._description_selection(self.env)).get(self[name])
            for name in ("service", "direction", "category")
        ]
        names.append(self.destination_id.name)
        return ", ".join(name for name in names if name) or self.env._("all calls")

    def _line_values(self):
        """The values of lines like these."""
        names = ("sequence", "service", "direction", "category", "percent", "amount")
        return [
            {
                **{name: line[name] for name in names},
                "destination_id": line.destination_id.id,
                "currency_id": line.currency_id.id,
            }
            for line in self
        ]


class TelecomDiscountLine(models.Model):
    _name = "telecom.discount.line"
    _description = "Line of a Telecom Discount"
    _inherit = ["telecom.discount.line.mixin", "telecom.frozen.line.mixin"]
    _order = "discount_id, sequence, id"
    _whole = "discount_id"

    discount_id = fields.Many2one(
        "telecom.discount", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="discount_id.company_id", store=True, index=True, precompute=True
    )

    def _mark_for_rating(self):
        self.discount_id.sudo().assignment_ids._mark_for_rating(self)

    def _mark_values(self):
        """Which calls a line is for, as a mark says it."""
        names = ("service", "direction", "category")
        values = {name: self[name] for name in names if self[name]}
        if self.destination_id:
            values["destination_id"] = self.destination_id.id
        return values
