# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io

from odoo import models
from odoo.exceptions import AccessError

from .covered_rows import CoveredRows
from .file_excerpt import covered_rows, rejected_rows

COST_GROUP = "telecom_cdr.group_telecom_cost"


class TelecomFileAmountsMixin(models.AbstractModel):
    """Who sees what a file says of the carrier's amounts."""

    _name = "telecom.file.amounts.mixin"
    _description = "Amounts in a File"

    def _must_hide_amounts(self):
        """Whether the user must not see what carriers charge."""
        return not (self.env.su or self.env.user.has_group(COST_GROUP))

    def _holds_amounts(self):
        """Whether the file may say what the carrier charges."""
        file = self.sudo()
        return file.file_type != "usage" or file.format_id.holds_amounts

    def _hides_amounts(self):
        """Whether the user must not see all of the file."""
        return bool(self) and self._must_hide_amounts() and self._holds_amounts()

    def _has_field_access(self, field, operation):
        """Who may not see amounts reads no file that holds them."""
        allowed = super()._has_field_access(field, operation)
        if field.name != "content" or operation != "read" or not allowed:
            return allowed
        if not self._must_hide_amounts():
            return True
        # Of no file in particular: attachments ask so.
        return bool(self) and not any(file._holds_amounts() for file in self)

    def _check_shows_content(self):
        """Refuse who may not see the whole file."""
        for file in self:
            if file._hides_amounts():
                raise AccessError(
                    self.env._(
                        "%(name)s says what the carrier charges: it is only given to "
                        "who sees costs and margins.",
                        name=file.name,
                    )
                )

    # === REJECTED ROWS === #

    def _excerpt(self, rejections):
        """The rows of some rejections as they stand in this file, block by block.

        For who may not see amounts, these are covered by marks.
        """
        if self._hides_amounts():
            return covered_rows(self, CoveredRows(self).given(rejections))
        return rejected_rows(self, rejections)

    def _uncovered(self, content, rejections):
        """Corrected rows with the amounts that their marks stand for, as a stream.

        :return: and those of the rejections that were given out
        """
        if self._hides_amounts():
            rows = CoveredRows(self)
            content = rows.taken(content, rejections)
            given = [rejection.id for rejection in rows.given(rejections)]
            rejections = rejections.browse(given)
        return io.BytesIO(content), rejections
