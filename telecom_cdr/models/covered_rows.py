# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of files for people who may correct them, but not see what the carrier charges.

Amounts are covered: shown as dots, or given out as marks that take their amounts again
when the rows come back.
"""

from odoo import models
from odoo.exceptions import UserError

from ..parsers.covering import Cover, Covered
from ..parsers.exceptions import ParserError, Wording
from ..parsers.layouts.keys import NAMED
from ..parsers.layouts.opening import open_source
from ..parsers.uncovering import mark, uncover

DOTS = "***"
# What these rows say of themselves is no text of the file.
TOLD = ("conflict", "same_call")
# What they were found to have is a number of columns, or names of them.
COUNTED = ("columns", "names")


class CoveredRows:
    """Covers the rejected rows of one file."""

    def __init__(self, file: models.BaseModel) -> None:
        self.file = file.sudo()
        self.cover: Cover | None = None
        if self.file.file_type == "usage":
            self.spec = self.file.format_id._spec()
            self.cover = self._make_cover()

    def _make_cover(self):
        if self.spec.layout in ("fixed", *NAMED) or not self.spec.has_header:
            return Cover(self.spec, None)
        try:
            with self.file._open() as stream:
                position = open_source(stream, self.spec).position
        except ParserError:
            return None
        return Cover(self.spec, position.header, position.delimiter)

    # === SHOWN === #

    def shown(
        self, reason: str, raw: str, found: str, wording: Wording
    ) -> tuple[str, str, Wording]:
        """A row, what was found in it and what is said of it, without its amounts."""
        if reason in TOLD and self.file.file_type == "usage":
            return raw, found, wording
        covered = self._covered(raw, lambda _number: DOTS)
        shown = (
            covered.text
            if covered
            else self.file.env._(
                "Not shown: where the amounts of the carrier are in this row is not "
                "certain. Who sees costs and margins sees it."
            )
        )
        is_plain = not any(char.isdigit() for char in found)
        if is_plain or reason in COUNTED or (covered and found in shown):
            return shown, found, wording
        values = wording.get("values") or {}
        return shown, DOTS, {**wording, "values": {**values, "found": DOTS}}

    def _covered(self, raw, marks) -> Covered | None:
        return self.cover.cover(raw, marks) if self.cover else None

    # === GIVEN OUT, AND TAKEN BACK === #

    def given(self, rejections: models.BaseModel) -> dict[models.BaseModel, Covered]:
        """Those of some rejections that can be given out, with marks."""
        found = {}
        for rejection in rejections.sudo():
            marks = self._marks(rejection)
            covered = self._covered(rejection.kept_raw or "", marks)
            if covered and rejection.reason not in TOLD:
                found[rejection] = covered
        if rejections and not found:
            raise UserError(
                rejections.env._(
                    "Where the amounts of the carrier are in these rows is not "
                    "certain, so they are only given to who sees costs and margins. "
                    "Have such a person correct them, or read them again as they are."
                )
            )
        return found

    def _marks(self, rejection):
        line = rejection.line_number
        return lambda number: mark(self.spec, line, number)

    def taken(self, data: bytes, rejections: models.BaseModel) -> bytes:
        """Rows that were given out, with their amounts again.

        :raises FileError: where a mark is not where it was
        """
        known = {
            mark(self.spec, rejection.line_number, number): amount
            for rejection, covered in self.given(rejections).items()
            for number, amount in enumerate(covered.amounts)
        }
        return uncover(data, self.spec, known)
