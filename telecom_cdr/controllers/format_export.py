# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import content_disposition, request


class FormatExport(http.Controller):
    @http.route("/telecom_cdr/format/<int:format_id>.json", auth="user", readonly=True)
    def format_export(self, format_id):
        """A format's definition as a file, for whoever may read formats."""
        telecom_format = request.env["telecom.format"].browse(format_id)
        telecom_format.check_access("read")
        name = f"{telecom_format.code or telecom_format.name}.json"
        return request.make_response(
            telecom_format._export_definition(),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Content-Disposition", content_disposition(name)),
            ],
        )
