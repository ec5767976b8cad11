# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from ..models.bulk_fields import UncheckedBigMany2one
from ..models.telecom_number import NUMBER_KINDS, PHONE_KINDS
from ..models.telecom_waiting import AT_ONCE
from ..parsers.numbering import format_international, numbers_type

PHONE_LENGTH = 7
UTC = ZoneInfo("UTC")


class TelecomGiveNumber(models.TransientModel):
    """Gives a number that calls wait for to a customer, from the first of them on."""

    _name = "telecom.give.number"
    _description = "Give a Number to a Customer"

    waiting_id = UncheckedBigMany2one("telecom.waiting", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", required=True, readonly=True)
    number = fields.Char(required=True, readonly=True)
    number_text = fields.Char(string="Number to give", compute="_compute_number_text")
    kind = fields.Selection(NUMBER_KINDS, required=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade"
    )
    date_start = fields.Datetime(
        string="From", help="Proposed: the day of the first call that waits."
    )
    date_end = fields.Datetime(string="Until")
    label = fields.Char(help="What the customer calls it: reception, fax, Ann.")
    call_count = fields.Integer(string="Calls that wait", readonly=True)
    duration = fields.Integer(string="Time", readonly=True)
    oldest = fields.Datetime(string="First call", readonly=True)
    history = fields.Text(string="Held before by", readonly=True)

    @api.depends("number")
    def _compute_number_text(self):
        for wizard in self:
            wizard.number_text = format_international(wizard.number or "")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        waiting = self.env["telecom.waiting"].browse(values.get("waiting_id"))
        if not waiting.exists():
            raise UserError(
                self.env._("These calls do not wait any more: look at the list again.")
            )
        whose = (waiting.company_id, waiting.carrier_id, waiting.subject)
        holders = self._holders(*whose)
        proposed = {
            "company_id": waiting.company_id.id,
            "carrier_id": waiting.carrier_id.id,
            "number": waiting.subject,
            "kind": self._kind(waiting),
            "date_start": self._start(waiting, holders),
            "call_count": waiting.record_count,
            "duration": waiting.duration,
            "oldest": waiting.oldest,
            "history": self._history(holders),
        }
        return {**proposed, **values}

    @api.model
    def _kind(self, waiting):
        """What sort of identifier it looks like."""
        text = waiting.subject or ""
        if not text.startswith("+"):
            digits = text.isdecimal() and len(text) <= PHONE_LENGTH
            usual = "extension" if digits else "account_code"
            return self._asked_kind(waiting) or usual
        country = waiting.company_id.country_id.code or "ES"
        found = numbers_type([text.removeprefix("+")], country)[0]
        return found if found in PHONE_KINDS else "landline"

    @api.model
    def _asked_kind(self, waiting):
        """What the carrier's sources take such identifiers for."""
        kinds = [kind for kind, _label in NUMBER_KINDS if kind not in PHONE_KINDS]
        asked = self.env["telecom.source.identifier"].search(
            [
                ("source_id.carrier_id", "=", waiting.carrier_id.id),
                ("kind", "in", kinds),
            ],
            limit=1,
        )
        return asked.kind

    @api.model
    def _start(self, waiting, holders):
        """The end of the last holder's time, else the day of the first call."""
        ends = [one.date_end for one in holders if one.date_end]
        before = [end for end in ends if end <= waiting.oldest]
        if before:
            return max(before)
        zone = ZoneInfo(waiting.company_id.telecom_tz)
        local = waiting.oldest.replace(tzinfo=UTC).astimezone(zone)
        midnight = datetime.combine(local.date(), time(), zone)
        return midnight.astimezone(UTC).replace(tzinfo=None)

    @api.model
    def _holders(self, company, carrier, number):
        """The history of the number."""
        return self.env["telecom.number"].search(
            Domain("company_id", "=", company.id)
            & Domain("number", "=", number)
            & Domain("scope_id", "in", (0, carrier.id))
        )

    @api.model
    def _history(self, holders):
        return "\n".join(
            f"{one.partner_id.display_name}: {self._time(one.date_start)} … "
            f"{self._time(one.date_end)}"
            for one in holders
            if one.partner_id
        )

    @api.model
    def _time(self, moment):
        return format_datetime(self.env, moment) if moment else ""

    def action_give(self):
        """Give the number; the calls that wait for it are rated."""
        self.ensure_one()
        waiting = self.waiting_id.exists()
        calls = waiting._call_ids(AT_ONCE + 1) if waiting else []
        number = self._stock()
        values = {
            name: self[name].id if name.endswith("_id") else self[name]
            for name in ("partner_id", "date_start", "date_end", "label")
        }
        if number:
            number.write(values)
        else:
            number = number.create(
                {
                    **values,
                    "company_id": self.company_id.id,
                    "carrier_id": self.carrier_id.id,
                    "number": self.number,
                    "kind": self.kind,
                }
            )
        if waiting._take_up(Domain("id", "in", calls), self.company_id):
            return waiting._reload_and_close()
        return self.env["telecom.source"]._notify(
            "info", self.env._("The calls are taken up in the background.")
        )

    def _stock(self):
        """The number in stock, where nobody holds it."""
        holders = self._holders(self.company_id, self.carrier_id, self.number)
        return holders.filtered(lambda one: not one.partner_id and not one.date_end)[:1]
