# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools.misc import format_date, formatLang

from .durations import hms

SUMS = ("call_count", "duration", "imported_amount", "rated_amount", "difference")
# Each with how many rows of it are shown: the kinds of calls are few.
PLACES = {
    "service": 9,
    "category": 20,
    "destination_id": 10,
    "day:day": 10,
    "file_id": 10,
}


class TelecomReconciliationPlacesMixin(models.AbstractModel):
    """Where the imported cost and our own differ, the largest differences first."""

    _name = "telecom.reconciliation.places.mixin"
    _description = "Places of Differences"

    places = fields.Html(
        string="Where it differs", compute="_compute_places", sanitize=False
    )

    def _compute_places(self):
        for one in self:
            one.places = self.env["ir.qweb"]._render(
                "telecom_cdr.reconciliation_places",
                {"tables": [one._place_table(name) for name in PLACES]},
            )

    def _place_table(self, name):
        """Sums by a fact of the calls; services are told apart by direction."""
        groups = ["service", "direction"] if name == "service" else [name]
        rows = self.env["telecom.reconciliation.traffic"]._read_group(
            [("reconciliation_id", "in", self.ids)],
            groups,
            [f"{total}:sum" for total in SUMS],
        )
        size = len(groups)
        rows.sort(key=lambda row: (-abs(row[-1] or 0), -row[size]))
        shown = rows[: PLACES[name]]
        return {
            "name": self._place_field(name)._description_string(self.env),
            "rows": [self._place_row(groups, row) for row in shown],
            "more": len(rows) - len(shown),
        }

    def _place_row(self, groups, row):
        count, seconds, *amounts = row[len(groups) :]
        names = [self._place_name(*pair) for pair in zip(groups, row, strict=False)]
        return {
            "name": ", ".join(filter(None, names)) or self.env._("Unknown"),
            "count": formatLang(self.env, count, digits=0),
            "time": hms(int(seconds or 0)),
            "amounts": [
                formatLang(self.env, one or 0, currency_obj=self.currency_id)
                for one in amounts
            ],
            "differs": bool(self.currency_id.round(amounts[-1] or 0)),
        }

    def _place_field(self, name):
        """The field behind what is grouped by: days are grouped by day:day."""
        fields_ = self.env["telecom.reconciliation.traffic"]._fields
        return fields_[name.partition(":")[0]]

    def _place_name(self, name, value):
        field = self._place_field(name)
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "date":
            return format_date(self.env, value)
        return value.display_name or ""
