# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json
from itertools import islice

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.mixin_format_layout import LAYOUTS
from ..models.reading_messages import worded
from ..parsers.exceptions import FormatError, ParserError
from ..parsers.formats import FormatSpec
from ..parsers.guess.guess import propose
from ..parsers.layouts.keys import APPLIES

# Of a large file the beginning is enough; a workbook is needed whole.
MAX_SAMPLE = 32 * 1024 * 1024
MAX_READY = 200
MAX_DEFINITION = 1024 * 1024
PLAIN = (
    "layout",
    "encoding",
    "delimiter",
    "quote",
    "has_header",
    "skipped_lines",
    "record_path",
    "sheet_name",
    "decimal_mark",
    "duration_unit",
    "time_zone",
    "time_means",
)
# What says how rows and cells are found; other keys say what they mean.
OF_LAYOUT = {*APPLIES, "layout", "record_types"}


class TelecomFormatAssistant(models.TransientModel):
    """Proposes how a sample file is to be read; makes a format of it."""

    _name = "telecom.format.assistant"
    _description = "Format from a Sample"
    _inherit = ["telecom.format.rendering.mixin"]

    sample = fields.Binary(string="Sample file", attachment=False)
    file_id = fields.Many2one("telecom.file", ondelete="cascade", readonly=True)
    source_id = fields.Many2one(
        "telecom.source",
        ondelete="cascade",
        help="Will read its files by the format.",
    )
    state = fields.Selection([("new", "New"), ("done", "Done")], default="new")
    name = fields.Char(string="Name of the format")
    ready_ids = fields.Many2many(
        "telecom.format",
        string="Ready formats that read it",
        readonly=True,
    )
    ready_id = fields.Many2one(
        "telecom.format",
        string="Ready format",
        domain="[('id', 'in', ready_ids)]",
        ondelete="cascade",
    )
    ready_note = fields.Text(related="ready_id.note", string="What to know of it")
    layout = fields.Selection(LAYOUTS, default="delimited")
    encoding = fields.Char(default="auto")
    delimiter = fields.Char(default=",", help="One character, or \\t.")
    quote = fields.Char(default='"')
    has_header = fields.Boolean(string="First line names the columns")
    skipped_lines = fields.Integer(string="Lines to skip first")
    record_path = fields.Char(string="Path of the records")
    sheet_name = fields.Char(string="Sheet")
    decimal_mark = fields.Selection([(".", "Point"), (",", "Comma")], default=".")
    duration_unit = fields.Selection(
        lambda self: self.env["telecom.format"]._fields["duration_unit"].selection,
        string="Durations are in",
        default="seconds",
    )
    time_zone = fields.Char(default="carrier")
    time_means = fields.Selection(
        [("start", "The call's start"), ("end", "The call's end")],
        string="Times are",
        default="start",
    )
    date_formats = fields.Text(string="Dates are written", help="One a line.")
    further = fields.Text(
        string="Further settings",
        default="{}",
        help="Rules, places of fixed columns and all else, as JSON.",
    )
    column_ids = fields.One2many("telecom.format.assistant.column", "assistant_id")
    notes = fields.Html(readonly=True)
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends(
        *PLAIN,
        "date_formats",
        "further",
        "carrier_id",
        "column_ids.target",
        "column_ids.extra_name",
        "column_ids.steps",
        "column_ids.sequence",
        "state",
    )
    def _compute_result(self):
        for wizard in self:
            wizard.result = (
                wizard._render_sample(wizard._content(), wizard._spec)
                if wizard.state == "done"
                else False
            )

    # === THE SAMPLE === #

    def _content(self):
        """The bytes of the sample, of a large one the beginning."""
        if self.file_id:
            # Whoever may only look at calls does not get to see all of a file.
            self.env["telecom.format"].check_access("create")
            self.file_id.check_access("read")
            self.file_id._check_shows_content()
            with self.file_id._open() as stream:
                return stream.read(MAX_SAMPLE)
        if not self.sample:
            raise UserError(self.env._("Choose a sample file first."))
        return base64.b64decode(self.with_context(bin_size=False).sample)[:MAX_SAMPLE]

    def action_propose(self):
        """Look at the sample, and propose how it is read."""
        self.ensure_one()
        if text := self._exported_format():
            return self._used(self.env["telecom.format"]._import_definition(text))
        self._propose(None)
        return self._reopen()

    def _exported_format(self):
        """The sample's text where it is an exported format rather than calls."""
        content = self._content()
        if b'"column_mapping"' not in content[:MAX_DEFINITION]:
            return ""
        try:
            text = content.decode("utf-8-sig")
            found = json.loads(text)
        except ValueError:
            return ""
        is_format = isinstance(found, dict) and {"name", "column_mapping"} <= set(found)
        return text if is_format else ""

    def action_columns(self):
        """Find the columns again, by the layout as it was corrected."""
        self.ensure_one()
        definition = self._meaningful_definition()
        layout = {key: definition[key] for key in definition.keys() & OF_LAYOUT}
        self._propose(layout)
        return self._reopen()

    def _propose(self, layout):
        try:
            proposal = propose(
                self._content(), self._read_context(), self._ready_formats(), layout
            )
        except ParserError as error:
            raise UserError(worded(self.env, error.wording)) from error
        ready = self.env["telecom.format"].browse(map(int, proposal.ready))
        self.write(
            {
                **self._settings(proposal.definition),
                "state": "done",
                "name": self.name or (self._sample_title() or "").rpartition(".")[0],
                "ready_ids": [fields.Command.set(ready.ids)],
                "ready_id": ready[:1].id,
                "notes": self._render_notes(proposal.notes),
                "column_ids": [
                    fields.Command.clear(),
                    *map(fields.Command.create, self._lines(proposal)),
                ],
            }
        )

    def _sample_title(self):
        return self.file_id.name if self.file_id else self.sample_name

    def _ready_formats(self):
        """Id and definition of the formats that there are."""
        formats = self.env["telecom.format"].search([("file_type", "=", "usage")])
        return [
            (str(one.id), one._meaningful(one._definition()))
            for one in islice(formats, MAX_READY)
        ]

    def _settings(self, definition):
        """Values of the wizard's own fields for a proposed definition."""
        defaults = self.default_get([*PLAIN])
        own = {key: definition.get(key, defaults.get(key, False)) for key in PLAIN}
        own["delimiter"] = own["delimiter"].replace("\t", "\\t")
        left = definition.keys() - {*PLAIN, "date_formats", "column_mapping", "steps"}
        further = {key: definition[key] for key in sorted(left)}
        return {
            **own,
            "date_formats": "\n".join(definition.get("date_formats", [])),
            "further": json.dumps(further, indent=2, ensure_ascii=False),
        }

    def _lines(self, proposal):
        """Values of the columns, those put together in the order in which they are."""
        line = self.env["telecom.format.assistant.column"]
        order = [guess.column.key for guess in proposal.columns]
        for keys in proposal.fields.values():
            if isinstance(keys, list):
                places = sorted(map(order.index, keys))
                for place, key in zip(places, keys, strict=True):
                    order[place] = key
        steps = proposal.definition.get("steps", {})
        return [
            line._values_of(guess, order.index(guess.column.key), steps)
            for guess in proposal.columns
        ]

    def _render_notes(self, notes):
        items = Markup().join(
            Markup("<li>%s</li>") % worded(self.env, note) for note in notes
        )
        return Markup("<ul>%s</ul>") % items if notes else False

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Format from a sample"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    # === THE FORMAT === #

    def _definition(self):
        """What the wizard says, as a format's definition."""
        try:
            definition = json.loads(self.further or "{}")
        except ValueError as error:
            raise FormatError("further", self.further, "valid JSON") from error
        if not isinstance(definition, dict):
            raise FormatError("further", self.further, "an object")
        definition.update({key: self[key] for key in PLAIN if self[key] is not False})
        definition["quote"] = self.quote or ""  # empty: never quoted
        patterns = (self.date_formats or "").splitlines()
        if patterns := [pattern.strip() for pattern in patterns if pattern.strip()]:
            definition["date_formats"] = patterns
        return {**definition, **self.column_ids._mapping()}

    def _meaningful_definition(self):
        return self.env["telecom.format"]._meaningful(self._definition())

    def _spec(self):
        return FormatSpec.from_dict(self._meaningful_definition())

    def action_create(self):
        """Make the format, for the source too where there is one."""
        self.ensure_one()
        formats = self.env["telecom.format"]
        formats.check_access("create")
        try:
            self._spec()
            definition = self._meaningful_definition()
        except FormatError as error:
            raise UserError(worded(self.env, error.wording)) from error
        if not self.name:
            raise UserError(self.env._("Give the format a name."))
        text = json.dumps({**definition, "name": self.name})
        return self._used(formats._import_definition(text))

    def action_use_ready(self):
        """Take the ready format that reads the sample."""
        self.ensure_one()
        if not self.ready_id:
            raise UserError(self.env._("Choose one of the ready formats first."))
        return self._used(self.ready_id)

    def _used(self, telecom_format):
        """Show the format, or the source that reads by it from now on."""
        shown = telecom_format
        if self.source_id:
            self.source_id.format_id = telecom_format
            shown = self.source_id
        return {
            "type": "ir.actions.act_window",
            "res_model": shown._name,
            "res_id": shown.id,
            "views": [(False, "form")],
        }
