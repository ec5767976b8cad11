# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine.masking import without_numbers

LAWFUL_GROUP = "telecom_cdr.group_telecom_lawful"


class TelecomFileMaskingMixin(models.AbstractModel):
    """Who reads files that may hold numbers whose digits customers hide.

    As soon as one customer of a company hides digits, its files of calls are for
    lawful access: a row tells whose call it is only when it has been read.
    """

    _name = "telecom.file.masking.mixin"
    _description = "Hidden Digits in a File"

    def _must_hide_numbers(self):
        """Whether the user must not see whole numbers."""
        return not (self.env.su or self.env.user.has_group(LAWFUL_GROUP))

    def _holds_hidden(self):
        """Whether the file may hold numbers that customers hide."""
        file = self.sudo()
        masking = self.env["telecom.masking"]
        return file.file_type == "usage" and masking._is_in_play(file.company_id)

    def _hides_numbers(self):
        """Whether the user must not see all digits in the file."""
        return bool(self) and self._must_hide_numbers() and self._holds_hidden()

    def _has_field_access(self, field, operation):
        """Only for lawful access there is the content; each access is logged."""
        allowed = super()._has_field_access(field, operation)
        if field.name != "content" or operation != "read" or not allowed:
            return allowed
        hidden = self.filtered(lambda file: file._holds_hidden())
        if hidden and self._must_hide_numbers():
            return False
        hidden._log_content()
        return True

    def _check_shows_content(self):
        """Refuse who may not see the whole file."""
        for file in self:
            if file._hides_numbers():
                raise AccessError(file._lawful_only())
        self.filtered(lambda file: file._holds_hidden())._log_content()
        return super()._check_shows_content()

    def _lawful_only(self):
        return self.env._(
            "%(name)s may hold numbers of which customers hide digits: it is only "
            "given to who has lawful access, and each access is logged.",
            name=self.name,
        )

    def _log_content(self):
        """Log that somebody gets these files, once in a transaction."""
        # Sizes alone are asked for, too.
        names = ("bin_size", "bin_size_content")
        if self.env.su or any(self.env.context.get(name) for name in names):
            return
        for file in self:
            self.env["telecom.lawful.log"]._log_file(file)

    # === REJECTED ROWS === #

    def _excerpt(self, rejections):
        """The rows of some rejections, for lawful access where numbers are hidden."""
        self._check_excerpt()
        return super()._excerpt(rejections)

    def _check_excerpt(self):
        if self._hides_numbers():
            raise AccessError(self._lawful_only())
        if self._holds_hidden():
            self._log_content()

    def _unprocessed_part(self, limit):
        """Nobody knows who reads a mail."""
        return None if self._holds_hidden() else super()._unprocessed_part(limit)

    # === WHAT IS SAID OF FILES AND ROWS === #

    def _digits_to_cover(self):
        """So many digits of numbers are left out of what is shown to all; 0: none."""
        if not (self and self._holds_hidden()):
            return 0
        [(digits,)] = self.env.execute_query(
            SQL(
                "SELECT max(hidden_digits) FROM telecom_masking WHERE company_id = %s",
                self.sudo().company_id.id,
            )
        )
        return digits

    def _digits_to_cover_here(self):
        """The same of what is shown to the user."""
        return self._digits_to_cover() if self._must_hide_numbers() else 0


def covered(told, digits):
    """A text, or a wording with its values, without the last digits of numbers."""
    if not digits:
        return told
    if isinstance(told, str):
        return without_numbers(told, digits)
    if isinstance(told, dict):
        return {name: covered(value, digits) for name, value in told.items()}
    if isinstance(told, list):
        return [covered(value, digits) for value in told]
    return told
