# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain

from .bulk_fields import BigInteger, Day, UncheckedMany2one
from .telecom_destination import CATEGORIES
from .telecom_rate import DIRECTIONS, SERVICES

CALL_FACTS = ("file_id", "service", "direction", "category", "destination_id")


class TelecomReconciliationTraffic(models.Model):
    """What a carrier's calls cost by day, file and kind of call, when last counted.

    Rows come set by set (``reconciliation_sql``).
    """

    _name = "telecom.reconciliation.traffic"
    _description = "Traffic of a Carrier"
    _log_access = False
    _order = "reconciliation_id desc, day, id"

    reconciliation_id = fields.Many2one(
        "telecom.reconciliation",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    carrier_id = UncheckedMany2one("telecom.carrier", required=True, readonly=True)
    currency_id = UncheckedMany2one("res.currency", required=True, readonly=True)
    day = Day(readonly=True)
    file_id = UncheckedMany2one("telecom.file", readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    destination_id = UncheckedMany2one("telecom.destination", readonly=True)
    told_by_id = UncheckedMany2one(
        "telecom.carrier",
        string="Also told by",
        readonly=True,
        help="These calls are stored as those of this carrier, who told of them, too.",
    )
    call_count = fields.Integer(string="Calls", readonly=True)
    duration = BigInteger(string="Time", readonly=True)
    imported_amount = fields.Float(
        string="Imported cost",
        digits=(18, 9),
        readonly=True,
        help="What the files say.",
    )
    rated_amount = fields.Float(
        string="Our own cost", digits=(18, 9), readonly=True, help="By our cost tariff."
    )
    difference = fields.Float(
        digits=(18, 9), readonly=True, help="Imported less our own."
    )
    imported_count = fields.Integer(string="Calls with an amount", readonly=True)
    rated_count = fields.Integer(string="Calls with a cost", readonly=True)
    not_imported_count = fields.Integer(string="Calls without amount", readonly=True)
    not_rated_count = fields.Integer(string="Calls without cost", readonly=True)

    def action_open_calls(self):
        """Open the calls behind these rows; of those told twice what is left out."""
        if all(row.told_by_id for row in self):
            return self._open_twins()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = list(Domain.OR(row._calls_domain() for row in self))
        action["context"] = {}
        return action

    def _open_twins(self):
        """Open what this carrier told of calls for which those of others stand."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_twin_action"
        )
        action["domain"] = list(Domain.OR(row._twins_domain() for row in self))
        action["context"] = {}
        return action

    def _twins_domain(self):
        first, last = self.reconciliation_id._moments_of(self.day, self.day)
        names = ("carrier_id", "file_id", "service", "direction")
        facts = (
            Domain(name, "=", self[name].id if name.endswith("_id") else self[name])
            for name in names
        )
        days = Domain("start_at", ">=", first) & Domain("start_at", "<", last)
        return Domain.AND([*facts, days])

    def _calls_domain(self):
        facts = (
            Domain(name, "=", self[name].id if name.endswith("_id") else self[name])
            for name in CALL_FACTS
        )
        carrier = Domain("carrier_id", "=", self.carrier_id.id)
        return Domain.AND([carrier, Domain("day", "=", self.day), *facts])
