# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import io
import logging
import os
from contextlib import contextmanager

from odoo import api, fields, models, modules
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..parsers.archives import ArchiveLimits, members
from ..parsers.exceptions import FileError
from .mixin_file_masking import covered
from .reading_messages import worded, worded_for_company
from .stored_content import TooLarge, store_stream

_logger = logging.getLogger(__name__)

STATES = [
    ("received", "Received"),
    ("held", "Held"),
    ("processing", "Processing"),
    ("processed", "Processed"),
    ("failed", "Failed"),
    ("discarded", "Discarded"),
]
MB = 1024 * 1024


class TelecomFile(models.Model):
    """One received file, kept byte for byte, and what became of its rows."""

    _name = "telecom.file"
    _description = "Telecom File"
    _inherit = [
        "mail.thread",
        "telecom.used.mixin",
        "telecom.file.processing.mixin",
        "telecom.file.release.mixin",
        "telecom.file.revert.mixin",
        "telecom.file.retention.mixin",
        "telecom.file.masking.mixin",
        "telecom.file.account.mixin",
        "telecom.file.amounts.mixin",
        "telecom.file.totals.mixin",
    ]
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    source_id = fields.Many2one(
        "telecom.source", required=True, index=True, ondelete="restrict"
    )
    carrier_id = fields.Many2one(related="source_id.carrier_id", store=True, index=True)
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    file_type = fields.Selection(related="source_id.file_type", store=True)
    format_id = fields.Many2one(
        "telecom.format", related="source_id.format_id", string="Format"
    )
    parent_id = fields.Many2one(
        "telecom.file", string="Archive", index="btree_not_null", ondelete="cascade"
    )
    child_ids = fields.One2many("telecom.file", "parent_id", string="Members")
    content = fields.Binary(attachment=True)
    content_size = fields.Integer(string="Size", readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True, index=True)
    remote_signature = fields.Char(
        readonly=True, help="Path, size and time of the file at its source."
    )
    period = fields.Date(
        string="Billing period", readonly=True, help="Month of the first call."
    )
    state = fields.Selection(
        STATES, default="received", required=True, readonly=True, index=True
    )
    error_wording = fields.Json(readonly=True)
    last_error = fields.Text(compute="_compute_last_error")
    hold_wording = fields.Json(readonly=True)
    hold_reason = fields.Char(compute="_compute_hold_reason")
    row_count = fields.Integer(string="Rows", readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)
    duplicate_count = fields.Integer(string="Duplicates", readonly=True)
    skipped_count = fields.Integer(string="Skipped", readonly=True)
    merged_count = fields.Integer(string="Merged", readonly=True)
    rejected_count = fields.Integer(string="Rejected", readonly=True)
    position = fields.Json(
        readonly=True, help="Where the next chunk starts, while being processed."
    )
    progress = fields.Float(compute="_compute_progress")
    rejection_ids = fields.One2many("telecom.rejection", "file_id")
    repeated_file_ids = fields.Many2many(
        "telecom.file",
        compute="_compute_repeated_file_ids",
        string="Files it may repeat",
    )
    processed_at = fields.Datetime(string="Processed on", readonly=True)

    _sha256_idx = models.Index("(company_id, sha256)")
    _remote_idx = models.Index("(source_id, remote_signature)")

    # === COMPUTE METHODS === #

    def _compute_progress(self):
        progress = dict(
            self.env.execute_query(
                SQL(
                    "SELECT file_id, 100.0 * done / NULLIF(total, 0)"
                    " FROM telecom_file_progress WHERE file_id = ANY(%s)",
                    list(self.ids),
                )
            )
        )
        for file in self:
            if file.state == "processed":
                file.progress = 100
            else:
                file.progress = min(float(progress.get(file.id) or 0), 100)

    @api.depends_context("lang")
    @api.depends("error_wording")
    def _compute_last_error(self):
        for file in self:
            file.last_error = worded(self.env, file.error_wording) or False

    @api.depends_context("lang")
    @api.depends("hold_wording")
    def _compute_hold_reason(self):
        for file in self:
            file.hold_reason = worded(self.env, file.hold_wording) or False

    @api.depends("sha256", "name")
    def _compute_repeated_file_ids(self):
        for file in self:
            file.repeated_file_ids = file._repeated_files() if file.sha256 else False

    def _repeated_files(self):
        """Other files of the company with this content, or with this name."""
        same = Domain("sha256", "=", self.sha256)
        if self.source_id.hold_same_name:
            same |= Domain("name", "=", self.name) & Domain(
                "source_id", "=", self.source_id.id
            )
        return self.search(
            same
            & Domain("company_id", "=", self.company_id.id)
            & Domain("id", "!=", self.id)
            & Domain("state", "!=", "discarded")
            & Domain("content_size", ">", 0)
        )

    # === RECEIVING METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Uploading: the bytes are kept first, then fingerprinted and perhaps held."""
        for vals in vals_list:
            vals["name"] = self._safe_name(vals.get("name"))
        files = super().create(vals_list)
        for file in files:
            if not file.sha256:
                file._fingerprint()
                file._check_size()
            file._hold_if_repeated()
        self._trigger_processing()
        return files

    def write(self, vals):
        if "content" in vals and any(self.mapped("sha256")):
            raise UserError(
                self.env._("The content of a received file cannot be changed.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used_by_calls(self):
        with_calls = self.filtered("call_count")
        if with_calls:
            raise UserError(
                self.env._(
                    "%(name)s cannot be deleted: its calls are stored. "
                    "Revert it first.",
                    name=with_calls[0].name,
                )
            )
        return super()._unlink_except_used_by_calls()

    @api.model
    def _safe_name(self, name):
        """The last part of a name, without characters that lists cannot show."""
        last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
        shown = "".join(char for char in last if char.isprintable()).strip()
        return shown[:200] or self.env._("unnamed")

    def _receive(self, source, name, stream, signature=False, parent=None):
        """Keep a stream as a file of a source, in bounded memory."""
        limit = source.company_id.telecom_max_file_mb
        try:
            stored = store_stream(self.env, stream, limit * MB)
        except TooLarge as error:
            raise self._too_large(name, limit) from error
        file = self.create(
            {
                "source_id": source.id,
                "name": name,
                "remote_signature": signature,
                "parent_id": parent.id if parent else False,
                "sha256": stored.sha256,
                "content_size": stored.size,
            }
        )
        stored.attach(file, "content")
        return file

    def _receive_attachment(self, source, attachment):
        """Keep an uploaded attachment as a file of a source."""
        try:
            if attachment.store_fname:
                path = attachment._full_path(attachment.store_fname)
                with open(path, "rb") as stream:
                    return self._receive(source, attachment.name, stream)
            raw = io.BytesIO(attachment.raw or b"")
            return self._receive(source, attachment.name, raw)
        except FileError as error:
            raise UserError(worded(self.env, error.wording)) from error

    @api.model
    def _too_large(self, name, limit):
        """The error for a file of more than a limit in MB."""
        return FileError(
            "too_large",
            "%(found)s has more than %(limit)s MB. Larger files are not taken: raise "
            "the limit in the settings (Telephony, Files) or split the file.",
            name,
            limit=limit,
        )

    def _check_size(self):
        """Refuse files that came as a value: streams are refused while they come."""
        for file in self:
            limit = file.company_id.telecom_max_file_mb
            if file.content_size > limit * MB:
                error = self._too_large(file.name, limit)
                raise UserError(worded(self.env, error.wording))

    def _known_remote(self, source, entry):
        """The file that was fetched from this place before, unchanged since."""
        known = Domain("remote_signature", "=", entry.signature)
        if entry.sha256:
            known |= Domain("sha256", "=", entry.sha256) & Domain(
                "parent_id", "=", False
            )
        return self.search(Domain("source_id", "=", source.id) & known, limit=1)

    def _fingerprint(self):
        digest = hashlib.sha256()
        size = 0
        with self._open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
        return super().write({"sha256": digest.hexdigest(), "content_size": size})

    def _hold_if_repeated(self):
        if self.parent_id.release_kind:
            self._release_as_parent()
            return
        if not self.content_size:
            return
        repeated = self._repeated_files()
        if not repeated:
            return
        same_content = repeated.filtered(lambda f: f.sha256 == self.sha256)
        known = (same_content or repeated)[0]
        if same_content:
            text, values = "Same content as %(name)s", {"name": known.name}
        else:
            day = fields.Datetime.context_timestamp(self, known.create_date).date()
            text, values = (
                "Same name as a file of %(date)s",
                {"date": {"date": fields.Date.to_string(day)}},
            )
        self.write({"state": "held", "hold_wording": {"text": text, "values": values}})

    @contextmanager
    def _open(self):
        """The kept bytes, as a stream from the filestore."""
        self._check_content_kept()
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("res_field", "=", "content"),
                ],
                limit=1,
            )
        )
        if attachment.store_fname:
            path = attachment._full_path(attachment.store_fname)
            with open(path, "rb") as stream:
                yield stream
        else:
            yield io.BytesIO(attachment.db_datas or b"")

    # === ACTIONS === #

    def action_discard(self):
        """Leave files out for good; their bytes are kept."""
        open_files = self.filtered(lambda f: f.state in ("received", "held", "failed"))
        partly = open_files.filtered("call_count")
        if partly:
            raise UserError(
                self.env._(
                    "%(name)s was read in part: revert it before discarding it.",
                    name=partly[0].name,
                )
            )
        open_files.write({"state": "discarded"})

    def action_open_calls(self):
        return self._action_open("telecom_call_action", self.env._("Calls"))

    def action_open_rejections(self):
        return self._action_open("telecom_rejection_action", self.env._("Rejected"))

    def action_open_members(self):
        action = self._action_open("telecom_file_action", self.env._("Members"))
        action["domain"] = [("parent_id", "in", self.ids)]
        return action

    def action_download(self):
        self.ensure_one()
        self._check_shows_content()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/telecom.file/{self.id}/content"
            "?download=true&filename_field=name",
            "target": "download",
        }

    def _action_open(self, xmlid, name):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        action.update(name=name, domain=[("file_id", "in", self.ids)], context={})
        return action

    # === PROCESSING METHODS === #

    @api.model
    def _trigger_processing(self):
        cron = self.env.ref("telecom_cdr.ir_cron_telecom_process", False)
        if cron:
            cron.sudo()._trigger()

    def _unpack(self, stream):
        """Every file of an archive becomes a file of its own."""
        if self.child_ids:
            return
        parameters = self.env["ir.config_parameter"].sudo()
        limit = int(parameters.get_param("telecom_cdr.archive_limit_mb", 2048))
        limits = ArchiveLimits(total_bytes=limit * 1024 * 1024)
        with self.env.cr.savepoint():
            for member in members(stream, self.name, limits):
                self._receive(self.source_id, member.name, member.stream, parent=self)
        self._set_processed()

    def _set_failed(self, error):
        """Keep what was wrong where the user looks; the bytes are kept anyway."""
        digits = self._digits_to_cover()
        message = covered(error.message, digits)
        wording = covered(error.wording, digits)
        _logger.info("File %s: %s (%s)", self.id, message, error.reason)
        self.write({"state": "failed", "error_wording": wording})
        self.message_post(body=worded_for_company(self.company_id, wording))
        self._commit_step()

    def _set_processed(self):
        self.write(
            {
                "state": "processed",
                "position": False,
                "error_wording": False,
                "processed_at": fields.Datetime.now(),
            }
        )
        self._commit_step()

    # === TRANSACTION METHODS === #

    @api.model
    def _commit_step(self):
        """End a step of long work. Tests of one transaction only flush.

        So does who works in a savepoint of others, and says so in the context.
        """
        is_one = self.env.context.get("telecom_one_transaction")
        if is_one or (
            modules.module.current_test
            and self.env.cr.__class__.__name__ != "TestCursor"
        ):
            self.env.flush_all()
        else:
            # Long work is done in steps that each stand.
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _write_progress(self, done, total):
        """Show how far it is, in a row that the working transaction leaves alone."""
        query = SQL(
            "INSERT INTO telecom_file_progress (file_id, done, total)"
            " VALUES (%s, %s, %s) ON CONFLICT (file_id)"
            " DO UPDATE SET done = EXCLUDED.done, total = EXCLUDED.total",
            self.id,
            done,
            total,
        )
        if modules.module.current_test:
            self.env.cr.execute(query)
            return
        with self.env.registry.cursor() as cr:
            cr.execute(query)

    def _size(self):
        with self._open() as stream:
            return stream.seek(0, os.SEEK_END)
