# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import http
from odoo.http import content_disposition, request

from ..models.rate_sheet_export import MIME_TYPES


class RateExport(http.Controller):
    @http.route("/telecom_cdr/rate_export/<int:wizard_id>", auth="user")
    def rate_export(self, wizard_id):
        """The rates of a tariff as a file, for whoever may read the tariff."""
        wizard = request.env["telecom.rate.export"].browse(wizard_id)
        wizard.check_access("read")
        name, data = wizard._file()
        kind = name.rpartition(".")[2]
        return request.make_response(
            data,
            headers=[
                ("Content-Type", MIME_TYPES.get(kind, "application/zip")),
                ("Content-Disposition", content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
