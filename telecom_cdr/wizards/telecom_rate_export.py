# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import re
import zipfile

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models.rate_sheet_export import exported_rows, left_out_count, to_csv, to_xlsx
from ..models.telecom_rate import DIRECTIONS, SERVICES

UNSAFE = re.compile(r"[^\w .-]+")


class TelecomRateExport(models.TransientModel):
    """Asks what of which tariffs goes into a file."""

    _name = "telecom.rate.export"
    _description = "Export Rates"

    tariff_ids = fields.Many2many(
        "telecom.tariff", required=True, default=lambda self: self._default_tariffs()
    )
    date = fields.Datetime(
        string="In force at", required=True, default=fields.Datetime.now
    )
    with_later = fields.Boolean(string="Also those that begin later")
    file_format = fields.Selection(
        [("xlsx", "Excel (.xlsx)"), ("csv", "Text (.csv)")],
        string="Format",
        required=True,
        default="xlsx",
    )
    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    left_out = fields.Integer(string="Not in the file", compute="_compute_left_out")

    @api.model
    def _default_tariffs(self):
        context = self.env.context
        if context.get("active_model") != "telecom.tariff":
            return []
        return [Command.set(context.get("active_ids") or [])]

    @api.depends("tariff_ids", "service", "direction")
    def _compute_left_out(self):
        for wizard in self:
            wizard.left_out = sum(
                left_out_count(
                    self.env, tariff, wizard.service or "voice", wizard.direction or ""
                )
                for tariff in wizard.tariff_ids._origin
            )

    def action_export(self):
        self.ensure_one()
        self.tariff_ids.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/rate_export/{self.id}",
            "target": "download",
        }

    def _file(self):
        """Name and bytes: of several tariffs one file each, in an archive."""
        self.ensure_one()
        if not self.tariff_ids:  # those that one may not see are not among them
            raise UserError(self.env._("There is no tariff to export."))
        self.tariff_ids.check_access("read")
        files = [self._file_of(tariff) for tariff in self.tariff_ids]
        if len(files) == 1:
            return files[0]
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for place, (name, data) in enumerate(files, 1):
                archive.writestr(f"{place} {name}", data)
        return "rates.zip", target.getvalue()

    def _file_of(self, tariff):
        rows = exported_rows(
            tariff, self.date, self.service, self.direction, self.with_later
        )
        # An import that takes a name such as A-Z for a full list must not end what
        # is not in force at that moment.
        name = UNSAFE.sub(" ", f"{tariff.name} {self.date:%Y-%m-%d} partial").strip()
        if self.file_format == "csv":
            return f"{name}.csv", to_csv(rows)
        return f"{name}.xlsx", to_xlsx(rows, tariff.name)
