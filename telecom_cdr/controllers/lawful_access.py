# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import NotFound

from odoo import http
from odoo.http import content_disposition, request


class LawfulAccess(http.Controller):
    @http.route("/telecom_cdr/lawful/<int:wizard_id>.csv", auth="user")
    def lawful_csv(self, wizard_id):
        """Whole numbers of the calls that were asked for, which is logged."""
        wizard = request.env["telecom.lawful.access"].browse(wizard_id)
        wizard.check_access("read")
        if not wizard.exists():
            raise NotFound
        return request.make_response(
            wizard._csv(),
            headers=[
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", content_disposition("numbers.csv")),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
            ],
        )
