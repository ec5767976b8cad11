# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL


class TelecomRatingChange(models.Model):
    """That something has changed which prices come from: what an import holds is old.

    An import keeps the tables that it prices with over many files. Marks tell what
    has changed, too, but are gone once the stored calls are rated again.
    """

    _name = "telecom.rating.change"
    _description = "Change of Prices"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    noted_at = fields.Datetime(string="Noted on", required=True)

    @api.model
    def _note(self, company_ids):
        """Only rows that are new: two people who change prices do not wait."""
        now = fields.Datetime.now()
        self.sudo().create(
            [{"company_id": id_, "noted_at": now} for id_ in company_ids]
        )

    @api.model
    def _version(self, company):
        """What two loads of a company's tables have in common if nothing changed."""
        self.flush_model()
        [version] = self.env.execute_query(
            SQL(
                "SELECT count(*), COALESCE(max(id), 0) FROM telecom_rating_change"
                " WHERE company_id = %s",
                company.id,
            )
        )
        return version

    @api.autovacuum
    def _gc_changes(self):
        """No import holds its tables for days."""
        until = fields.Datetime.subtract(fields.Datetime.now(), days=2)
        self.search([("noted_at", "<", until)]).unlink()
