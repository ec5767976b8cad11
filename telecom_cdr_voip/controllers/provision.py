# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, datetime

from werkzeug.exceptions import BadRequest, NotFound

from odoo import http
from odoo.http import Response, request

from ..models.mixin_switch_provisioning import WRITERS
from ..models.times import read_time
from .switch_key import asking_switch

MIME_TYPES = {
    "conf": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "sql": "text/plain; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}


class Provision(http.Controller):
    """Accounts of a switch, as it reads them; for the switch, by its key."""

    @http.route(
        "/telecom/switch/<int:switch_id>/provision/<string:name>",
        type="http",
        auth="none",
        methods=["GET"],
        csrf=False,
        save_session=False,
    )
    def provision(
        self, switch_id: int, name: str, since: str | None = None
    ) -> Response:
        """One file; with since, only what changed from that time on."""
        switch = asking_switch(switch_id)
        if name not in WRITERS:
            raise NotFound(f"There are: {', '.join(WRITERS)}.")
        # Asked before the file is made: what changes meanwhile is told next time too.
        until = switch._provisioned_until()
        text = switch._provision(name, self._since(since))
        response = request.make_response(
            text,
            headers=[
                ("Content-Type", MIME_TYPES[name.rpartition(".")[2]]),
                ("Cache-Control", "private, no-cache"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        # Judged by its content alone: two changes of one second have one date.
        response.add_etag()
        response.make_conditional(request.httprequest)
        response.last_modified = until and until.replace(tzinfo=UTC)
        return response

    @http.route(
        "/telecom/switch/<int:switch_id>/directory",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def directory(self, switch_id: int, **question: str) -> Response:
        """One user of FreeSWITCH's directory, as mod_xml_curl asks for it."""
        switch = asking_switch(switch_id)
        answer = switch._directory_answer(question)
        return request.make_response(
            answer, headers=[("Content-Type", MIME_TYPES["xml"])]
        )

    def _since(self, text: str | None) -> datetime | None:
        if not text:
            return None
        try:
            return read_time(text)
        except ValueError as error:
            raise BadRequest(
                "'since' is not a time. Send what Last-Modified said, or ISO 8601: "
                "2026-10-05T08:00:00Z."
            ) from error
