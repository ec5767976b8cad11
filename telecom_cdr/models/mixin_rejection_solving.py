# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

NAMED_ROWS = 300


class TelecomRejectionSolvingMixin(models.AbstractModel):
    """What becomes of a rejected row: corrected in another file, or left out.

    It stays a rejected row of its file, whose rows add up as they did: the corrected
    row is a row of the file that brought it.
    """

    _name = "telecom.rejection.solving.mixin"
    _description = "Solving of a Rejected Row"

    corrected_by_id = fields.Many2one(
        "telecom.file",
        string="Corrected in",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
        help="The file that the row was read again from. It is solved as soon as "
        "that file is read.",
    )
    is_dismissed = fields.Boolean(
        string="Left out", readonly=True, help="Somebody decided that it is no call."
    )
    is_open = fields.Boolean(
        string="Waits", compute="_compute_is_open", search="_search_is_open"
    )

    @api.depends("is_dismissed", "corrected_by_id.state")
    def _compute_is_open(self):
        for rejection in self:
            is_read = rejection.corrected_by_id.state == "processed"
            rejection.is_open = not (rejection.is_dismissed or is_read)

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        is_read = Domain("corrected_by_id.state", "=", "processed")
        return Domain("is_dismissed", "!=", True) & ~is_read

    # === ACTIONS === #

    def action_dismiss(self):
        """Leave rows out for good: page footers, tests of the carrier, junk."""
        self._write_solved({"is_dismissed": True})

    def action_reopen(self):
        """Have rows wait again."""
        self._write_solved({"is_dismissed": False, "corrected_by_id": False})

    def _write_solved(self, values):
        """Note it, for whoever may read files in."""
        self.env["telecom.file"].check_access("write")
        self.check_access("read")
        self.sudo().write(values)

    def action_download_rows(self):
        """The rows as they stand in their file, header and encoding included."""
        file = self._one_file()
        file.check_access("write")
        # Too many for an address: all that wait.
        ids = ",".join(map(str, self.ids)) if len(self) <= NAMED_ROWS else ""
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/unprocessed/{file.id}?rows={ids}",
            "target": "download",
        }

    def action_correct(self):
        """Give these rows back, corrected, as a file."""
        return self._dialog("telecom_correction_action", self._one_file())

    def action_read_again(self):
        """Read these rows again as they are: their format was corrected."""
        return self._dialog("telecom_read_again_action", self.file_id)

    def _dialog(self, xmlid, files):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        action["context"] = {
            "default_file_id": files[:1].id,
            "default_rejection_ids": self.ids,
        }
        return action

    def _one_file(self):
        if len(self.file_id) == 1:
            return self.file_id
        raise UserError(
            self.env._(
                "These rows are of %(count)s files, each with a header of its own: "
                "choose the rows of one file.",
                count=len(self.file_id),
            )
        )
