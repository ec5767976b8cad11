# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

from ..parsers.exceptions import FileError
from ..parsers.reader import Position, unbalanced
from .reading_messages import worded_for_company

DIFFERENCE = (
    "The file is not what it says of itself. %(differences)s Its calls are stored, but "
    "none of them is invoiced: get the file again from the carrier and take these "
    "calls back, or accept the difference."
)


class TelecomFileTotalsMixin(models.AbstractModel):
    """Control totals of header and trailer records: checked when a file is read."""

    _name = "telecom.file.totals.mixin"
    _description = "Control Totals of a File"

    total_differences = fields.Json(readonly=True, copy=False)
    accepted_differences = fields.Json(
        readonly=True, copy=False, help="The differences that somebody has accepted."
    )

    def _settle(self, spec):
        """The file is read: processed, where its control totals agree.

        Rows of another file that come again, corrected, have none of their own.
        """
        is_whole = self.position and not self.corrects_id
        position = Position.from_dict(self.position) if is_whole else None
        found = unbalanced(spec, position) if position else []
        self.total_differences = found or False
        if not found or found == self.accepted_differences:
            self._set_processed()
        else:
            joined = _one_wording(found)
            self._set_failed(FileError("totals", DIFFERENCE, differences=joined))

    def action_accept_differences(self):
        """Invoice the calls of files whose control totals differ; written down."""
        for file in self:
            if file.state != "failed" or not file.total_differences:
                raise UserError(
                    self.env._(
                        "%(name)s has no control totals that differ: there is nothing "
                        "to accept.",
                        name=file.name,
                    )
                )
            file.accepted_differences = file.total_differences
            told = worded_for_company(
                file.company_id, _one_wording(file.total_differences)
            )
            file.message_post(
                body=self.env._(
                    "%(user)s has accepted the difference. %(differences)s",
                    user=self.env.user.name,
                    differences=told,
                )
            )
        return self.action_process()


def _one_wording(wordings):
    """Several sentences as one wording."""
    first, *others = wordings
    if not others:
        return first
    values = {"first": first, "rest": _one_wording(others)}
    return {"text": "%(first)s %(rest)s", "values": values}
