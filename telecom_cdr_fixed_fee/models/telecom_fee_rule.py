# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.rules import PATTERNS, FeeRule
from .telecom_fee_tariff_line import KINDS

PATTERN_FIELDS = tuple(f"{name}_pattern" for name in PATTERNS)
ACTIONS = [
    ("customer", "A customer pays"),
    ("number", "Whoever holds a number pays"),
    ("information", "Not ours: for information only"),
]


class TelecomFeeRule(models.Model):
    """Says whose charges are that their reference does not tell.

    Rules come after numbers and references of customers, in their order.
    """

    _name = "telecom.fee.rule"
    _description = "Rule for Carriers' Charges"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(string="Rule", compute="_compute_name", store=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    carrier_id = fields.Many2one(
        "telecom.carrier",
        index="btree_not_null",
        check_company=True,
        ondelete="cascade",
        tracking=True,
        help="Empty: charges of any carrier.",
    )
    reference_pattern = fields.Char(
        string="Reference",
        tracking=True,
        help="As the file writes it; * stands for any characters, ? for one.",
    )
    account_pattern = fields.Char(
        string="Account", tracking=True, help="Our account at the carrier: * and ?."
    )
    product_code_pattern = fields.Char(
        string="Product code", tracking=True, help="* and ? stand for other characters."
    )
    description_pattern = fields.Char(
        string="Description", tracking=True, help="For a part of it, *write it so*."
    )
    kind = fields.Selection(KINDS, tracking=True, help="Empty: all kinds.")
    action = fields.Selection(
        ACTIONS, string="Then", required=True, default="customer", tracking=True
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
    )
    number = fields.Char(
        tracking=True,
        help="A number or other identifier of ours. Whoever held it for most of the "
        "charged days pays.",
    )
    date_start = fields.Date(
        string="From", help="First day of a charge's period that it is for."
    )
    date_end = fields.Date(string="Until", help="Not included.")
    note = fields.Char(string="Remark")
    charge_count = fields.Integer(string="Charges", compute="_compute_charge_count")

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)", "A rule must end after it starts."
    )

    @api.depends("action", "partner_id", "number", "carrier_id", *PATTERN_FIELDS)
    def _compute_name(self):
        words = dict(self._fields["action"]._description_selection(self.env))
        for rule in self:
            which = [rule[name] for name in PATTERN_FIELDS if rule[name]]
            named = {"customer": rule.partner_id.name, "number": rule.number}
            then = named.get(rule.action) or words.get(rule.action) or ""
            names = [rule.carrier_id.name, *which, then]
            rule.name = " · ".join(name for name in names if name)

    def _compute_charge_count(self):
        counts = dict(
            self.env["telecom.charge"]._read_group(
                [("fee_rule_id", "in", self.ids)], ["fee_rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.charge_count = counts.get(rule, 0)

    @api.constrains("action", "partner_id", "number", *PATTERN_FIELDS)
    def _check_rule(self):
        for rule in self:
            needed = {"customer": rule.partner_id, "number": rule.number}
            if not needed.get(rule.action, True):
                raise ValidationError(
                    self.env._(
                        "Say who pays: the rule names no customer and no number."
                    )
                )
            if not any(rule[name] for name in PATTERN_FIELDS):
                raise ValidationError(
                    self.env._(
                        "Say which charges the rule is for: a reference, an account, a "
                        "product code or a description. Patterns may have * and ?."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> Self:
        rules = super().create([self._stripped(vals) for vals in vals_list])
        self.env["telecom.charge"]._take_up_soon()
        return rules

    def write(self, vals: dict) -> bool:
        result = super().write(self._stripped(vals))
        self.env["telecom.charge"]._take_up_soon()
        return result

    @api.model
    def _stripped(self, vals):
        texts = {*PATTERN_FIELDS, "number"} & vals.keys()
        return {**vals, **{n: (vals[n] or "").strip() or False for n in texts}}

    def unlink(self) -> bool:
        self.env["telecom.charge"]._forget_rules(self)
        return super().unlink()

    def action_apply(self) -> dict:
        """Take up the charges that wait for it, at once."""
        charges = self.env["telecom.charge"]
        for rule in self:
            domain = [
                ("company_id", "=", rule.company_id.id),
                ("state", "=", "unmatched"),
            ]
            if rule.carrier_id:
                domain.append(("carrier_id", "=", rule.carrier_id.id))
            charges._settle_now(domain)
        return self.env["telecom.waiting"]._reload_and_close()

    def action_open_charges(self) -> dict:
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action.update(domain=[("fee_rule_id", "in", self.ids)], context={})
        return action

    def _to_engine(self):
        """The rules as the engine takes them, in order."""
        return [
            FeeRule(
                rule_id=rule.id,
                carrier_id=rule.carrier_id.id or 0,
                kind=rule.kind or "",
                start=rule.date_start or None,
                end=rule.date_end or None,
                **{name: rule[f"{name}_pattern"] or "" for name in PATTERNS},
            )
            for rule in self
        ]
