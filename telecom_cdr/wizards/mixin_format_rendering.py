# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io

import pandas as pd
from markupsafe import Markup

from odoo import fields, models

from ..engine.money import format_nano
from ..models.durations import hms
from ..models.reading_messages import worded
from ..parsers.exceptions import ParserError
from ..parsers.reader import ReadContext, preview
from ..parsers.walkthrough import walk_through

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


class TelecomFormatRenderingMixin(models.AbstractModel):
    """The first rows of a sample, as they are and as they are read."""

    _name = "telecom.format.rendering.mixin"
    _inherit = ["telecom.format.walkthrough.mixin"]
    _description = "Preview: the rows of a sample"

    sample_name = fields.Char()
    carrier_id = fields.Many2one(
        "telecom.carrier",
        help="Whose country and time zone the numbers and times have.",
    )

    def _read_context(self):
        """What reading needs to know of the carrier."""
        company = self.env.company
        return ReadContext(
            country=(self.carrier_id or company).country_id.code or "ES",
            time_zone=self.carrier_id.tz or company.telecom_tz,
            file_name=self.sample_name or "",
            file_date=fields.Date.context_today(self),
        )

    def _render_sample(self, content, make_spec):
        """The first rows as HTML, or what is wrong.

        :param content: the file's bytes
        :param make_spec: gives the format, or raises what is wrong with it
        """
        context = self._read_context()
        try:
            spec = make_spec()
            shown = preview(io.BytesIO(content), spec, context)
            rows = walk_through(io.BytesIO(content), spec, context)
        except ParserError as error:
            return self._render_error(error)
        names = self._fact_names()
        records = shown.facts.astype(object).to_dict("records")
        facts = [self._fact_texts(record) for record in records]
        rejections = self._told(shown.rejections.to_dict("records"))
        return self.env["ir.qweb"]._render(
            "telecom_cdr.format_preview",
            {
                "columns": shown.columns,
                "raw_rows": shown.raw_rows,
                "fact_names": {n: names[n] for n in names if any(f[n] for f in facts)},
                "facts": facts,
                "rejections": rejections,
                "rows": self._walked(rows, records, rejections),
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
