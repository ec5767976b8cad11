# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..parsers.checks import as_pattern
from ..parsers.exceptions import FormatError
from ..parsers.steps.definition import plain
from ..parsers.steps.notation import parse_steps
from .reading_messages import worded

TARGETS = [
    ("start", "Start"),
    ("answer", "Answer"),
    ("end", "End"),
    ("calling_number", "Calling number"),
    ("called_number", "Called number"),
    ("redirecting_number", "Redirecting number"),
    ("duration", "Duration"),
    ("volume", "Volume"),
    ("carrier_amount", "Carrier's amount"),
    ("direction", "Direction"),
    ("service", "Service"),
    ("disposition", "Disposition"),
    ("unique_id", "Unique id"),
    ("trunk", "Trunk"),
    ("account_code", "Account code"),
    ("visited_country", "Visited country"),
    ("utc_offset", "Offset from UTC"),
    ("time_zone", "Time zone"),
    ("duration_unit", "Unit of the duration"),
    ("extra", "Other"),
]


class TelecomFormatColumn(models.Model):
    """Which column of a file holds what."""

    _name = "telecom.format.column"
    _description = "Column of a Telecom Format"
    _order = "format_id, sequence, id"

    format_id = fields.Many2one(
        "telecom.format", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    target = fields.Selection(TARGETS, string="Is", required=True)
    extra_name = fields.Char(
        string="Name", help="How 'other' is called with the call: description, region."
    )
    columns = fields.Char(
        string="Column",
        required=True,
        help="Its name in the header or its position, from 1. Several separated by ;",
    )

    steps = fields.Char(
        help="How its cells are converted before they are read, one step after "
        "another, with | between them: strip | replace ^9 -> | digits. A pattern and "
        "what takes its place have -> between them; texts with such signs stand in "
        "quotes.",
    )
    check = fields.Char(
        string="Must look like",
        help="A regular expression that is found in each of its cells, before the "
        "steps: rows that it is not found in are rejected. ^ and $ are a cell's begin "
        "and end.",
    )

    @api.constrains("steps", "check")
    def _check_steps(self):
        for line in self:
            try:
                parse_steps(f"steps.{line._key()}", line.steps or "")
                as_pattern(f"checks.{line._key()}", line.check or "")
            except FormatError as error:
                raise ValidationError(worded(self.env, error.wording)) from error

    def _plain_steps(self):
        """The steps as JSON has them; none where they cannot be read (yet)."""
        try:
            return plain(parse_steps("steps", self.steps or ""))
        except FormatError:
            return []

    def _key(self):
        return f"extra.{self.extra_name}" if self.target == "extra" else self.target

    def _value(self):
        pieces = [piece.strip() for piece in (self.columns or "").split(";")]
        values = [int(p) if p.isdecimal() else p for p in pieces if p]
        return values[0] if len(values) == 1 else values

    @api.model
    def _from_mapping(self, key, value):
        """Values of the line for one entry of the JSON mapping."""
        values = value if isinstance(value, list) else [value]
        target, _dot, extra_name = str(key).partition(".")
        known = self._fields["target"].get_values(self.env)
        if target not in known:
            raise ValidationError(
                self.env._(
                    "The column mapping has the key '%(found)s', which means nothing. "
                    "Expected: %(known)s, or extra. and a name.",
                    found=key,
                    known=", ".join(name for name in known if name != "extra"),
                )
            )
        return {
            "target": target,
            "extra_name": extra_name,
            "columns": ";".join(str(v) for v in values),
        }
