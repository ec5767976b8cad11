# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import content_disposition, request

from ..models.call_results import KINDS, MIME_TYPES

BLOCK = 1 << 20


class FileResults(http.Controller):
    @http.route("/telecom_cdr/results/<int:file_id>/<string:kind>", auth="user")
    def results(self, file_id, kind):
        """What the calls of a file come to, for whoever may read calls."""
        file = request.env["telecom.file"].browse(file_id)
        request.env["telecom.call"].check_access("read")
        if kind not in KINDS:
            raise NotFound
        target = self._target()
        file._write_results(kind, target)
        return self._answer(
            target, file._results_name(kind), MIME_TYPES[kind.rpartition(".")[2]]
        )

    @http.route("/telecom_cdr/unprocessed/<int:file_id>", auth="user")
    def unprocessed(self, file_id, rows=""):
        """Rejected rows of a file as they stand in it, for whoever may correct them."""
        file = request.env["telecom.file"].browse(file_id)
        file.check_access("write")
        ids = [int(part) for part in rows.split(",") if part.isdecimal()]
        rejections = file.rejection_ids.filtered(lambda one: one.id in set(ids))
        target = self._target()
        for block in file._excerpt(rejections or file._open_rejections()):
            target.write(block)
        return self._answer(
            target, file._unprocessed_name(), "application/octet-stream"
        )

    def _target(self):
        """A file that is gone once the answer was sent."""
        return tempfile.TemporaryFile()

    def _answer(self, target, name, mime_type):
        """A file that was written, block by block."""
        size = target.tell()
        target.seek(0)
        return request.make_response(
            iter(lambda: target.read(BLOCK), b""),
            headers=[
                ("Content-Type", mime_type),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
