# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..parsers.exceptions import FormatError
from ..parsers.steps.definition import as_chain
from ..parsers.steps.notation import format_steps
from .reading_messages import worded


class TelecomFormatStepsMixin(models.AbstractModel):
    """What becomes of the cells of a file before they are read."""

    _name = "telecom.format.steps.mixin"
    _description = "Format: conversions and checks"

    steps = fields.Text(
        compute="_compute_steps",
        inverse="_inverse_column_mapping",
        store=True,
        help="How cells are converted before they are read, as JSON: field -> steps.",
    )
    checks = fields.Text(
        compute="_compute_steps",
        inverse="_inverse_column_mapping",
        store=True,
        help="What cells must look like, as JSON: field -> pattern.",
    )
    time_means = fields.Selection(
        [("start", "The call's start"), ("end", "The call's end")],
        string="Times are",
        required=True,
        default="start",
        help="Some PBXs write when a call ended: it began its duration earlier.",
    )

    swap_incoming = fields.Boolean(
        string="Own extension first",
        help="PBXs that write the own extension in one column and the other party in "
        "the next: of incoming calls the calling number is in the column of the called "
        "one, and the other way round.",
    )

    @api.depends(
        "column_ids.target",
        "column_ids.extra_name",
        "column_ids.steps",
        "column_ids.check",
    )
    def _compute_steps(self):
        for format_ in self:
            lines = format_.column_ids.sorted()
            steps = {line._key(): line._plain_steps() for line in lines}
            checks = {line._key(): line.check for line in lines if line.check}
            format_.steps = _json({name: one for name, one in steps.items() if one})
            format_.checks = _json(checks)

    def _line_steps(self):
        """Values of column lines, by what the columns are."""
        steps, checks = self._json("steps"), self._json("checks")
        mapping = self._json("column_mapping")
        for name, value in (("steps", steps), ("checks", checks)):
            if not isinstance(value, dict) or value.keys() - mapping.keys():
                raise ValidationError(
                    self.env._(
                        "%(field)s: an object with fields that have a column is "
                        "expected, %(found)s found.",
                        field=self._fields[name].string,
                        found=json.dumps(value, ensure_ascii=False),
                    )
                )
        return {
            name: {
                "steps": self._written(name, steps.get(name, [])),
                "check": checks.get(name) or False,
            }
            for name in {*steps, *checks}
        }

    def _written(self, name, value):
        """Steps of JSON as people write them."""
        try:
            return format_steps(as_chain(f"steps.{name}", value)) or False
        except FormatError as error:
            raise ValidationError(worded(self.env, error.wording)) from error


def _json(value):
    return json.dumps(value, indent=2, ensure_ascii=False)
