# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pyarrow as pa
import pyarrow.compute as pc

from odoo import api, models
from odoo.exceptions import ValidationError

# Digits of the longest number of the world.
PREFIX_DIGITS = 15


def is_prefix(text: str) -> bool:
    """Whether a text is 1 to 15 digits of those that numbers are written with."""
    is_digits = text.isascii() and text.isdecimal()
    return is_digits and len(text) <= PREFIX_DIGITS


class TelecomCallPatternsMixin(models.AbstractModel):
    """What names calls by a prefix, or by patterns on their facts: checked."""

    _name = "telecom.call.patterns.mixin"
    _description = "Prefix and Patterns of Calls"
    _pattern_fields = ("calling_pattern", "called_pattern")

    @api.constrains("prefix")
    def _check_prefix(self):
        for record in self:
            prefix = record.prefix
            if prefix and not is_prefix(prefix):
                raise ValidationError(
                    self.env._(
                        "'%(prefix)s' is not a prefix: 1 to 15 digits (0-9) are "
                        "expected.",
                        prefix=prefix,
                    )
                )

    @api.constrains(lambda self: self._pattern_fields)
    def _check_patterns(self):
        for record in self:
            for name in self._pattern_fields:
                if record[name]:
                    record._check_pattern(record[name])

    def _check_pattern(self, pattern):
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid as error:
            raise ValidationError(
                self.env._(
                    "'%(pattern)s' is no regular expression of the kind RE2 "
                    "(%(reason)s). To match the beginning of a number write ^\\+34.",
                    pattern=pattern,
                    reason=str(error).partition(": ")[2],
                )
            ) from error
