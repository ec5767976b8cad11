# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..parsers.exceptions import FormatError
from ..parsers.formats import FormatSpec
from ..parsers.layouts import keys
from .reading_messages import worded

# The keys of a format's definition that are JSON, and their empty values.
JSON_FIELDS = {
    "column_mapping": {},
    "record_filters": [],
    "date_formats": [],
    "answered_rule": {},
    "direction_rules": [],
    "service_rules": [],
    "anonymous_values": [],
    "steps": {},
    "checks": {},
    **keys.JSON_KEYS,
}
PLAIN_FIELDS = (
    "layout",
    "encoding",
    "delimiter",
    "quote",
    "decimal_mark",
    "has_header",
    "skipped_lines",
    "minimum_columns",
    "time_zone",
    "time_means",
    "swap_incoming",
    "duration_unit",
    "duration_rounding",
    "direction_default",
    "service_default",
    "amount_sign",
)


class TelecomFormat(models.Model):
    """How a file is read."""

    _name = "telecom.format"
    _description = "Telecom Format"
    _inherit = [
        "mail.thread",
        "telecom.format.layout.mixin",
        "telecom.format.steps.mixin",
        "telecom.format.amounts.mixin",
    ]
    _order = "name, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    code = fields.Char(help="Short technical name, for exports.")
    file_type = fields.Selection([("usage", "Usage")], required=True, default="usage")
    encoding = fields.Char(
        required=True,
        default="auto",
        help="auto, or the name of an encoding: utf-8, cp1252, latin-1, utf-16.",
    )
    delimiter = fields.Char(required=True, default=",", help="One character, or \\t.")
    quote = fields.Char(default='"', help="Empty: values are never quoted.")
    decimal_mark = fields.Selection(
        [(".", "Point"), (",", "Comma")], required=True, default="."
    )
    has_header = fields.Boolean(
        string="Header row", help="The first line names the columns."
    )
    skipped_lines = fields.Integer(help="Lines to leave out before all else.")
    minimum_columns = fields.Integer(
        help="Rows with fewer columns are rejected. 0: as many as the mapping needs."
    )
    column_ids = fields.One2many("telecom.format.column", "format_id", copy=True)
    column_mapping = fields.Text(
        compute="_compute_column_mapping",
        inverse="_inverse_column_mapping",
        store=True,
        help="Which column is what, as JSON: by name, by position or a list of both.",
    )
    record_filters = fields.Text(
        default="[]", help="Rows to keep or skip, by a pattern on a column."
    )
    date_formats = fields.Text(
        default='["%Y-%m-%d %H:%M:%S"]', help="Tried one after another."
    )
    time_zone = fields.Char(
        required=True,
        default="carrier",
        help="carrier, UTC, or a zone such as Europe/Madrid.",
    )
    duration_unit = fields.Selection(
        [
            ("seconds", "Seconds"),
            ("minutes", "Minutes"),
            ("hms", "h:mm:ss or mm:ss"),
            ("hm", "h:mm"),
            ("text", "1h 2m 3s, hh:mm'ss"),
            ("hhmmss", "HHMMSS"),
            ("hhmmsscc", "HHMMSS and hundredths"),
            ("milliseconds", "Milliseconds"),
            ("tenths", "Tenths of a minute"),
            ("hmmt", "HMM and tenths of a minute"),
        ],
        required=True,
        default="seconds",
    )
    duration_rounding = fields.Selection(
        [("up", "Up"), ("half_up", "Half up"), ("down", "Down")],
        required=True,
        default="half_up",
        help="Fractions of a second become whole seconds.",
    )
    answered_rule = fields.Text(
        default="{}", help="Rows that do not match it are unanswered: 0 seconds."
    )
    direction_default = fields.Selection(
        [("outgoing", "Outgoing"), ("incoming", "Incoming"), ("internal", "Internal")],
        required=True,
        default="outgoing",
    )
    direction_rules = fields.Text(default="[]", help="The first that matches counts.")
    service_default = fields.Selection(
        [("voice", "Voice"), ("sms", "Message"), ("data", "Data")],
        required=True,
        default="voice",
    )
    service_rules = fields.Text(default="[]")
    amount_sign = fields.Integer(default=1, help="-1 where costs come as negatives.")
    anonymous_values = fields.Text(
        default="[]", help="Words for a withheld number; empty: the usual ones."
    )
    keep_first_only = fields.Boolean(
        string="Unique calls",
        help="A call stands once in a file, whatever its repeats. Off: rows that "
        "are equal in all respects are calls of their own.",
    )
    note = fields.Text(
        string="What to know",
        translate=True,
        help="Of these files, and of what the carrier or the PBX must be told to send.",
    )
    source_ids = fields.One2many("telecom.source", "format_id")

    _amount_sign_valid = models.Constraint(
        "CHECK(amount_sign IN (1, -1))", "The sign of amounts is 1 or -1."
    )

    @api.depends(
        "column_ids.sequence",
        "column_ids.target",
        "column_ids.extra_name",
        "column_ids.columns",
    )
    def _compute_column_mapping(self):
        for format_ in self:
            mapping = {
                line._key(): line._value() for line in format_.column_ids.sorted()
            }
            format_.column_mapping = json.dumps(mapping, indent=2, ensure_ascii=False)

    def _inverse_column_mapping(self):
        column = self.env["telecom.format.column"]
        for format_ in self:
            mapping = format_._json("column_mapping")
            if not isinstance(mapping, dict):
                raise ValidationError(
                    self.env._("The column mapping must be a JSON object: {…}.")
                )
            further = format_._line_steps()
            format_.column_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        {
                            "sequence": index,
                            **column._from_mapping(key, value),
                            **further.get(key, {}),
                        }
                    )
                    for index, (key, value) in enumerate(mapping.items(), 1)
                ),
            ]

    def _json(self, name):
        """The value of a JSON field, or an error that points into the text."""
        try:
            return json.loads(self[name] or "null") or JSON_FIELDS[name]
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "%(field)s is not JSON: %(error)s.",
                    field=self._fields[name].string,
                    error=error,
                )
            ) from error

    def _definition(self):
        """The definition as plain data, as parsers take it and exports hold it."""
        self.ensure_one()
        definition = {name: self[name] for name in PLAIN_FIELDS}
        definition.update(
            quote=self.quote or "",
            delimiter="\t" if self.delimiter == "\\t" else self.delimiter,
        )
        own = JSON_FIELDS.keys() - keys.JSON_KEYS.keys()
        definition.update({name: self._json(name) for name in sorted(own)})
        definition.update(self._layout_definition())
        if not definition["anonymous_values"]:
            del definition["anonymous_values"]
        return definition

    def _spec(self):
        return FormatSpec.from_dict(self._meaningful(self._definition()))

    @api.constrains(*PLAIN_FIELDS, *JSON_FIELDS, *keys.PLAIN_KEYS, "fixed_column_ids")
    def _check_definition(self):
        for format_ in self.filtered(lambda f: f.file_type == "usage"):
            try:
                format_._spec()
            except FormatError as error:
                raise ValidationError(
                    self.env._(
                        "Format %(name)s: %(error)s",
                        name=format_.name,
                        error=worded(self.env, error.wording),
                    )
                ) from error

    def action_preview(self):
        """Show a sample file as this format reads it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_format_preview_action"
        )
        action["context"] = {"default_format_id": self.id}
        return action

    def action_export(self):
        """Download the definition as JSON, to import it elsewhere."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/format/{self.id}.json",
            "target": "download",
        }

    @api.model
    def _import_definition(self, text):
        """A new format from an exported definition."""
        try:
            definition = json.loads(text)
            name = definition["name"]
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(
                self.env._(
                    "This is no exported format: a JSON object with a name and a "
                    "definition is expected (%(error)s).",
                    error=error,
                )
            ) from error
        known = {*PLAIN_FIELDS, *JSON_FIELDS, *keys.PLAIN_KEYS}
        known |= {"keep_first_only", "code", "note"}
        unknown = definition.keys() - known - {"name"}
        if unknown:
            raise UserError(
                self.env._(
                    "The definition has keys that are not known: %(keys)s.",
                    keys=", ".join(sorted(unknown)),
                )
            )
        values = {
            key: json.dumps(value, ensure_ascii=False) if key in JSON_FIELDS else value
            for key, value in definition.items()
        }
        return self.create({**values, "name": name})

    def _export_definition(self):
        return json.dumps(
            {
                "name": self.name,
                "code": self.code or "",
                "note": self.note or "",
                "keep_first_only": self.keep_first_only,
                **self._definition(),
            },
            indent=2,
            ensure_ascii=False,
        )
