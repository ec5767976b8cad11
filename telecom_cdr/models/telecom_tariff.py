# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# What decides a price: frozen once the tariff has priced a call.
PRICING_FIELDS = {"currency_id", "parent_id", "rounding", "rounding_digits"}


class TelecomTariff(models.Model):
    """A rate table, for what carriers cost us or for what customers pay."""

    _name = "telecom.tariff"
    _description = "Telecom Tariff"
    _inherit = ["mail.thread"]
    _order = "name, id"
    _check_company_auto = True
    _parent_name = "parent_id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        tracking=True,
        default=lambda self: self.env.company.currency_id,
    )
    parent_id = fields.Many2one(
        "telecom.tariff",
        string="Parent tariff",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Asked when this tariff has no rate for a call.",
    )
    is_cost = fields.Boolean(
        string="Cost tariff",
        tracking=True,
        help="What a carrier charges us. Only who may see costs sees it.",
    )
    rounding_digits = fields.Integer(
        default=4,
        tracking=True,
        help="Decimals of the price of a call. It is rounded once, at the end.",
    )
    rounding = fields.Selection(
        [
            ("half_up", "Half up"),
            ("half_even", "Half to even"),
            ("up", "Up"),
            ("down", "Down"),
        ],
        required=True,
        default="half_up",
        tracking=True,
    )
    rate_ids = fields.One2many("telecom.rate", "tariff_id")
    assignment_ids = fields.One2many("telecom.tariff.assignment", "tariff_id")
    rate_count = fields.Integer(compute="_compute_rate_count")
    is_telecom_used = fields.Boolean(
        string="Has priced calls", compute="_compute_is_telecom_used"
    )

    _rounding_digits_range = models.Constraint(
        "CHECK(rounding_digits BETWEEN 0 AND 6)",
        "A call's price has 0 to 6 decimals.",
    )

    @api.depends("rate_ids")
    def _compute_rate_count(self):
        counts = dict(
            self.env["telecom.rate"]._read_group(
                [("tariff_id", "in", self.ids)], ["tariff_id"], ["__count"]
            )
        )
        for tariff in self:
            tariff.rate_count = counts.get(tariff, 0)

    @api.depends("rate_ids.is_telecom_used")
    def _compute_is_telecom_used(self):
        used = self.env["telecom.rate"]._read_group(
            [("tariff_id", "in", self.ids), ("is_telecom_used", "=", True)],
            ["tariff_id"],
        )
        used_ids = {tariff.id for (tariff,) in used}
        for tariff in self:
            tariff.is_telecom_used = tariff.id in used_ids

    @api.constrains("parent_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._(
                    "A tariff cannot be its own parent, directly or through others."
                )
            )

    def write(self, vals):
        changed = PRICING_FIELDS & vals.keys()
        if changed and self._has_priced_with(vals, changed):
            raise UserError(
                self.env._(
                    "Calls have been priced with %(names)s, so currency, parent and "
                    "rounding stay as they are. Duplicate the tariff and assign the "
                    "copy from a date.",
                    names=", ".join(self.mapped("display_name")),
                )
            )
        result = super().write(vals)
        if changed:
            self._mark_for_rating()
        return result

    def _has_priced_with(self, vals, changed):
        """Whether a used tariff would get another value in one of these fields."""
        return any(
            tariff[name] != tariff._fields[name].convert_to_record(vals[name], tariff)
            if not tariff._fields[name].relational
            else tariff[name].id != vals[name]
            for tariff in self.filtered("is_telecom_used")
            for name in changed
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used_by_calls(self):
        used = self.filtered("is_telecom_used")
        if used:
            raise UserError(
                self.env._(
                    "%(names)s cannot be deleted: it has priced calls. Archive it.",
                    names=", ".join(used.mapped("display_name")),
                )
            )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for tariff, vals in zip(self, vals_list, strict=True):
            vals["name"] = self.env._("%s (copy)", tariff.name)
        return vals_list

    def copy(self, default=None):
        """Copy the rates too; mark-ups also for who may not see them."""
        copies = super().copy(default)
        for tariff, copied in zip(self, copies, strict=True):
            rates = tariff.sudo().rate_ids
            rates.create(
                [{**vals, "tariff_id": copied.id} for vals in rates.copy_data()]
            )
        return copies

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [{"company_id": company.id} for company in self.company_id]
        )

    def action_open_rates(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_action"
        )
        action["domain"] = [("tariff_id", "=", self.id)]
        action["context"] = {"default_tariff_id": self.id}
        return action
