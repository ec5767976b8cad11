# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..parsers.pasted_calls import read_more
from .telecom_call import COST_GROUP
from .telecom_rate import DIRECTIONS, SERVICES

# Prices are stored with six decimals: half of the last one.
SAME = 0.0000005


class TelecomGoldenCall(models.Model):
    """A sample call with the price that somebody expects of a tariff."""

    _name = "telecom.golden.call"
    _description = "Sample Call"
    _order = "tariff_id, called_number, id"

    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    active = fields.Boolean(default=True)
    name = fields.Char(string="What it shows")
    calling_number = fields.Char(string="From", help="Empty: any number.")
    called_number = fields.Char(string="To", required=True)
    start_at = fields.Datetime(
        string="Start", required=True, default=fields.Datetime.now
    )
    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    duration = fields.Integer(string="Seconds")
    volume = fields.Float(string="Bytes", digits=(18, 0))
    carrier_id = fields.Many2one(
        "telecom.carrier", help="Who carries it, where that decides the price."
    )
    carrier_amount = fields.Float(
        digits=(18, 9), groups=COST_GROUP, help="What the carrier asks, for mark-ups."
    )
    more = fields.Text(
        string="More from the file",
        help="Facts that patterns and formulas ask for, one a line: 'region: NORTH', "
        "'price_per_unit: 0.05', as a call shows them.",
    )
    expected_price = fields.Float(digits=(16, 6), required=True)
    expected_rate_id = fields.Many2one(
        "telecom.rate",
        string="Expected rate",
        ondelete="set null",
        help="Empty: any rate that gives the price.",
    )
    found_price = fields.Float(digits=(16, 6), readonly=True, copy=False)
    found_rate_id = fields.Many2one(
        "telecom.rate", readonly=True, copy=False, ondelete="set null"
    )
    difference = fields.Float(digits=(16, 6), readonly=True, copy=False)
    state = fields.Selection(
        [
            ("untested", "Not checked"),
            ("passed", "As expected"),
            ("broken", "Another price"),
            ("unpriced", "No price"),
        ],
        default="untested",
        readonly=True,
        copy=False,
    )
    checked_at = fields.Datetime(string="Checked on", readonly=True, copy=False)

    _quantities_positive = models.Constraint(
        "CHECK(duration >= 0 AND volume >= 0)",
        "Seconds and bytes cannot be negative.",
    )

    @api.depends("name", "called_number", "duration")
    def _compute_display_name(self):
        for golden in self:
            golden.display_name = golden.name or self.env._(
                "%(number)s, %(seconds)s s",
                number=golden.called_number or "",
                seconds=golden.duration,
            )

    @api.constrains("expected_rate_id", "tariff_id")
    def _check_expected_rate(self):
        for golden in self:
            owner = golden.expected_rate_id.tariff_id
            if owner and owner not in golden._tariff_chain():
                raise ValidationError(
                    self.env._(
                        "The rate %(rate)s is neither in %(tariff)s nor in a tariff "
                        "that stands behind it.",
                        rate=golden.expected_rate_id.display_name,
                        tariff=golden.tariff_id.name,
                    )
                )

    def _tariff_chain(self):
        chain, tariff = self.env["telecom.tariff"], self.tariff_id
        while tariff and tariff not in chain:
            chain |= tariff
            tariff = tariff.parent_id
        return chain

    def write(self, vals):
        """What is asked or expected has changed: the last check says nothing of it."""
        asked = vals.keys() - {"state", "checked_at", "active", "name"}
        if asked and not any(name.startswith("found") for name in asked):
            vals = {**vals, "state": "untested", "checked_at": False}
        return super().write(vals)

    # === CHECK === #

    def _results(self):
        """Price each sample call now: (sample, call in memory), nothing is stored."""
        trial = self.env["telecom.price.trial"]
        results = []
        for company, own in self.sudo().grouped("company_id").items():
            tables = trial._tables(company)
            for (tariff, carrier), group in own.grouped(
                lambda golden: (golden.tariff_id, golden.carrier_id)
            ).items():
                facts = [golden._facts() for golden in group]
                calls = trial._price(facts, tables, company, carrier, tariff=tariff)
                results += zip(group, calls, strict=True)
        return results

    def _facts(self):
        return {
            "start_at": self.start_at,
            "calling_number": self.calling_number,
            "called_number": self.called_number,
            "duration": self.duration,
            "volume": int(self.volume),
            "service": self.service,
            "direction": self.direction,
            "carrier_amount": self.carrier_amount or None,
            "extra": read_more(self.more or ""),
        }

    def _verdict(self, call):
        """Whether a call came out as expected: a code of `state`."""
        if call.rating_state != "rated":
            return "unpriced"
        if abs(call.price - self.expected_price) > SAME:
            return "broken"
        if self.expected_rate_id and call.rate_id != self.expected_rate_id:
            return "broken"
        return "passed"

    def action_check(self):
        """Check these sample calls and keep what was found."""
        self.check_access("read")
        now = fields.Datetime.now()
        for golden, call in self._results():
            golden.write(
                {
                    "found_price": call.price,
                    "found_rate_id": call.rate_id.id,
                    "difference": call.price - golden.expected_price,
                    "state": golden._verdict(call),
                    "checked_at": now,
                }
            )

    def action_accept(self):
        """Expect from now on what was found."""
        self.check_access("write")
        self.action_check()
        for golden in self.filtered(lambda one: one.state == "broken"):
            golden.write({"expected_price": golden.found_price})
            golden.expected_rate_id = golden.expected_rate_id and golden.found_rate_id
        self.action_check()

    def action_explain(self):
        """Show how the price that is found comes about."""
        self.ensure_one()
        wizard = self.env["telecom.price.simulator"].create(
            {
                "called_number": self.called_number,
                "calling_number": self.calling_number,
                "start_at": self.start_at,
                "duration": self.duration,
                "volume": self.volume,
                "more": self.more,
                "service": self.service,
                "direction": self.direction,
                "tariff_id": self.tariff_id.id,
                "carrier_id": self.carrier_id.id,
                "company_id": self.company_id.id,
            }
        )
        return wizard._get_action()
