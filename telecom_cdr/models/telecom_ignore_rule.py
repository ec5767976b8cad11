# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..parsers import numbering
from .telecom_call import STATES

CAUSES = [item for item in STATES if item[0] in ("unmatched", "unrated", "late")]
TARGETS = ("number", "prefix", "calling_pattern", "called_pattern")
PATTERNS = ("calling_pattern", "called_pattern")
# Whatever decides which calls a rule names.
RATING_FIELDS = {
    "active",
    "carrier_id",
    "cause",
    "company_id",
    "date_end",
    "date_start",
    *TARGETS,
}


class TelecomIgnoreRule(models.Model):
    """Calls that would wait for ever, and are left out on purpose.

    A rule only takes calls that would wait otherwise: as soon as the number has a
    customer, or the destination a rate, its calls are charged all the same.
    """

    _name = "telecom.ignore.rule"
    _description = "Calls Left Out"
    _inherit = ["mail.thread", "telecom.call.patterns.mixin"]
    _order = "id desc"
    _check_company_auto = True

    active = fields.Boolean(
        default=True,
        tracking=True,
        help="Off: the calls that it left out wait again.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    carrier_id = fields.Many2one(
        "telecom.carrier",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        ondelete="cascade",
        help="Only calls of its files. Empty: of any carrier.",
    )
    cause = fields.Selection(
        CAUSES,
        string="Calls that wait for",
        tracking=True,
        help="Only calls that wait because of this. Empty: whatever they wait for.",
    )
    number = fields.Char(
        tracking=True,
        help="Number, extension, account or trunk as the calls show it.",
    )
    prefix = fields.Char(
        tracking=True,
        help="Leading digits of the called number with country code, without +.",
    )
    calling_pattern = fields.Char(
        tracking=True,
        help="A regular expression (RE2) that the calling number has to match.",
    )
    called_pattern = fields.Char(
        tracking=True,
        help="A regular expression (RE2) that the called number has to match.",
    )
    date_start = fields.Datetime(string="Calls from", tracking=True)
    date_end = fields.Datetime(string="Calls until", tracking=True)
    note = fields.Char(string="Why", tracking=True)
    call_count = fields.Integer(string="Calls left out", compute="_compute_call_count")

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)", "A rule must end after it starts."
    )

    @api.depends(*TARGETS, "carrier_id")
    def _compute_display_name(self):
        for rule in self:
            number = numbering.format_international(rule.number or "")
            prefix = f"+{rule.prefix}…" if rule.prefix else ""
            patterns = [rule[name] for name in PATTERNS if rule[name]]
            names = [rule.carrier_id.name, number, prefix, *patterns]
            rule.display_name = " · ".join(name for name in names if name)

    @api.depends(*RATING_FIELDS)
    def _compute_call_count(self):
        calls = self.env["telecom.call"]
        for rule in self:
            rule.call_count = calls.search_count(rule._left_out_domain())

    @api.constrains(*TARGETS, "company_id")
    def _check_target(self):
        for rule in self:
            if not any(rule[name] for name in TARGETS):
                raise ValidationError(
                    self.env._(
                        "Say which calls are left out: a number, a prefix or a pattern."
                    )
                )

    # === WHICH CALLS === #

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._mark_for_rating()
        return rules

    def write(self, vals):
        touches = bool(RATING_FIELDS & vals.keys())
        if touches:
            self._mark_for_rating()
        result = super().write(vals)
        if touches:
            self._mark_for_rating()
        return result

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark([rule._mark_values() for rule in self])

    def _mark_values(self):
        """Which calls it may name, as a mark says it."""
        return {
            "company_id": self.company_id.id,
            "carrier_id": self.carrier_id.id,
            "number": self.number,
            "prefix": self.prefix,
            "date_start": self.date_start,
            "date_end": self.date_end,
        }

    def _call_domain(self):
        """The calls that it may name: patterns are left to the engine."""
        return self.env["telecom.rating.mark"].new(self._mark_values())._call_domain()

    def _left_out_domain(self):
        """The calls that are left out and that it may name."""
        return Domain("rating_reason", "=", "ignored") & self._call_domain()

    # === ACTIONS === #

    def action_apply(self):
        """Leave out now what waits; large numbers of calls follow in the background."""
        for rule in self:
            self.env["telecom.waiting"]._take_up(rule._call_domain(), rule.company_id)
        return self.env["telecom.source"]._notify(
            "success",
            self.env._("%s calls are left out.", sum(self.mapped("call_count"))),
        )

    def action_open_calls(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action.update(domain=list(self._left_out_domain()), context={})
        return action
