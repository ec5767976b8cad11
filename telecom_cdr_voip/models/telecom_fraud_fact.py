# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, fields, models

from odoo.addons.telecom_cdr.models.bulk_fields import BigInteger
from odoo.addons.telecom_cdr.models.durations import hms

from .fraud_tables import MILLION

# What may grow while an alert is open.
FIGURES = ("calls", "duration", "amount", "value", "past", "past_days")


class TelecomFraudFact(models.Model):
    """An hour, a day or a night of a customer in which a rule was broken."""

    _name = "telecom.fraud.fact"
    _description = "Fact of the Fraud Watch"
    _order = "start_at desc, id desc"
    _rec_name = "start_at"

    alert_id = fields.Many2one(
        "telecom.fraud.alert", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    rule_id = fields.Many2one(
        "telecom.fraud.rule", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="cascade"
    )
    category = fields.Char()
    destination_id = fields.Many2one("telecom.destination", ondelete="cascade")
    country_id = fields.Many2one("res.country")
    start_at = fields.Datetime(string="From", required=True)
    end_at = fields.Datetime(string="Until", required=True)
    calls = fields.Integer()
    duration = fields.Integer(string="Seconds")
    amount = fields.Monetary()
    currency_id = fields.Many2one(related="company_id.currency_id")
    value = BigInteger(
        string="Judged", help="Seconds, calls or millionths, as the rule compares them."
    )
    past = BigInteger(string="Sum of the past")
    past_days = fields.Integer(string="Days of the past")
    duration_text = fields.Char(string="Duration", compute="_compute_texts")
    usual_text = fields.Char(string="Usual in this hour", compute="_compute_texts")

    _once = models.UniqueIndex(
        "(rule_id, partner_id, COALESCE(category, ''), COALESCE(destination_id, 0),"
        " COALESCE(country_id, 0), start_at)",
        "There is an alert of this already.",
    )

    @api.depends("duration", "past", "past_days", "rule_id.measure")
    @api.depends_context("lang")
    def _compute_texts(self) -> None:
        for fact in self:
            fact.duration_text = hms(fact.duration)
            fact.usual_text = fact._usual_text() if fact.past_days else False

    def _usual_text(self) -> str:
        """What the same hour of the days before has on average."""
        mean = self.past / self.past_days
        if self.rule_id.measure == "seconds":
            return hms(round(mean))
        if self.rule_id.measure == "amount":
            return self.currency_id.format(mean / MILLION)
        return self.env._("%s calls", round(mean, 1))

    def _key(self) -> tuple:
        """What tells it from any other: it is an alert once."""
        return (
            self.rule_id.id,
            self.partner_id.id,
            self.category or "",
            self.destination_id.id or 0,
            self.country_id.id or 0,
            self.start_at,
        )

    def _update(self, values: dict[str, Any]) -> None:
        """More calls of an hour that was told of: its figures grow, nobody is told."""
        if self.alert_id.state == "open" and values["value"] > self.value:
            self.write({name: values[name] for name in FIGURES})
