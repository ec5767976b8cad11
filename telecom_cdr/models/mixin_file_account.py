# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import os

from odoo import api, fields, models
from odoo.exceptions import UserError

from .call_results import ROW_SOURCES, write_results

DONE_STATES = ("processed", "failed", "held")


class TelecomFileAccountMixin(models.AbstractModel):
    """What becomes of a file's rejected rows, who is told of it, and its results."""

    _name = "telecom.file.account.mixin"
    _description = "Account of a File"

    corrects_id = fields.Many2one(
        "telecom.file",
        string="Corrects rows of",
        index="btree_not_null",
        readonly=True,
        ondelete="set null",
    )
    correction_ids = fields.One2many(
        "telecom.file", "corrects_id", string="Corrected in"
    )
    corrected_lines = fields.Json(
        readonly=True,
        copy=False,
        help="The lines of the file it corrects that its rows stand for.",
    )
    open_rejection_count = fields.Integer(
        string="Rows that wait", compute="_compute_open_rejection_count"
    )
    is_summary_due = fields.Boolean(
        string="Summary due", readonly=True, copy=False, index="btree_not_null"
    )

    @api.depends("rejection_ids.is_dismissed", "rejection_ids.corrected_by_id.state")
    def _compute_open_rejection_count(self):
        counts = dict(
            self.env["telecom.rejection"]._read_group(
                [("file_id", "in", self.ids), ("is_open", "=", True)],
                ["file_id"],
                ["__count"],
            )
        )
        for file in self:
            file.open_rejection_count = counts.get(file, 0)

    @api.model_create_multi
    def create(self, vals_list):
        files = super().create(vals_list)
        for file in files:
            if file.source_id.rhythm != "none":
                file.source_id.sudo()._file_came(file.name)
        return files

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") in DONE_STATES:
            self._note_summary()
        return result

    def _note_summary(self):
        """Files that somebody wants to be told of: a scheduled action does it."""
        told = self.filtered(
            lambda file: file.source_id.sudo().summary_user_ids
            and not file.is_summary_due
        )
        told = told.filtered(lambda file: not file.parent_id) | told.parent_id
        if not told:
            return
        told.is_summary_due = True
        cron = self.env.ref("telecom_cdr.ir_cron_telecom_summary", False)
        if cron:
            cron.sudo()._trigger()

    def _is_dealt_with(self):
        """Whether nothing of it is still to be read."""
        return not (self | self.child_ids).filtered(
            lambda file: file.state in ("received", "processing")
        )

    def _has_problems(self):
        """Whether somebody has to look at it."""
        everything = self | self.child_ids
        return bool(
            everything.filtered(lambda file: file.state in ("held", "failed"))
            or any(everything.mapped("rejected_count"))
            or any(count for _label, count in everything._waiting_counts())
        )

    def _waiting_counts(self):
        """How many calls of these files wait, by cause."""
        field = self.env["telecom.call"]._fields["rating_state"]
        words = dict(field._description_selection(self.env))
        rows = self.env["telecom.call"]._read_group(
            [
                ("file_id", "in", self.ids),
                ("rating_state", "in", ("unmatched", "unrated", "late")),
            ],
            ["rating_state"],
            ["__count"],
        )
        return [(words[state], count) for state, count in rows]

    def _unprocessed_part(self, limit):
        """The rejected rows of this file as a file: name and bytes."""
        rejections = self.env["telecom.rejection"].search(
            [("file_id", "=", self.id), ("is_open", "=", True)]
        )
        if not rejections:
            return None
        raw = b"".join(self._excerpt(rejections))
        if len(raw) > limit:
            return None
        return self._unprocessed_name(), raw

    def _unprocessed_name(self):
        stem, ending = os.path.splitext(self.name)
        return f"{stem}-{self.env._('rows')}{ending}"

    # === REJECTED ROWS === #

    def _receive_rows(self, name, stream, rejections):
        """A file of its own for rows of this one, which are solved once it is read."""
        files = self.env["telecom.file"]
        file = files._receive(self.source_id, name, stream)
        file.write(
            {
                "corrects_id": self.id,
                "corrected_lines": sorted(rejections.mapped("line_number")),
            }
        )
        rejections.sudo().corrected_by_id = file
        if file.state == "held":
            # Who corrects rows has looked at them: they are no repeat by chance.
            file.action_release()
        if self.identity_salt:
            # What this file charges anew, its rows do.
            names = ("release_kind", "identity_salt")
            file.write({name: self[name] for name in names})
        return file

    def _read_rows_again(self, rejections):
        """Read rows again as they are."""
        self.check_access("write")
        stream = io.BytesIO(b"".join(self.sudo()._excerpt(rejections)))
        return self._receive_rows(self._unprocessed_name(), stream, rejections)

    def _read_whole_again(self):
        """Take the calls of files back and read them anew, where none is invoiced."""
        self._revert_to("received")

    def action_correct(self):
        """Give rejected rows back, corrected."""
        self.ensure_one()
        return self._open_rejections().action_correct()

    def action_read_rejected_again(self):
        """Read rejected rows again, after the format was corrected."""
        return self._open_rejections().action_read_again()

    def action_download_unprocessed(self):
        """The rejected rows as they stand in the file."""
        return self._open_rejections().action_download_rows()

    def _open_rejections(self):
        found = self.env["telecom.rejection"].search(
            [("file_id", "in", self.ids), ("is_open", "=", True)]
        )
        if not found:
            raise UserError(self.env._("No rejected row of these files waits."))
        return found

    def _read_as(self):
        """The file whose name and date the rows of this one have."""
        return self.corrects_id or self

    # === RESULTS === #

    def action_test(self):
        """Read, match and price this file, and store nothing."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_test_run_action"
        )
        action["context"] = {
            "default_source_id": self.source_id.id,
            "default_file_id": self.id,
        }
        return action

    def action_results_customers(self):
        return self._action_results("customers.csv")

    def action_results_calls(self):
        return self._action_results("calls.csv")

    def action_results_xlsx(self):
        return self._action_results("results.xlsx")

    def _action_results(self, kind):
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/results/{self.id}/{kind}",
            "target": "download",
        }

    def _results_name(self, kind):
        """What a file of results is called."""
        return f"{os.path.splitext(self.name)[0]}-{kind}"

    def _write_results(self, kind, target):
        """Results of the calls of this file, members of an archive included."""
        self.check_access("read")
        files = self | self.child_ids
        source = ROW_SOURCES["stored"](files.ids)
        write_results(self.env, self.company_id, source, kind, target)
