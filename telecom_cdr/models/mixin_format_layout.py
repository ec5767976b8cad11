# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..parsers.layouts import keys

LAYOUTS = [
    ("delimited", "Delimited"),
    ("fixed", "Fixed width"),
    ("json", "JSON"),
    ("xml", "XML"),
    ("sheet", "Excel sheet"),
]


class TelecomFormatLayoutMixin(models.AbstractModel):
    """How a file is laid out: what its records are, and what stands around them."""

    _name = "telecom.format.layout.mixin"
    _description = "Layout of a Format"

    layout = fields.Selection(LAYOUTS, required=True, default="delimited")
    record_path = fields.Char(
        string="Path of the records",
        help="Where the calls are in a JSON or XML file: cdr, data.rows, cdrs/cdr. "
        "Empty: at the top. Columns are named by their paths from there: "
        "variables.uuid, callflow.0.caller_profile.ani; attributes of XML by @name.",
    )
    url_encoded = fields.Boolean(
        string="Values are URL-encoded", help="%20 and the like become characters."
    )
    sheet_name = fields.Char(string="Sheet", help="Empty: the first that is visible.")
    escape = fields.Char(
        string="Escape character",
        help="Takes the meaning from a delimiter or quote behind it: \\. Mostly empty.",
    )
    loose_column = fields.Char(
        string="Column with delimiters in it",
        help="Name or position of a column whose values may hold delimiters that "
        "nothing marks: cells beyond the usual number are put together in it.",
    )
    fixed_column_ids = fields.One2many(
        "telecom.format.fixed.column", "format_id", copy=True
    )
    fixed_columns = fields.Text(
        compute="_compute_fixed_columns",
        inverse="_inverse_fixed_columns",
        store=True,
        help="Name, first character (from 1) and width of each column, as JSON.",
    )
    line_filters = fields.Text(
        string="Lines that are no calls",
        default="[]",
        help='Patterns of page headers, separators and the like: ["^-+$", "PAGE"].',
    )
    page_values = fields.Text(
        string="Values of page headers",
        default="[]",
        help="Patterns with named groups, looked for in lines that are no calls: "
        '["(?P<page_date>../../....) PAGE"]. Each group is a column of the calls '
        "that follow.",
    )
    name_values = fields.Char(
        string="Values of the file's name",
        help="A pattern with named groups: cdr_(?P<site>[^_]+)_. Each group is a "
        "column of all calls.",
    )
    wrapped = fields.Char(
        string="First line of a call",
        help="A pattern. Lines that it does not fit go on with the call before them.",
    )
    record_types = fields.Text(
        default="{}",
        help="What the records of the file are, by a pattern on a column "
        "(with a ? behind it where files may lack it): "
        '{"column": 1, "header": "^HDR", "calls": "^CDR", "trailer": "^TRL"}. '
        "Others are skipped.",
    )
    control_totals = fields.Text(
        default="[]",
        help="What header or trailer state: "
        '[{"in": "trailer", "column": 2, "of": "count"}, {"in": "trailer", '
        '"column": 3, "of": "seconds", "format": "hms"}]. A difference stops the file.',
    )
    row_calls = fields.Text(
        string="Several calls in a row",
        default="[]",
        help="What differs from the columns, for each call of a row: "
        '[{"duration": 4}, {"duration": 7, "called_number": 6}].',
    )
    legs = fields.Text(
        string="Several rows for a call",
        default="{}",
        help="Rows of equal key are one call: "
        '{"key": ["linkedid"], "bill": "longest", "prefer": {"column": "dstchannel", '
        '"pattern": "trunk"}}. bill: first, last, longest, all. more: a pattern of '
        "rows that others follow. start and end: patterns of the rows that tell when a "
        "call began and ended. wait: minutes that a stream waits for further rows.",
    )

    @api.depends(
        "fixed_column_ids.sequence",
        "fixed_column_ids.name",
        "fixed_column_ids.start",
        "fixed_column_ids.width",
    )
    def _compute_fixed_columns(self):
        for format_ in self:
            columns = [
                {"name": line.name, "start": line.start, "width": line.width}
                for line in format_.fixed_column_ids.sorted()
            ]
            format_.fixed_columns = json.dumps(columns, ensure_ascii=False)

    def _inverse_fixed_columns(self):
        for format_ in self:
            columns = format_._json("fixed_columns")
            names = {"name", "start", "width"}
            if not all(isinstance(c, dict) and names <= set(c) for c in columns):
                raise ValidationError(
                    self.env._(
                        "Fixed columns must be a JSON list of objects with name, start "
                        'and width: [{"name": "date", "start": 1, "width": 8}].'
                    )
                )
            format_.fixed_column_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        {"sequence": index, **{name: one[name] for name in names}}
                    )
                    for index, one in enumerate(columns, 1)
                ),
            ]

    def _layout_definition(self):
        """The keys of the layout that are set."""
        values = {name: self[name] or "" for name in keys.PLAIN_KEYS}
        values.update({name: self._json(name) for name in keys.JSON_KEYS})
        return {name: value for name, value in values.items() if value}

    def _has_control_totals(self):
        return bool(self._json("control_totals"))

    @api.model
    def _meaningful(self, definition):
        """A definition without the keys that mean nothing in its layout."""
        layout = definition["layout"]
        return {
            name: value
            for name, value in definition.items()
            if layout in keys.APPLIES.get(name, (layout,))
        }
