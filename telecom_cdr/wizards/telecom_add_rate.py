# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..models.bulk_fields import UncheckedBigMany2one
from ..models.call_table import read_calls, wanted_by
from ..models.rating_tables import load_tables
from ..models.telecom_rate import DIRECTIONS, SERVICES
from ..models.telecom_rating import rate

# So many calls tell which tariffs they ask.
ASKED_CALLS = 2_000
SHOWN_RATES = 6
UTC = ZoneInfo("UTC")


class TelecomAddRate(models.TransientModel):
    """Adds the rate that calls wait for, with the prices that stand near it."""

    _name = "telecom.add.rate"
    _description = "Add a Missing Rate"

    waiting_id = UncheckedBigMany2one("telecom.waiting", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    tariff_ids = fields.Many2many(
        "telecom.tariff", string="Tariffs that the calls ask", readonly=True
    )
    tariff_id = fields.Many2one(
        "telecom.tariff", required=True, ondelete="cascade", check_company=True
    )
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    service = fields.Selection(SERVICES, required=True, readonly=True)
    direction = fields.Selection(DIRECTIONS, required=True, readonly=True)
    target = fields.Selection(
        [("prefix", "One prefix"), ("destination", "The whole destination")],
        string="For",
        required=True,
        default="prefix",
    )
    prefix = fields.Char()
    destination_id = fields.Many2one("telecom.destination", ondelete="cascade")
    price = fields.Float(digits=(16, 9), required=True)
    connect_fee = fields.Float(digits=(16, 9))
    initial_increment = fields.Integer(default=1)
    increment = fields.Integer(default=1)
    date_start = fields.Datetime(
        string="From", help="Proposed: the day of the first call. Empty: from ever."
    )
    call_count = fields.Integer(string="Calls that wait", readonly=True)
    near_rate_ids = fields.Many2many(
        "telecom.rate", string="Prices near it", compute="_compute_near_rate_ids"
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        waiting = self.env["telecom.waiting"].browse(values.get("waiting_id"))
        if not waiting.exists():
            raise UserError(
                self.env._("These calls do not wait any more: look at the list again.")
            )
        tariffs = self._asked_tariffs(waiting)
        digits = (waiting.prefix or waiting.subject or "").lstrip("+")
        proposed = {
            "company_id": waiting.company_id.id,
            "tariff_ids": [(6, 0, tariffs.ids)],
            "tariff_id": tariffs[:1].id,
            "service": waiting.service,
            "direction": waiting.direction,
            "destination_id": waiting.destination_id.id,
            "prefix": digits if digits.isdecimal() else False,
            "target": "prefix" if digits.isdecimal() else "destination",
            "date_start": self._start(waiting),
            "call_count": waiting.record_count,
        }
        return {**proposed, **values}

    @api.model
    def _start(self, waiting):
        zone = ZoneInfo(waiting.company_id.telecom_tz)
        local = waiting.oldest.replace(tzinfo=UTC).astimezone(zone)
        midnight = datetime.combine(local.date(), time(), zone)
        return midnight.astimezone(UTC).replace(tzinfo=None)

    @api.model
    def _asked_tariffs(self, waiting):
        """The tariffs that the calls ask, the one of most calls first."""
        ids = waiting._call_ids(ASKED_CALLS)
        domain = Domain("id", "in", ids)
        calls = self.env["telecom.call"].sudo()
        asked = calls._search(domain).subselect()
        tables = load_tables(self.env, waiting.company_id)
        table = read_calls(self.env, asked, 0, ASKED_CALLS, **wanted_by(tables))
        if table.empty:
            return self.env["telecom.tariff"]
        rated = rate(table, tables)
        counts = rated["tariff_id"].value_counts()
        found = [int(tariff) for tariff in counts.index if tariff]
        return self.env["telecom.tariff"].browse(found)

    @api.depends("tariff_id", "prefix", "destination_id", "service", "direction")
    def _compute_near_rate_ids(self):
        for wizard in self:
            wizard.near_rate_ids = wizard._near_rates()

    def _near_rates(self):
        """Rates of the tariff and of its parents that stand nearest, at any time."""
        tariffs, tariff = self.env["telecom.tariff"], self.tariff_id
        while tariff and tariff not in tariffs:
            tariffs |= tariff
            tariff = tariff.parent_id
        domain = Domain("service", "=", self.service)
        domain &= Domain("direction", "=", self.direction)
        domain &= Domain("tariff_id", "in", tariffs.ids)
        same = Domain("destination_id", "=", self.destination_id.id or 0)
        same |= Domain("category", "=", self.destination_id.category or "")
        same |= Domain.AND(
            [
                Domain(name, "=", False)
                for name in ("prefix", "destination_id", "category")
            ]
        )
        rates = self.env["telecom.rate"]
        found = rates.search(domain & same, limit=SHOWN_RATES)
        digits = self.prefix or ""
        for length in range(len(digits), 0, -1):
            if len(found) >= SHOWN_RATES:
                break
            near = Domain("prefix", "=like", f"{digits[:length]}%")
            found |= rates.search(domain & near, limit=SHOWN_RATES - len(found))
        return found

    def action_add(self):
        """Add the rate; the calls that wait for it are rated."""
        self.ensure_one()
        is_prefix = self.target == "prefix"
        if not (self.prefix if is_prefix else self.destination_id):
            raise UserError(self.env._("Say which calls the rate is for."))
        values = {
            name: self[name].id if name.endswith("_id") else self[name]
            for name in (
                "tariff_id",
                "service",
                "direction",
                "price",
                "connect_fee",
                "initial_increment",
                "increment",
                "date_start",
            )
        }
        if self.service != "voice":
            values["method"] = "volume"
        target = {"prefix": self.prefix} if is_prefix else {}
        if not is_prefix:
            target = {"destination_id": self.destination_id.id}
        self.env["telecom.rate"].create({**values, **target})
        waiting = self.env["telecom.waiting"]
        domain = Domain("rating_state", "=", "unrated")
        if waiting._take_up(domain, self.company_id):
            return waiting._reload_and_close()
        return self.env["telecom.source"]._notify(
            "info", self.env._("The calls are taken up in the background.")
        )
