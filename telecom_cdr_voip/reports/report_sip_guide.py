# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from odoo import api, models


class ReportSipGuide(models.AbstractModel):
    """The installation guide: passwords only on demand, and each time noted."""

    _name = "report.telecom_cdr_voip.report_sip_guide"
    _description = "Installation Guide of a SIP Account"

    @api.model
    def _get_report_values(
        self, docids: list[int], data: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        data = data or {}
        ids = docids or [int(one) for one in data.get("account_ids") or []]
        accounts = self.env["telecom.sip.account"].browse(ids)
        accounts.check_access("read")
        with_secret = bool(data.get("with_secret"))
        if with_secret:
            accounts.check_access("write")
        return {
            "doc_ids": accounts.ids,
            "doc_model": accounts._name,
            "docs": accounts,
            "secrets": {
                account.id: account._show_secret() if with_secret else None
                for account in accounts
            },
        }
