# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timezone
from urllib.parse import urlsplit

from odoo import api, fields, models


class TelecomSourceHttpMixin(models.AbstractModel):
    """Sources whose calls an HTTP API gives, period by period."""

    _name = "telecom.source.http.mixin"
    _description = "Source: HTTP API"
    _inherit = ["telecom.http.request.mixin"]

    http_template_id = fields.Many2one(
        "telecom.request",
        string="Carrier's API",
        copy=True,
        help="Fills in the request below, which can be changed then.",
    )
    http_note = fields.Text(related="http_template_id.note", string="What to know")
    http_until = fields.Datetime(
        string="Collected until",
        copy=False,
        tracking=True,
        help="Calls before this moment have been asked for. Set it back to ask for "
        "them again: those known stay out. Empty: from yesterday on.",
    )
    http_is_plain = fields.Boolean(
        string="Without encryption", compute="_compute_http_is_plain"
    )

    @api.depends("protocol", "http_url", "http_token_url")
    def _compute_http_is_plain(self):
        for source in self:
            addresses = (source.http_url or "", source.http_token_url or "")
            plain = any(a.strip().lower().startswith("http:") for a in addresses)
            source.http_is_plain = source.protocol == "http" and plain

    @api.onchange("protocol")
    def _onchange_http_protocol(self):
        """The days of an API come again under their names, until they are whole."""
        if self.protocol == "http":
            self.hold_same_name = False

    @api.onchange("http_template_id")
    def _onchange_http_template(self):
        if self.http_template_id:
            self.update(self.http_template_id._source_values())

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_template(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_template(vals))

    @api.model
    def _with_template(self, vals):
        """Values, with those of a template that is chosen where they say nothing."""
        template = self.env["telecom.request"].browse(
            vals.get("http_template_id") or ()
        )
        return {**template._source_values(), **vals} if template else vals

    def _http_checked_fields(self):
        return [*super()._http_checked_fields(), "protocol", "format_id"]

    def _http_checked(self):
        return self.filtered(lambda source: source.protocol == "http")

    def _http_options(self):
        """The request, how far it was collected, and what the format knows of files."""
        until = self.http_until
        file_format = self.format_id
        return {
            **self._http_request(),
            "zone": self.http_zone or self.carrier_id.tz or "UTC",
            "until": (until and until.replace(tzinfo=timezone.utc)) or None,
            "layout": file_format.layout,
            "record_path": file_format.record_path or "",
            "head_lines": file_format.skipped_lines + int(file_format.has_header),
            "quote": file_format.quote or "",
        }

    def _http_host(self):
        """The server that is asked, to be shown."""
        return urlsplit(self.http_url or "").hostname or ""

    def _http_found_text(self, connection):
        """What a look at yesterday's calls shows."""
        names = [entry.name for entry in connection.list_files()]
        if not names:
            return self.env._(
                "Connected. %(host)s has no calls of yesterday.", host=self._http_host()
            )
        if not connection.samples:
            return self.env._("Connected. A file came: %(name)s.", name=names[0])
        return self.env._(
            "Connected. Yesterday's calls begin with:\n%(rows)s",
            rows="\n".join(connection.samples),
        )
