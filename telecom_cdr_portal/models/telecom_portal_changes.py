# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

PAGE = 50


class TelecomPortalChanges(models.AbstractModel):
    """Who has changed what in the portal."""

    _name = "telecom.portal.changes"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: History"

    @api.model
    def _changes_domain(self) -> Domain:
        """Changes of the customer; who sees some numbers: of these, and own ones."""
        domain = Domain("partner_id", "=", self._payer().id) & Domain(
            "company_id", "in", self._companies().ids
        )
        number_ids = self._scope_number_ids()
        if number_ids is not None:
            domain &= Domain("number_id", "in", list(number_ids)) | Domain(
                "user_id", "=", self.env.user.id
            )
        return domain

    @api.model
    def _changes(self, before: str | None = None) -> tuple[list[dict], int | None]:
        """A page of changes as texts, and the key of the next page or None.

        :param before: the id that a page ended with, as text
        """
        domain = self._changes_domain()
        digits = str(before or "")
        if digits.isascii() and digits.isdigit() and len(digits) < 10:  # noqa: PLR2004 ids are of four bytes
            domain &= Domain("id", "<", int(digits))
        found = self.env["telecom.portal.change"].sudo().search(domain, limit=PAGE + 1)
        rows = [self._change_row(change) for change in found[:PAGE]]
        return rows, found[PAGE - 1].id if len(found) > PAGE else None

    @api.model
    def _change_row(self, change: models.BaseModel) -> dict[str, str]:
        return {
            "when": self._moment_text(change.date),
            "who": change.user_id.name,
            "what": change.what,
            "old": change.old or self.env._("nothing"),
            "new": change.new or self.env._("nothing"),
        }
