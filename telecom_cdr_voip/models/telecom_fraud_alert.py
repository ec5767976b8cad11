# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from odoo.addons.telecom_cdr.models.durations import hms
from odoo.addons.telecom_cdr.models.telecom_destination import CATEGORIES

STATES = [
    ("open", "Open"),
    ("looked", "Looked at"),
    ("false", "False alarm"),
]
ACTIVITY = "telecom_cdr_voip.mail_activity_fraud"


class TelecomFraudAlert(models.Model):
    """Calls of a customer that look like fraud, for somebody to look at."""

    _name = "telecom.fraud.alert"
    _description = "Fraud Alert"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "telecom.alert.facts.mixin",
        "telecom.alert.blocking.mixin",
    ]
    _order = "id desc"

    company_id = fields.Many2one("res.company", required=True, index=True)
    rule_id = fields.Many2one(
        "telecom.fraud.rule",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    kind = fields.Selection(related="rule_id.kind", store=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    category = fields.Selection(CATEGORIES, readonly=True)
    destination_id = fields.Many2one(
        "telecom.destination", readonly=True, ondelete="cascade"
    )
    country_id = fields.Many2one("res.country", readonly=True)
    place_text = fields.Char(string="Where to", compute="_compute_place_text")
    state = fields.Selection(
        STATES, required=True, default="open", readonly=True, tracking=True, index=True
    )
    looked_by_id = fields.Many2one(
        "res.users", string="Looked at by", readonly=True, copy=False
    )
    looked_at = fields.Datetime(string="Looked at on", readonly=True, copy=False)
    conclusion = fields.Char(readonly=True, tracking=True, copy=False)
    fact_ids = fields.One2many("telecom.fraud.fact", "alert_id", readonly=True)
    number_ids = fields.Many2many("telecom.number", readonly=True)
    first_at = fields.Datetime(string="From", compute="_compute_sums", store=True)
    last_at = fields.Datetime(string="Until", compute="_compute_sums", store=True)
    calls = fields.Integer(compute="_compute_sums", store=True)
    duration = fields.Integer(string="Seconds", compute="_compute_sums", store=True)
    duration_text = fields.Char(string="Duration", compute="_compute_duration_text")
    amount = fields.Monetary(compute="_compute_sums", store=True)
    currency_id = fields.Many2one(related="company_id.currency_id")

    @api.depends("fact_ids.calls", "fact_ids.duration", "fact_ids.amount")
    def _compute_sums(self) -> None:
        for alert in self:
            facts = alert.fact_ids
            alert.first_at = min(facts.mapped("start_at"), default=False)
            alert.last_at = max(facts.mapped("end_at"), default=False)
            alert.calls = sum(facts.mapped("calls"))
            alert.duration = sum(facts.mapped("duration"))
            alert.amount = sum(facts.mapped("amount"))

    @api.depends("duration")
    def _compute_duration_text(self) -> None:
        for alert in self:
            alert.duration_text = hms(alert.duration)

    @api.depends("category", "destination_id", "country_id")
    @api.depends_context("lang")
    def _compute_place_text(self) -> None:
        categories = dict(self._fields["category"]._description_selection(self.env))
        for alert in self:
            alert.place_text = (
                alert.destination_id.name
                or alert.country_id.name
                or categories.get(alert.category)
                or self.env._("All calls")
            )

    @api.depends("rule_id", "partner_id", "place_text")
    @api.depends_context("lang")
    def _compute_display_name(self) -> None:
        for alert in self:
            alert.display_name = (
                f"{alert.rule_id.name}: {alert.partner_id.name}, {alert.place_text}"
            )

    # === TELLING === #

    def _tell(self) -> None:
        """Block what the rule says, and ask somebody to look."""
        self.ensure_one()
        self._block()
        self.message_post(body=self._text(), subtype_xmlid="mail.mt_note")
        if not self.activity_search([ACTIVITY]):
            user = self._responsible()
            self.activity_schedule(ACTIVITY, summary=self.display_name, user_id=user.id)

    def _text(self) -> str:
        """The newest fact, in a sentence."""
        fact = self.fact_ids.sorted("start_at")[-1:]
        return self.env._(
            "%(calls)s calls, %(duration)s, %(amount)s since %(start)s.",
            calls=fact.calls,
            duration=fact.duration_text,
            amount=self.currency_id.format(fact.amount),
            start=format_datetime(self.env, fact.start_at),
        )

    def _responsible(self) -> models.BaseModel:
        """Who is responsible of the rule; else a manager of the company: a person."""
        user = self.rule_id.responsible_id
        if user.active:
            return user
        root = self.env.ref("base.user_root")
        managers = self.env.ref("telecom_cdr.group_telecom_manager").all_user_ids
        own = managers.filtered(lambda one: self.company_id in one.company_ids)
        return (own - root)[:1] or root

    # === LOOKING === #

    def action_looked(self) -> None:
        """Somebody looked: what is blocked stays so until it is unblocked."""
        self._close("looked")

    def action_false_alarm(self) -> None:
        """Nothing was wrong. What is blocked is unblocked with a reason first."""
        blocking = self.filtered("is_blocking")
        if blocking:
            raise UserError(
                self.env._(
                    "Calls are blocked by '%s': unblock them, with a reason.",
                    blocking[0].display_name,
                )
            )
        self._close("false")

    def action_unblock(self) -> dict[str, Any]:
        """Ask why, then let calls be made again."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_voip.telecom_fraud_unblock_action"
        )
        action["context"] = {"default_alert_ids": self.ids}
        return action

    def action_reopen(self) -> None:
        """Somebody has to look again."""
        self.check_access("write")
        self.write(
            {
                "state": "open",
                "looked_by_id": False,
                "looked_at": False,
                "conclusion": False,
            }
        )

    def _close(self, state: str, conclusion: str | bool = False) -> None:
        self.check_access("write")
        self.write(
            {
                "state": state,
                "conclusion": conclusion,
                "looked_by_id": self.env.uid,
                "looked_at": fields.Datetime.now(),
            }
        )
        self.activity_feedback([ACTIVITY], feedback=conclusion or None)

    def action_open_calls(self) -> dict[str, Any]:
        """The calls of the customer in the hours of this alert."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        domain = [
            ("partner_id", "=", self.partner_id.id),
            ("direction", "=", "outgoing"),
            ("start_at", ">=", self.first_at),
            ("start_at", "<", self.last_at),
        ]
        if self.destination_id:
            domain.append(("destination_id", "=", self.destination_id.id))
        if self.category:
            domain.append(("category", "=", self.category))
        action.update(domain=domain, context={})
        return action
