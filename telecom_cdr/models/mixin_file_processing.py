# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import traceback
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError

from ..parsers.archives import is_archive
from ..parsers.exceptions import ParserError
from .advisory_lock import advisory_lock
from .call_import import CallImport
from .import_run import ImportRun
from .mixin_file_masking import covered
from .small_files import SMALL_BYTES, SmallFiles

_logger = logging.getLogger(__name__)

# Two workers must not write calls of one carrier at a time: each would miss the
# other's. Where calls of carriers are compared, those of one company. The first key of
# the advisory lock says that it is ours.
LOCK_SPACE = 0x7E1EC0
COMPANY_LOCK_SPACE = 0x7E1EC2
WAITING = ("received", "processing", "failed")


class TelecomFileProcessingMixin(models.AbstractModel):
    """The way of files from received to processed: one by one, small ones together."""

    _name = "telecom.file.processing.mixin"
    _description = "Processing of a File"

    date_first = fields.Date(
        string="First day", readonly=True, help="Local day of its first call."
    )
    date_last = fields.Date(
        string="Last day", readonly=True, help="Local day of its last call."
    )

    def action_process(self):
        """Read, match, price and store what these files hold."""
        waiting = self.filtered(lambda f: f.state in WAITING)
        refused = self - waiting
        if refused:
            states = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(name)s is %(state)s: only received or failed files are "
                    "processed. Release a held file, revert a processed one.",
                    name=refused[0].name,
                    state=states[refused[0].state].lower(),
                )
            )
        run = ImportRun(self.env)
        for files in waiting.sorted("id")._bunches():
            if not files._process(run=run):
                raise LockError(
                    self.env._(
                        "Files of %(carrier)s are being processed by somebody else "
                        "right now. Wait until that is done.",
                        carrier=files.carrier_id.name,
                    )
                )
        run.finish()
        return True

    @api.model
    def _cron_process(self):
        """Process what was received, for as long as there is time."""
        domain = [("state", "in", ("received", "processing"))]
        cron = self.env["ir.cron"]
        waiting = self.search(domain, order="id")
        cron._commit_progress(remaining=len(waiting))
        run = ImportRun(self.env)
        for files in waiting._bunches():
            files._process_or_fail(run, cron._commit_progress)
            if not cron._commit_progress(len(files)):
                break
        run.finish()
        self.env["telecom.test.run"]._run_waiting(cron._commit_progress)

    def _bunches(self):
        """These files, small ones of a source together, those first that came first."""
        # What holds for a format or a source is asked once, not for each of its files.
        checked = self.format_id.filtered(lambda one: one._has_control_totals())
        confirming = self.source_id.filtered(lambda one: one._is_confirming())
        small = self.filtered(
            lambda file: file._is_small()
            and file.format_id not in checked
            and file.source_id not in confirming
        )
        by_source = small.grouped("source_id")
        small_ids, seen = set(small.ids), set()
        for file in self:
            files = by_source[file.source_id] if file.id in small_ids else file
            if file.id not in seen:
                seen.update(files.ids)
                yield files

    def _is_small(self):
        """Whether it may be read together with others: nothing of it was read yet."""
        return (
            self.state == "received"
            and self.file_type == "usage"
            and self.content_size <= SMALL_BYTES
            and not (self.position or self.row_count or self.child_ids)
            and not (self.identity_salt or self.corrects_id)
        )

    def _process_or_fail(self, run, time_left):
        """A file that breaks the reader must not keep the others waiting for ever."""
        try:
            self._process(time_left, run)
        except Exception as error:
            self.env.cr.rollback()
            self.env.invalidate_all()
            self._log_error(error)
            if len(self) > 1:
                for file in self:
                    file._process_or_fail(run, time_left)
                    if not time_left():
                        return
                return
            text = self._told(error)
            self.write({"state": "failed", "error_wording": {"text": text}})
            self._commit_step()

    def _told(self, error):
        """What an unexpected error says, without digits that customers hide."""
        digits = max(file._digits_to_cover() for file in self)
        return covered(f"{type(error).__name__}: {error}", digits)

    def _log_error(self, error):
        """Say in the server's log where it broke, whatever the error quotes."""
        lines = "".join(traceback.format_tb(error.__traceback__))
        _logger.error("Files %s: %s\n%s", self.ids, self._told(error), lines)

    def _process(self, time_left=None, run=None):
        """Process files of one carrier; returns False where another worker has it.

        :param time_left: called between chunks, gives the seconds that remain;
            at 0 files stay as they are then, and the next run goes on there.
        :param run: what these files have in common with others
        """
        own_run = ImportRun(self.env) if run is None else None
        with self._carrier_lock() as locked:
            if not locked:
                return False
            self._commit_step()  # what follows must see what others have stored
            self.invalidate_recordset()
            waiting = self.filtered(lambda file: file.state in WAITING)
            waiting._process_locked(time_left, run or own_run)
        if own_run:
            own_run.finish()
        return True

    def _process_locked(self, time_left, run):
        """Process files of one source; each goes on where it was."""
        left = self
        if len(self) > 1:
            left = SmallFiles(self, run).run_all(time_left)
        for file in left:
            if time_left and file != left[0] and not time_left():
                return
            file._process_one(time_left, run)

    def _process_one(self, time_left, run):
        """Process a file, and the members of an archive."""
        try:
            with self._open() as stream:
                head = stream.read(512)
                stream.seek(0)
                if is_archive(head, self.name):
                    self._unpack(stream)
                else:
                    process = getattr(self, f"_process_{self.file_type}")
                    process(stream, time_left, run)
        except ParserError as error:
            self._set_failed(error)
        members = self.child_ids.filtered(lambda m: m.state in WAITING[:2])
        for files in members.sorted("id")._bunches():
            if time_left and not time_left():
                return
            files._process_locked(time_left, run)

    def _process_usage(self, stream, time_left, run):
        CallImport(self, run).run(stream, time_left)

    @contextmanager
    def _carrier_lock(self):
        """Hold the carrier for this worker, also over commits."""
        dbname, company = self.env.cr.dbname, self.company_id
        locks = [(LOCK_SPACE, self.carrier_id.id)]
        if ImportRun(self.env).same_calls(company):
            locks.insert(0, (COMPANY_LOCK_SPACE, company.id))
        with ExitStack() as stack:
            yield all(
                stack.enter_context(advisory_lock(dbname, *lock)) for lock in locks
            )

    @contextmanager
    def _locked_step(self):
        """A transaction of its own on calls of one carrier, while nobody reads them."""
        with self._carrier_lock() as locked:
            if not locked:
                raise LockError(
                    self.env._(
                        "Files of %(carrier)s are being read right now. Wait until "
                        "that is done.",
                        carrier=self.carrier_id.name,
                    )
                )
            self._commit_step()  # what follows must see what others have stored
            self.env.invalidate_all()
            yield
            # Whoever is next must see what was done.
            self._commit_step()

    def _rate_calls_again(self, first, last):
        """Have the calls of the carrier rated again that start between two moments."""
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": self.company_id.id,
                    "carrier_id": self.carrier_id.id,
                    "date_start": first,
                    "date_end": last + timedelta(seconds=1),
                }
            ]
        )
