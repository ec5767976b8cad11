# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.masking import GONE
from .call_secret import is_anonymous, whole
from .call_store import remove_calls
from .row_account import COUNTS, RowAccount
from .same_calls import SameCalls, whole_twin
from .table_frames import read_frame

# Files of which calls may be stored.
READ_STATES = ("processing", "processed", "failed")


class TelecomFileRevertMixin(models.AbstractModel):
    """Files that are taken back, with all that came of them."""

    _name = "telecom.file.revert.mixin"
    _description = "Revert of a File"

    difference_ids = fields.One2many("telecom.file.difference", "file_id")
    difference_count = fields.Integer(compute="_compute_comparing_counts")
    twin_count = fields.Integer(compute="_compute_comparing_counts")

    def _compute_comparing_counts(self):
        for name, model in (
            ("difference_count", "telecom.file.difference"),
            ("twin_count", "telecom.call.twin"),
        ):
            counts = dict(
                self.env[model]._read_group(
                    [("file_id", "in", self.ids)], ["file_id"], ["__count"]
                )
            )
            for file in self:
                file[name] = counts.get(file, 0)

    def action_revert(self):
        """Take back the calls of these files, while none of them is invoiced."""
        self._revert_to("discarded")

    def _revert_to(self, state):
        """Take back these files, and leave them in a state, in one transaction."""
        self.check_access("write")
        for files in self.grouped("carrier_id").values():
            with files._locked_step():
                files._revert_each()
                (files | files.child_ids).filtered(
                    lambda file: file.state == "discarded"
                ).state = state
        for company in self.company_id:
            self.env["telecom.bundle.pass"]._run(company)
        self._trigger_processing()

    def _revert(self):
        self.ensure_one()
        if self.child_ids:
            self.child_ids._revert_each()
            return
        self._check_not_anonymous()
        self._check_none_invoiced()
        disputes = self.env["telecom.dispute"].sudo()
        disputes._check_undisputed(SQL("c.file_id = %s", self.id))
        self._take_back()
        self.rejection_ids.unlink()
        days = (self.date_first, self.date_last)
        self.write(
            {
                **dict.fromkeys(COUNTS, 0),
                "state": "discarded",
                "position": False,
                "processed_at": False,
            }
        )
        self.message_post(body=self.env._("Reverted by %s.", self.env.user.name))
        self.source_id._confirm_again(*days)
        self._read_again_files_with_repeats()

    def _revert_each(self):
        for file in self:
            file._revert()

    def _check_none_invoiced(self):
        invoiced = self.env["telecom.call"].sudo()._count_invoiced(self)
        if invoiced:
            raise UserError(
                self.env._(
                    "%(count)s calls of %(name)s are invoiced, so it cannot be taken "
                    "back. Credit those invoices first.",
                    count=invoiced,
                    name=self.name,
                )
            )

    def _take_back(self):
        """Calls go, and what other files told of them comes to stand."""
        self._undo_confirmation()
        near = self._parties()
        self.env["telecom.call"].sudo()._delete_of_file(self)
        self._settle_without_twins(near)

    def _settle_without_twins(self, near):
        """Calls of this file are gone, and its twins go: settle what lies near them."""
        twins = self.env["telecom.call.twin"].sudo()
        twins.search([("file_id", "=", self.id)]).unlink()
        account = RowAccount()
        SameCalls(self.company_id).settle(near, account)
        account.apply(self.env)

    def _parties(self):
        """Who called whom and when in this file: calls and what is left out."""
        return read_frame(
            self.env,
            SQL(
                "SELECT c.calling_number, %(whole)s AS called_number, c.start_at"
                " FROM telecom_call c"
                " WHERE c.file_id = %(file)s AND %(is_compared)s"
                " AND NOT %(anonymous)s UNION ALL"
                " SELECT t.calling_number, %(whole_twin)s, t.start_at"
                " FROM telecom_call_twin t WHERE t.file_id = %(file)s"
                " AND t.called_number IS DISTINCT FROM %(gone)s",
                anonymous=is_anonymous("c"),
                gone=GONE,
                whole=whole("c"),
                whole_twin=whole_twin("t"),
                file=self.id,
                is_compared=bool(SameCalls(self.company_id)),
            ),
            {"start_at": "datetime64[s]"},
        )

    def _read_again_files_with_repeats(self):
        """Rows that were dropped elsewhere because of this file's calls count now.

        Also those of files that wait half read, or for a person.
        """
        waits = Domain("rejection_ids.reason", "=", "conflict")
        dropped = Domain("duplicate_count", ">", 0) | Domain("merged_count", ">", 0)
        others = self.search(
            Domain("carrier_id", "=", self.carrier_id.id)
            & Domain("file_type", "=", self.file_type)
            & Domain("state", "in", READ_STATES)
            & Domain("id", "!=", self.id)
            & (dropped | waits)
        )
        others._read_from_start()

    def _read_from_start(self):
        """Have files read anew; those that failed when a person says so."""
        kept = self.filtered(lambda file: not file.content_gone_on)
        kept.write({"position": False})
        kept.filtered(lambda f: f.state != "failed").write({"state": "received"})

    # === FILES THAT CONFIRM OTHERS === #

    def _undo_confirmation(self):
        """Take back what a file has said of the calls of others, and its own calls."""
        if not self.source_id._is_confirming():
            return
        self._restore_amounts()
        near = self._parties()
        own = self.env.execute_query(
            SQL(
                "SELECT id FROM telecom_call c WHERE file_id = %s AND NOT EXISTS"
                " (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id)",
                self.id,
            )
        )
        remove_calls(self.env, [row[0] for row in own])
        self._settle_without_twins(near)
        for table in ("telecom_file_confirmation", "telecom_file_difference"):
            self.env.cr.execute(
                SQL("DELETE FROM %s WHERE file_id = %s", SQL.identifier(table), self.id)
            )
        self.env["telecom.file.difference"].invalidate_model()

    def _restore_amounts(self):
        """Calls cost again what their own file said."""
        self.env.cr.execute(
            SQL(
                "UPDATE telecom_call c SET carrier_amount = n.carrier_amount"
                " FROM telecom_file_confirmation n WHERE n.file_id = %s"
                " AND n.is_corrected AND c.identity = n.identity AND NOT EXISTS"
                " (SELECT FROM telecom_call_invoice i WHERE i.call_id = c.id)"
                " RETURNING c.start_at",
                self.id,
            )
        )
        starts = [row[0] for row in self.env.cr.fetchall()]
        if starts:
            self.env["telecom.call"].invalidate_model(["carrier_amount"])
            self._rate_calls_again(min(starts), max(starts))

    def _tell_differences(self):
        """Say in the file's log what it tells otherwise."""
        groups = self.env["telecom.file.difference"]._read_group(
            [("file_id", "=", self.id)], ["kind"], ["__count"]
        )
        words = dict(
            self.env["telecom.file.difference"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        if groups:
            told = ", ".join(f"{words[kind]}: {count}" for kind, count in groups)
            self.message_post(body=told)

    def action_open_differences(self):
        return self._action_open(
            "telecom_file_difference_action", self.env._("Differences")
        )

    def action_open_twins(self):
        return self._action_open("telecom_call_twin_action", self.env._("Told twice"))
