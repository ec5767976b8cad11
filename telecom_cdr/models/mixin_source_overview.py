# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models

# Collected files should come at least this often, where nothing else is said.
QUIET_HOURS = 26
# Who sends brings the files: there is no collection that could be late.
BROUGHT = ("upload", "email", "stream")


class TelecomSourceOverviewMixin(models.AbstractModel):
    """How a source stands in the overview."""

    _name = "telecom.source.overview.mixin"
    _description = "Source in the Overview"

    def _overview(self):
        """Name, light, why, last collection and last file."""
        light, why = self._light()
        last = self.env["telecom.file"].search(
            [("source_id", "=", self.id), ("parent_id", "=", False)], limit=1
        )
        protocols = dict(self._fields["protocol"]._description_selection(self.env))
        return {
            "id": self.id,
            "name": self.display_name,
            "protocol": protocols[self.protocol],
            "light": light,
            "why": why,
            "collected_at": fields.Datetime.to_string(self.last_collected_at) or "",
            "last_file": last.name or "",
            "last_file_at": fields.Datetime.to_string(last.create_date) or "",
        }

    def _light(self):
        """Colour of the light, and why it is not green."""
        if self.state == "error":
            return "red", self.last_error or ""
        if self.missing_count:
            return "red", self.env._("%s files are missing", self.missing_count)
        if self.protocol in BROUGHT:
            return "grey", ""
        if not self.last_collected_at:
            return "orange", self.env._("Never collected")
        quiet = fields.Datetime.now() - self.last_collected_at
        if quiet > timedelta(hours=QUIET_HOURS):
            hours = int(quiet.total_seconds() // 3600)
            return "orange", self.env._("Nothing collected for %s hours", hours)
        return "green", ""
