# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any, Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..watch.rules import Rule

KINDS = [
    ("rise", "Sudden rise against the customer's own past"),
    ("night", "At night, to countries never called before"),
    ("short", "Many short calls"),
    ("cap", "Too much at once"),
]
PLACES = [
    ("destination", "Each destination"),
    ("category", "Each category"),
    ("country", "Each country"),
    ("all", "All calls together"),
]
WINDOWS = [("hour", "In an hour"), ("day", "In a day")]
MEASURES = [("seconds", "Minutes"), ("calls", "Calls"), ("amount", "Amount")]
ACTIONS = [
    ("tell", "Tell only"),
    ("place", "Block the destination for this customer"),
    ("accounts", "Block the customer's SIP accounts"),
]
LAST_HOUR = 23


class TelecomFraudRule(models.Model):
    """What a company finds suspicious, and what is done about it."""

    _name = "telecom.fraud.rule"
    _description = "Rule of the Fraud Watch"
    _inherit = ["mail.thread", "telecom.fraud.limits.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(KINDS, required=True, default="cap", tracking=True)
    place = fields.Selection(
        PLACES, string="Judged for", required=True, default="all", tracking=True
    )
    window = fields.Selection(
        WINDOWS, string="Added up", required=True, default="hour", tracking=True
    )
    category_ids = fields.Many2many(
        "telecom.call.category",
        string="Categories",
        help="Only calls of these count. Empty: all outgoing calls.",
    )
    measure = fields.Selection(
        MEASURES, string="Compared", required=True, default="seconds", tracking=True
    )
    min_calls = fields.Integer(tracking=True)
    min_minutes = fields.Integer(tracking=True)
    min_amount = fields.Monetary(tracking=True)
    factor_percent = fields.Integer(tracking=True)
    past_days = fields.Integer(
        string="Days of past",
        default=28,
        tracking=True,
        help="So many days before are what is usual, and tell which countries are "
        "known.",
    )
    history_days = fields.Integer(
        string="Customer for (days)",
        default=7,
        tracking=True,
        help="Who has calls for fewer days than this has no past to compare with.",
    )
    night_start = fields.Integer(
        string="Night from", default=22, tracking=True, help="Hour, 0 to 23."
    )
    night_end = fields.Integer(
        string="Night until", default=6, tracking=True, help="Hour, not included."
    )
    short_seconds = fields.Integer(
        string="Short (seconds)",
        default=30,
        tracking=True,
        help="Calls of up to so many seconds are short.",
    )
    action = fields.Selection(
        ACTIONS,
        string="What is done",
        required=True,
        default="tell",
        tracking=True,
        help="What is blocked stays blocked until somebody has looked at the alert.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        string="Responsible",
        tracking=True,
        help="Gets an activity for each alert. Empty: a manager of telephony.",
    )
    exception_ids = fields.One2many("telecom.fraud.exception", "rule_id")
    alert_ids = fields.One2many("telecom.fraud.alert", "rule_id")
    open_alert_count = fields.Integer(
        string="Open alerts", compute="_compute_open_alert_count"
    )

    _hours = models.Constraint(
        "CHECK(night_start BETWEEN 0 AND 23 AND night_end BETWEEN 0 AND 23"
        " AND night_start <> night_end)",
        "Hours go from 0 to 23, and a night ends at another hour than it begins.",
    )
    _days = models.Constraint(
        "CHECK(past_days BETWEEN 1 AND 366 AND history_days BETWEEN 0 AND past_days)",
        "The past has 1 to 366 days, and no more of them can be asked for.",
    )
    _short = models.Constraint(
        "CHECK(short_seconds > 0)", "A short call has at least one second."
    )

    @api.depends("alert_ids.state")
    def _compute_open_alert_count(self) -> None:
        groups = self.env["telecom.fraud.alert"]._read_group(
            [("rule_id", "in", self.ids), ("state", "=", "open")],
            ["rule_id"],
            ["__count"],
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.open_alert_count = counts.get(rule.id, 0)

    @api.onchange("kind")
    def _onchange_kind(self) -> None:
        if self.kind == "rise":
            self.place = "destination"
        elif self.kind == "night":
            self.place = "country"

    @api.constrains("kind", "min_calls", "min_minutes", "min_amount")
    def _check_limits(self) -> None:
        """A rule without any limit would call every call an alert."""
        for rule in self:
            needed = {"short": ["min_calls"], "night": ["min_calls"]}.get(
                rule.kind, ["min_calls", "min_minutes", "min_amount"]
            )
            if not any(rule[name] for name in needed):
                raise ValidationError(
                    self.env._(
                        "'%(rule)s' has no limit, so every call would be an alert: "
                        "give at least one of %(fields)s.",
                        rule=rule.name,
                        fields=[rule._fields[name].string for name in needed],
                    )
                )

    @api.constrains("place", "kind", "action")
    def _check_place(self) -> None:
        for rule in self:
            if rule.action == "place" and rule._judged_place() == "all":
                raise ValidationError(
                    self.env._(
                        "'%s' judges all calls together, so there is no destination to "
                        "block: judge each destination, category or country, or block "
                        "the SIP accounts.",
                        rule.name,
                    )
                )

    def _judged_place(self) -> str:
        return "country" if self.kind == "night" else self.place

    def _to_watch(self, limits: models.BaseModel | None = None) -> Rule:
        """The rule as plain facts, with a customer's own limits where there are any."""
        self.ensure_one()
        window = {"night": "night", "rise": "hour"}.get(self.kind, self.window)
        return Rule(
            id=self.id,
            kind=self.kind,
            window=window,
            place=self._judged_place(),
            categories=frozenset(self.category_ids.mapped("code")),
            measure=self.measure if self.kind == "rise" else "seconds",
            past_days=self.past_days if self.kind in ("rise", "night") else 0,
            history_days=self.history_days,
            night_start=self.night_start,
            night_end=self.night_end,
            short_seconds=self.short_seconds,
            **(limits or self)._limits(),
        )

    def action_open_alerts(self) -> dict[str, Any]:
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_voip.telecom_fraud_alert_action"
        )
        action["domain"] = [("rule_id", "=", self.id)]
        return action

    # === DEFAULTS === #

    @api.model
    def _create_defaults(self, companies: models.BaseModel) -> Self:
        """The rules that a company starts with: they tell, and block nothing."""
        # pylint: disable-next=no-search-all
        codes = self.env["telecom.call.category"].search([])
        ids = {category.code: category.id for category in codes}
        return self.create(
            [
                {**self._default_values(kind, ids), "company_id": company.id}
                for company in companies
                for kind, _name in KINDS
            ]
        )

    @api.model
    def _default_values(
        self, kind: str, category_ids: dict[str, int]
    ) -> dict[str, Any]:
        """A careful start: few false alarms with customers of usual size."""
        premium = [category_ids[code] for code in ("premium",) if code in category_ids]
        return {
            "rise": {
                "name": self.env._("Sudden rise to a destination"),
                "kind": "rise",
                "place": "destination",
                "min_minutes": 60,
                "sequence": 10,
            },
            "night": {
                "name": self.env._("New country at night"),
                "kind": "night",
                "place": "country",
                "min_calls": 3,
                "past_days": 90,
                "history_days": 0,
                "sequence": 20,
            },
            "short": {
                "name": self.env._("Many short premium calls"),
                "kind": "short",
                "place": "category",
                "category_ids": premium,
                "min_calls": 20,
                "sequence": 30,
            },
            "cap": {
                "name": self.env._("Much money in an hour"),
                "kind": "cap",
                "min_amount": 100.0,
                "sequence": 40,
            },
        }[kind]
