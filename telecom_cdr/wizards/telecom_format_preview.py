# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io

import pandas as pd
from markupsafe import Markup

from odoo import api, fields, models

from ..engine.money import format_nano
from ..models.durations import hms
from ..models.reading_messages import worded
from ..parsers.exceptions import ParserError
from ..parsers.reader import ReadContext, preview

SHOWN_FACTS = (
    "line_number",
    "direction",
    "service",
    "calling_number",
    "called_number",
    "start_at",
    "duration",
    "volume",
    "carrier_amount_nano",
    "unique_id",
    "extra",
)


class TelecomFormatPreview(models.TransientModel):
    """Shows the first rows of a sample as a format reads them."""

    _name = "telecom.format.preview"
    _description = "Preview of a Format"

    format_id = fields.Many2one("telecom.format", required=True, ondelete="cascade")
    carrier_id = fields.Many2one(
        "telecom.carrier",
        help="Whose country and time zone the numbers and times have.",
    )
    sample = fields.Binary(string="Sample file", required=True, attachment=False)
    sample_name = fields.Char()
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("sample", "format_id", "carrier_id")
    def _compute_result(self):
        for wizard in self:
            wizard.result = wizard._render() if wizard.sample else False

    def _render(self):
        stream = io.BytesIO(base64.b64decode(self.with_context(bin_size=False).sample))
        company = self.env.company
        context = ReadContext(
            country=(self.carrier_id or company).country_id.code or "ES",
            time_zone=self.carrier_id.tz or company.telecom_tz,
        )
        try:
            shown = preview(stream, self.format_id._spec(), context)
        except ParserError as error:
            return self._render_error(error)
        names = self._fact_names()
        records = shown.facts.astype(object).to_dict("records")
        facts = [self._fact_texts(record) for record in records]
        return self.env["ir.qweb"]._render(
            "telecom_cdr.format_preview",
            {
                "columns": shown.columns,
                "raw_rows": shown.raw_rows,
                "fact_names": {n: names[n] for n in names if any(f[n] for f in facts)},
                "facts": facts,
                "rejections": self._told(shown.rejections.to_dict("records")),
            },
        )

    def _render_error(self, error):
        text = worded(self.env, error.wording)
        return Markup('<div class="alert alert-danger">%s</div>') % text

    def _told(self, rejections):
        """Rejections with their messages in the user's language."""
        return [
            {**rejection, "message": worded(self.env, rejection["wording"])}
            for rejection in rejections
        ]

    def _fact_texts(self, record):
        """The facts of a row as people read them, empty where there is nothing."""
        call_fields = self.env["telecom.call"]._fields
        texts = {n: "" if pd.isna(record.get(n)) else record[n] for n in SHOWN_FACTS}
        for name in ("direction", "service"):
            words = dict(call_fields[name]._description_selection(self.env))
            texts[name] = words.get(texts[name], texts[name])
        if texts["duration"] != "":
            texts["duration"] = hms(texts["duration"])
        if texts["carrier_amount_nano"] != "":
            texts["carrier_amount_nano"] = format_nano(texts["carrier_amount_nano"])
        return texts

    def _fact_names(self):
        """Label by name of the facts that the preview shows."""
        labels = {
            name: field.get_description(self.env)["string"]
            for name, field in self.env["telecom.call"]._fields.items()
        }
        names = {
            "carrier_amount_nano": labels["carrier_amount"],
            "unique_id": self.env._("Unique id"),
            "start_at": self.env._("Start (UTC)"),
            "duration": self.env._("Duration"),
            "extra": self.env._("More from the file"),
        }
        return {name: names.get(name) or labels.get(name, name) for name in SHOWN_FACTS}
