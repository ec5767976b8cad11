# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..models.reading_messages import worded
from ..models.telecom_format_column import TARGETS
from ..parsers.steps.definition import as_chain, plain
from ..parsers.steps.notation import format_steps, parse_steps

SHOWN_CELLS = 3
MAX_CELL = 40
# From so much on a proposal is good, or fair.
GOOD, FAIR = 90, 60


class TelecomFormatAssistantColumn(models.TransientModel):
    """A column of the sample, and what it is taken for."""

    _name = "telecom.format.assistant.column"
    _description = "Column of a Sample"
    _order = "sequence, id"

    assistant_id = fields.Many2one(
        "telecom.format.assistant", required=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    key = fields.Char(string="Column", required=True, readonly=True)
    examples = fields.Char(readonly=True)
    target = fields.Selection(TARGETS, string="Is")
    extra_name = fields.Char(string="Name")
    steps = fields.Char(help="As in the format: strip | replace ^9 ->")
    confidence = fields.Integer(readonly=True)
    trust = fields.Selection(
        [("good", "Sure"), ("fair", "Likely"), ("poor", "Look at it")],
        string="How sure",
        compute="_compute_trust",
    )
    reason = fields.Char(string="Why", readonly=True)

    @api.depends("confidence", "target")
    def _compute_trust(self):
        for line in self:
            is_good, is_fair = line.confidence >= GOOD, line.confidence >= FAIR
            trust = "good" if is_good else "fair" if is_fair else "poor"
            line.trust = trust if line.target and line.confidence else False

    @api.model
    def _values_of(self, guess, place, steps):
        """Values of the line for what is proposed for a column."""
        cells = dict.fromkeys(guess.column.filled())
        examples = [cell[:MAX_CELL] for cell in list(cells)[:SHOWN_CELLS]]
        chain = steps.get(guess.field) if guess.field else None
        target, _dot, extra_name = guess.field.partition(".")
        return {
            "sequence": place,
            "key": str(guess.column.key),
            "examples": " · ".join(examples),
            "target": target or False,
            "extra_name": extra_name,
            "steps": format_steps(as_chain("steps", chain)) if chain else False,
            "confidence": guess.confidence,
            "reason": worded(self.env, guess.reason) if guess.field else False,
        }

    def _field(self):
        """The field of a column mapping that the line says."""
        if self.target != "extra":
            return self.target
        return f"extra.{self.extra_name or 'other'}"

    def _mapping(self):
        """Column mapping and steps of all lines that say what they are."""
        mapping, steps = {}, {}
        for line in self.sorted("sequence"):
            if not line.target:
                continue
            name = line._field()
            key = int(line.key) if line.key.isdecimal() else line.key
            mapping.setdefault(name, []).append(key)
            if line.steps:
                steps[name] = plain(parse_steps(f"steps.{name}", line.steps))
        return {
            "column_mapping": {
                name: keys[0] if len(keys) == 1 else keys
                for name, keys in mapping.items()
            },
            "steps": steps,
        }
