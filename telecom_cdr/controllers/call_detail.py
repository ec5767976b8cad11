# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import tempfile

from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import content_disposition, request

from ..models.detail_files import MIME_TYPES

BLOCK = 1 << 20


class CallDetail(http.Controller):
    @http.route("/telecom_cdr/detail/<int:move_id>/<string:kind>", auth="user")
    def detail(self, move_id, kind):
        """The calls of an invoice as a file, for whoever may read calls and it."""
        move = request.env["account.move"].browse(move_id)
        request.env["telecom.call"].check_access("read")
        move.check_access("read")
        if kind not in MIME_TYPES or not move.exists():
            raise NotFound
        target = self._target()
        move._write_telecom_detail(kind, target)
        size = target.tell()
        target.seek(0)
        return request.make_response(
            iter(lambda: target.read(BLOCK), b""),
            headers=[
                ("Content-Type", MIME_TYPES[kind]),
                ("Content-Length", size),
                (
                    "Content-Disposition",
                    content_disposition(move._telecom_detail_name(kind)),
                ),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )

    def _target(self):
        """A file that is gone once the answer was sent."""
        return tempfile.TemporaryFile()
