# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools.misc import format_date, format_datetime

from ..models.durations import hms
from ..models.telecom_rate import DIRECTIONS, SERVICES
from ..parsers.pasted_calls import read_more, read_pasted

UTC = ZoneInfo("UTC")
# Steps are shown for so many calls; a longer list has its prices only.
EXPLAINED = 50


def exact(price: float) -> Fraction:
    """A price with the decimals that it is stored with."""
    return Fraction(repr(price or 0))


class TelecomPriceSimulator(models.TransientModel):
    """What calls would cost: at any date, for any customer or tariff, twice if asked.

    Nothing but the question is stored, and that goes by itself.
    """

    _name = "telecom.price.simulator"
    _description = "Price Simulator"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        help="Empty, and no tariff: whoever has the calling number.",
    )
    tariff_id = fields.Many2one(
        "telecom.tariff", help="Empty: the one that the customer has then."
    )
    carrier_id = fields.Many2one(
        "telecom.carrier", help="Who carries it, where that decides the price."
    )
    mode = fields.Selection(
        [("one", "One call"), ("list", "A pasted list")], required=True, default="one"
    )
    calling_number = fields.Char(string="From")
    called_number = fields.Char(string="To")
    start_at = fields.Datetime(string="Start", default=fields.Datetime.now)
    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    duration = fields.Integer(string="Seconds", default=180)
    volume = fields.Float(string="Bytes", digits=(18, 0))
    text = fields.Text(string="Calls")
    more = fields.Text(
        string="More from the file",
        help="Facts that patterns and formulas ask for, one a line: 'region: NORTH', "
        "'price_per_unit: 0.05', as a call shows them.",
    )
    compare = fields.Selection(
        [("tariff", "another tariff"), ("day", "another day")], string="Compare with"
    )
    other_tariff_id = fields.Many2one("telecom.tariff", string="Other tariff")
    other_day = fields.Date()
    result = fields.Html(compute="_compute_result", sanitize=False)

    def _compute_display_name(self):
        for wizard in self:
            wizard.display_name = self.env._("Simulator")

    @api.depends(
        "company_id",
        "partner_id",
        "tariff_id",
        "carrier_id",
        "mode",
        "calling_number",
        "called_number",
        "start_at",
        "service",
        "direction",
        "duration",
        "volume",
        "text",
        "more",
        "compare",
        "other_tariff_id",
        "other_day",
    )
    @api.depends_context("uid", "lang", "tz")
    def _compute_result(self):
        for wizard in self:
            wizard.result = self.env["ir.qweb"]._render(
                "telecom_cdr.price_simulation", wizard._values()
            )

    def _get_action(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_price_simulator_action"
        )
        return {**action, "res_id": self.id, "views": [(False, "form")]}

    def action_price(self):
        """Show the prices; they are computed while the form is shown."""
        return None

    # === WHAT THE TEMPLATE SHOWS === #

    def _values(self):
        self._check_readable()
        facts, refused = self._facts()
        sides = self._sides(facts)
        return {
            "refused": [self._say_refused(one) for one in refused],
            "has_calls": bool(facts),
            "no_carrier": bool(facts) and not sides[0],
            "heads": self._heads(len(sides)),
            "rows": [
                self._row(calls, place < EXPLAINED)
                for place, calls in enumerate(zip(*sides, strict=True))
            ],
            "totals": self._totals(sides),
        }

    def _check_readable(self):
        """A tariff or customer that one may not see gives no prices away."""
        for name in ("company_id", "partner_id", "tariff_id", "other_tariff_id"):
            self[name]._origin.check_access("read")
        self.env["telecom.call"].check_access("read")

    def _facts(self):
        """The calls that are asked for, and pasted lines that are none."""
        common = {"service": self.service, "direction": self.direction}
        common["extra"] = read_more(self.more or "")
        if self.mode == "one":
            if not (self.called_number and self.start_at):
                return [], []
            call = {
                "start_at": self.start_at,
                "calling_number": self.calling_number,
                "called_number": self.called_number,
                "duration": max(self.duration, 0),
                "volume": max(int(self.volume), 0),
            }
            return [{**common, **call}], []
        calls, refused = read_pasted(self.text or "")
        facts = [
            {
                **common,
                "start_at": self._to_utc(call.start),
                "calling_number": call.calling,
                "called_number": call.called,
                "duration": call.seconds,
            }
            for call in calls
        ]
        return facts, refused

    def _to_utc(self, local):
        """A moment of the reader's clock."""
        zone = ZoneInfo(str(self.env.tz))
        return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)

    def _on_other_day(self, fact):
        """The same call at the same local time of another day."""
        zone = ZoneInfo(str(self.env.tz))
        local = fact["start_at"].replace(tzinfo=UTC).astimezone(zone)
        moved = datetime.combine(self.other_day, local.time())
        return {**fact, "start_at": self._to_utc(moved)}

    def _sides(self, facts):
        """Calls in memory: as asked, and what they are compared with."""
        trial = self.env["telecom.price.trial"]
        tables = trial._tables(self.company_id)
        parties = {
            "carrier": self.carrier_id,
            "tariff": self.tariff_id,
            "partner": self.partner_id,
        }

        def price(facts, **changed):
            return trial._price(
                facts, tables, self.company_id, **{**parties, **changed}
            )

        sides = [price(facts)]
        if self.compare == "tariff" and self.other_tariff_id:
            sides.append(price(facts, tariff=self.other_tariff_id))
        if self.compare == "day" and self.other_day:
            sides.append(price([self._on_other_day(fact) for fact in facts]))
        return sides

    def _heads(self, count):
        if count == 1:
            return [self.env._("Price")]
        if self.compare == "tariff":
            first = self.tariff_id.name or self.env._("As it is")
            return [first, self.other_tariff_id.name]
        other = format_date(self.env, self.other_day)
        return [self.env._("On its day"), self.env._("On %s", other)]

    def _chosen_tariffs(self):
        """The tariff that each side was asked with, where one was."""
        other = self.other_tariff_id if self.compare == "tariff" else self.tariff_id
        return [self.tariff_id, other]

    def _row(self, calls, is_explained):
        """One call on each side, the difference, and the steps of each."""
        first = calls[0]
        words = self.env["telecom.call.explanation"]
        known = all(call.rating_state == "rated" for call in calls)
        same = len({call.currency_id for call in calls}) == 1
        return {
            "start": format_datetime(self.env, first.start_at, dt_format="short"),
            "calling": first.calling_text,
            "called": first.called_text,
            "destination": first.destination_id.display_name or first.prefix or "",
            "quantity": hms(first.duration)
            if first.service == "voice"
            else words._call_quantity(first),
            "sides": [
                self._side(call, is_explained, tariff)
                for call, tariff in zip(calls, self._chosen_tariffs(), strict=False)
            ],
            "difference": words._money(
                exact(calls[1].price) - exact(first.price),
                first.currency_id,
            )
            if len(calls) > 1 and known and same
            else "",
        }

    def _side(self, call, is_explained, tariff):
        """Price or reason, rate, and the steps."""
        words = self.env["telecom.call.explanation"]
        reasons = dict(call._fields["rating_reason"]._description_selection(self.env))
        rated = call.rating_state == "rated"
        return {
            "is_rated": rated,
            "price": words._stored_price(call) if rated else "",
            "reason": reasons.get(call.rating_reason, "") if not rated else "",
            "rate": call.rate_id.display_name or "",
            "is_allowed": call.is_allowed or not rated,
            "steps": self.env["telecom.price.trial"]._steps(call, tariff)
            if is_explained
            else [],
        }

    def _totals(self, sides):
        """Sum of each side, where all its prices are in one currency."""
        words = self.env["telecom.call.explanation"]
        totals = []
        for calls in sides:
            rated = [call for call in calls if call.rating_state == "rated"]
            currencies = {call.currency_id for call in rated}
            totals.append(
                words._money(sum(exact(call.price) for call in rated), currencies.pop())
                if len(currencies) == 1
                else ""
            )
        return totals

    def _say_refused(self, refused):
        """A pasted line that is no call, in words."""
        reasons = {
            "columns": self.env._("date, from, to and seconds are expected"),
            "date": self.env._("'%s' is no date", refused.found),
            "called": self.env._("the called number is missing"),
            "seconds": self.env._("'%s' are no seconds", refused.found),
            "lines": self.env._("only the first %s calls are priced", refused.found),
        }
        return self.env._(
            "Line %(line)s: %(reason)s.",
            line=refused.line,
            reason=reasons[refused.reason],
        )
